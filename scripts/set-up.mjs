import fs from 'node:fs';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { withLock } from './set-up-lock.mjs';

export const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const VENV = path.join(ROOT, '.mfg', 'venv');
const PEER_VENV = path.join(ROOT, '.mfg', 'snowflake-peer-venv');

const NODE_MODULES = path.join(ROOT, 'node_modules');
const DIST = path.join(ROOT, 'dist');
const DIST_NEXT = path.join(ROOT, 'dist.next');
const LOG = path.join(ROOT, '.mfg', 'set-up.log');
const STAMP = '.set-up.json';
const BUNDLERS = ['scripts/bundle-workflows.mjs', 'scripts/bundle-report-page.mjs'];

/**
 * The Python environments. The Snowflake peer has one of its own: it needs other versions of packages that dbt needs too, and a
 * newer Python.
 */
const ENVIRONMENTS = {
  python: { folder: VENV, oldestPython: [3, 10] },
  peer: { folder: PEER_VENV, oldestPython: [3, 11] },
};

/** What each part downloads, as measured on Linux x64; shown before it starts. */
const DOWNLOADS_MB = { npm: 220, run: 85, test: 35, snowflake: 40, 'python-caller': 15, 'snowflake-peer': 90 };

/** A set-up that cannot go on; its message is the one sentence to show. */
export class SetUpError extends Error {}

/**
 * Brings npm packages, the Python environments under `.mfg` and the build under `dist/` up to their lock files and
 * sources. Does nothing, without the network, when they are. Each part ends by writing a stamp, so an interrupted part
 * is done again by the next call. Everything printed goes to stderr.
 *
 * @param {{ python: ('run' | 'test' | 'snowflake' | 'python-caller')[], peer?: 'snowflake-peer'[], npm?: false }} needs which requirements files each
 *   Python environment must hold; npm: false takes the npm packages as they are
 * @throws SetUpError whose message says what to install or where to look
 */
export async function ensureSetUp(needs) {
  const due = partsDue(needs);
  if (due.length === 0) return;
  await withLock(path.join(ROOT, '.mfg', 'set-up.lock'), announceWait, async (noteChildren) => {
    const parts = partsDue(needs);
    if (parts.length === 0) return;
    announce(parts, needs);
    const started = Date.now();
    fs.writeFileSync(LOG, '');
    const run = childRunner(noteChildren);
    // Both chains run at once: npm and the build need the processor while pip waits for the network, and the reverse.
    const results = await Promise.allSettled([
      (async () => {
        if (parts.includes('npm')) await installNpmPackages(run);
        if (parts.includes('build')) await build(run);
      })(),
      (async () => {
        for (const kind of Object.keys(ENVIRONMENTS)) {
          if (parts.includes(kind)) await installPythonPackages(run, ENVIRONMENTS[kind], needs[kind]);
        }
      })(),
    ]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    say(`Set-up done in ${seconds(started)}.`);
  });
}

/** Runs `ensureSetUp`, turning its failure into one sentence and exit code 2. */
export async function setUpOrExit(needs) {
  try {
    await ensureSetUp(needs);
  } catch (error) {
    console.error(error instanceof SetUpError ? error.message : error);
    process.exit(2);
  }
}

function partsDue(needs) {
  const npmDue = needs.npm !== false && !sameStamp(NODE_MODULES, npmStamp());
  const parts = [];
  if (npmDue) parts.push('npm');
  for (const kind of Object.keys(ENVIRONMENTS)) {
    if (requirementsMissing(kind, needs).length > 0) parts.push(kind);
  }
  if (npmDue || !sameStamp(DIST, buildStamp())) parts.push('build');
  return parts;
}

function requirementsMissing(kind, needs) {
  const held = heldRequirements(ENVIRONMENTS[kind]);
  return (needs[kind] || []).filter((name) => !held.includes(name));
}

function announce(parts, needs) {
  const downloads = [];
  if (parts.includes('npm')) downloads.push(`npm packages about ${DOWNLOADS_MB.npm} MB`);
  const missing = Object.keys(ENVIRONMENTS).flatMap((kind) => requirementsMissing(kind, needs));
  const python = missing.reduce((sum, name) => sum + DOWNLOADS_MB[name], 0);
  if (missing.length > 0) downloads.push(`Python packages about ${python} MB`);
  if (downloads.length === 0) return;
  say(
    `Setting up in ${ROOT}: ${downloads.join(', ')} to download (kept under node_modules and .mfg, 1.3 GB in all at most).`,
  );
  say('About a minute on a fast connection; it is done once, and finished by the next call if interrupted.');
}

function announceWait(pid) {
  say(`Another set-up of this folder is under way (process ${pid}): waiting for it.`);
}

// --- npm packages

function npmStamp() {
  return {
    lock: digest(['package-lock.json']),
    abi: process.versions.modules,
    platform: `${process.platform}-${process.arch}`,
  };
}

async function installNpmPackages(run) {
  const npm = process.env.npm_execpath || '';
  const command = path.basename(npm) === 'npm-cli.js' ? [process.execPath, npm] : ['npm'];
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await run('npm packages', [...command, ...args], {
    onMissing: 'npm is needed and was not found: install Node with npm (https://nodejs.org).',
  });
  // npx finds the project's own command only through this link; without it, it would ask the registry for `mfg`.
  const link = path.join(NODE_MODULES, '.bin', 'mfg');
  fs.mkdirSync(path.dirname(link), { recursive: true });
  fs.rmSync(link, { force: true });
  fs.symlinkSync(path.join('..', '..', 'bin', 'mfg.mjs'), link);
  writeStamp(NODE_MODULES, npmStamp());
}

// --- Python packages

/**
 * The requirements files whose packages the environment holds, as they are now. None when it must be made anew: it is
 * absent or unfinished, the folder was moved, its Python was replaced, or a file changed.
 */
function heldRequirements({ folder }) {
  const stamp = readStamp(folder);
  if (!stamp || stamp.path !== folder || stamp.interpreter !== interpreterOf(folder)) return [];
  if (process.env.MFG_PYTHON && process.env.MFG_PYTHON !== stamp.requested) return [];
  const names = Object.keys(stamp.requirements);
  return names.every((name) => stamp.requirements[name] === requirementsDigest(name)) ? names : [];
}

/** The example of a caller in Python has its requirements beside it, so that it can be copied with them. */
function requirementsFile(name) {
  return name === 'python-caller' ? 'examples/python/requirements.txt' : `requirements/${name}.txt`;
}

function requirementsDigest(name) {
  return digest([requirementsFile(name)]);
}

async function installPythonPackages(run, environment, requirements) {
  const { folder, oldestPython } = environment;
  const held = heldRequirements(environment);
  fs.rmSync(path.join(folder, STAMP), { force: true });
  if (held.length === 0) {
    const python = findPython(oldestPython);
    fs.rmSync(folder, { recursive: true, force: true });
    await run('Python environment', [python, '-m', 'venv', folder]);
  }
  const missing = requirements.filter((name) => !held.includes(name));
  await run('Python packages', [
    path.join(folder, 'bin', 'python'),
    ...['-m', 'pip', 'install', '--no-deps', '--require-hashes', '--no-input', '--disable-pip-version-check'],
    ...['--progress-bar', 'off', '--quiet'],
    ...[].concat(...missing.map((name) => ['-r', path.join(ROOT, requirementsFile(name))])),
  ]);
  writeStamp(folder, {
    path: folder,
    requested: process.env.MFG_PYTHON || '',
    interpreter: interpreterOf(folder),
    requirements: Object.fromEntries(held.concat(missing).map((name) => [name, requirementsDigest(name)])),
  });
}

/** The program behind the environment's `python` and the version it was made with: an upgraded system Python shows. */
function interpreterOf(folder) {
  try {
    const config = fs.readFileSync(path.join(folder, 'pyvenv.cfg'), 'utf8');
    const version = /^version(?:_info)? *= *(.+)$/m.exec(config);
    return `${fs.realpathSync(path.join(folder, 'bin', 'python'))} ${version ? version[1] : ''}`;
  } catch (error) {
    return null;
  }
}

function pythonCommands() {
  const requested = process.env.MFG_PYTHON;
  return requested ? [requested] : ['python3', 'python', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
}

function findPython(oldest) {
  const requested = process.env.MFG_PYTHON;
  const found = pythonCommands().map(inspectPython).filter(Boolean);
  const usable = found.find((python) => isNewEnough(python, oldest) && python.hasVenv);
  if (usable) return usable.command;
  const needed = `Python ${oldest.join('.')} or newer is needed`;
  const install = 'install it (Debian and Ubuntu: apt install python3 python3-venv), or name another one in MFG_PYTHON';
  if (found.length === 0) {
    throw new SetUpError(
      `${needed} and ${requested ? `MFG_PYTHON=${requested} does not start` : 'none was found'}: ${install}.`,
    );
  }
  const withoutVenv = found.find((python) => isNewEnough(python, oldest));
  if (withoutVenv) {
    const [major, minor] = withoutVenv.version;
    throw new SetUpError(
      `${withoutVenv.command} (Python ${major}.${minor}) has no venv module: install it (Debian and Ubuntu: apt install python${major}.${minor}-venv), or name another Python in MFG_PYTHON.`,
    );
  }
  throw new SetUpError(`${needed}; ${found[0].command} is ${found[0].version.join('.')}: ${install}.`);
}

/** Whether there is a Python for the Snowflake peer, which needs a newer one than the platform. */
export function hasPythonForPeer() {
  return pythonCommands()
    .map(inspectPython)
    .some((python) => python && isNewEnough(python, ENVIRONMENTS.peer.oldestPython) && python.hasVenv);
}

function inspectPython(command) {
  const program =
    'import sys, importlib.util as u; print(*sys.version_info[:3], int(all(map(u.find_spec, ("venv", "ensurepip")))))';
  const result = spawnSync(command, ['-c', program], { encoding: 'utf8' });
  const words = result.status === 0 ? result.stdout.trim().split(' ').map(Number) : [];
  return words.length === 4 ? { command, version: words.slice(0, 3), hasVenv: words[3] === 1 } : null;
}

function isNewEnough({ version: [major, minor] }, [oldestMajor, oldestMinor]) {
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

// --- build

function buildStamp() {
  const files = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', ...BUNDLERS];
  return { version: digest(files.concat(...sourceFolders().map(sourceFiles))) };
}

function sourceFolders() {
  const read = (file) => JSON.parse(fs.readFileSync(path.join(ROOT, file), 'utf8'));
  const { exclude } = read('tsconfig.build.json');
  return read('tsconfig.json').include.filter((folder) => !exclude.includes(folder));
}

async function build(run) {
  const stamp = buildStamp();
  fs.rmSync(DIST_NEXT, { recursive: true, force: true });
  const tsc = path.join(NODE_MODULES, 'typescript', 'bin', 'tsc');
  const [bundle, bundlePage] = BUNDLERS.map((script) => path.join(ROOT, script));
  await Promise.all([
    run('build', [process.execPath, tsc, '-p', path.join(ROOT, 'tsconfig.build.json'), '--outDir', DIST_NEXT]),
    run('workflow bundle', [process.execPath, bundle, path.join(DIST_NEXT, 'workflow-bundle.js')]),
    run('report page', [process.execPath, bundlePage, path.join(DIST_NEXT, 'report-page')]),
  ]);
  writeStamp(DIST_NEXT, stamp);
  fs.rmSync(DIST, { recursive: true, force: true });
  fs.renameSync(DIST_NEXT, DIST);
}

function sourceFiles(folder) {
  const absolute = path.join(ROOT, folder);
  if (!fs.existsSync(absolute)) return [];
  const entries = fs.readdirSync(absolute, { withFileTypes: true });
  return []
    .concat(
      ...entries.map((entry) => {
        const name = `${folder}/${entry.name}`;
        if (entry.isDirectory()) return sourceFiles(name);
        return /[.](ts|css)$/.test(name) ? [name] : [];
      }),
    )
    .sort();
}

// --- stamps and child processes

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = fs.readFileSync(path.join(ROOT, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function readStamp(folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, STAMP), 'utf8'));
  } catch (error) {
    return null;
  }
}

function sameStamp(folder, expected) {
  return JSON.stringify(readStamp(folder)) === JSON.stringify(expected);
}

function writeStamp(folder, stamp) {
  const file = path.join(folder, STAMP);
  fs.writeFileSync(`${file}.next`, JSON.stringify(stamp));
  fs.renameSync(`${file}.next`, file);
}

/** Runs programs without a shell, their output in the log, with a line every ten seconds so that a wait is visible. */
function childRunner(noteChildren) {
  const running = new Set();
  return (name, [command, ...args], { onMissing } = {}) =>
    new Promise((resolve, reject) => {
      const started = Date.now();
      const log = fs.openSync(LOG, 'a');
      const child = spawn(command, args, {
        cwd: ROOT,
        stdio: ['ignore', log, log],
        env: { ...process.env, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PYTHONNOUSERSITE: '1' },
      });
      say(`  ${name} …`);
      const ticking = setInterval(() => say(`  ${name} … ${seconds(started)}`), 10000);
      const end = () => {
        clearInterval(ticking);
        fs.closeSync(log);
        running.delete(child.pid);
        noteChildren([...running]);
      };
      if (child.pid) noteChildren([...running.add(child.pid)]);
      child.on('error', (error) => {
        end();
        reject(
          new SetUpError(
            onMissing && error.code === 'ENOENT' ? onMissing : `${command} did not start: ${error.message}.`,
          ),
        );
      });
      child.on('exit', (code, signal) => {
        end();
        if (code === 0) {
          say(`  ${name}: ${seconds(started)}`);
          resolve();
        } else {
          reject(
            new SetUpError(
              `${lastLines(LOG)}\n${name} failed (${signal || `exit code ${code}`}): the lines above say why; all of them are in ${LOG}.`,
            ),
          );
        }
      });
    });
}

function lastLines(file) {
  return fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
}

function say(line) {
  console.error(line);
}

function seconds(since) {
  return `${Math.round((Date.now() - since) / 1000)} s`;
}
