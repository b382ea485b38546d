import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PROJECT_ROOT } from '../../contracts/config';

/**
 * The real set-up scripts in a scratch clone, with an npm and a Python that only note how they were called: what is
 * tested is which parts are done, when, and what is said.
 */
let parent: string;
let root: string;
let bin: string;

const FAKE_NPM = `#!/bin/sh
echo "npm $*" >> "$CALLS"
rm -rf node_modules
mkdir -p node_modules/typescript/bin
sleep "\${NPM_SLEEP:-0}"
cat > node_modules/typescript/bin/tsc <<'END'
const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs');
const out = process.argv[process.argv.indexOf('--outDir') + 1];
appendFileSync(process.env.CALLS, 'tsc\\n');
mkdirSync(out, { recursive: true });
writeFileSync(out + '/hello.js', 'console.log("hello", process.argv.slice(2).join())');
END
`;

const FAKE_PYTHON = `#!/bin/sh
case "$1 $2" in
"-c "*) echo "\${PYTHON_SAYS:-3 11 7 1}" ;;
"-m venv")
  echo "venv" >> "$CALLS"
  mkdir -p "$3/bin"
  cp "$0" "$3/bin/python"
  echo "version = 3.11.7" > "$3/pyvenv.cfg"
  ;;
"-m pip")
  echo "pip $*" >> "$CALLS"
  while [ -f "$PIP_WAITS_FOR_END_OF" ]; do sleep 0.02; done
  ;;
esac
`;

const FAKE_BUNDLE = `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
appendFileSync(process.env.CALLS, 'bundle\\n');
mkdirSync(dirname(process.argv[2]), { recursive: true });
writeFileSync(process.argv[2], '');
`;

const FAKE_PAGE_BUNDLE = `import { mkdirSync } from 'node:fs';
mkdirSync(process.argv[2], { recursive: true });
`;

beforeEach(() => {
  parent = realpathSync(mkdtempSync(path.join(tmpdir(), 'mfg-setup-')));
  root = path.join(parent, 'a clone');
  bin = path.join(parent, 'bin');
  cpSync(path.join(PROJECT_ROOT, 'scripts'), path.join(root, 'scripts'), { recursive: true });
  mkdirSync(path.join(root, 'requirements'));
  mkdirSync(path.join(root, 'workflows'));
  for (const [file, content] of Object.entries({
    'package-lock.json': '{}',
    'tsconfig.json': '{ "include": ["workflows", "test"] }',
    'tsconfig.build.json': '{ "exclude": ["test"] }',
    'requirements/run.txt': 'dbt-core==1',
    'requirements/test.txt': 'sqlfluff==1',
    'requirements/snowflake.txt': 'dbt-snowflake==1',
    'requirements/snowflake-peer.txt': 'fakesnow==0',
    'workflows/index.ts': 'export {};',
    'scripts/bundle-workflows.mjs': FAKE_BUNDLE,
    'scripts/bundle-report-page.mjs': FAKE_PAGE_BUNDLE,
  })) {
    writeFileSync(path.join(root, file), content);
  }
  program('npm', FAKE_NPM);
  program('python3', FAKE_PYTHON);
  symlinkSync(process.execPath, path.join(bin, 'node'));
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe('set-up', () => {
  it('does everything once, says first what it downloads, then does nothing at all', () => {
    const first = setUp();
    expect(first.stderr).toMatch(/npm packages about \d+ MB, Python packages about \d+ MB to download/);
    expect(first.stderr).toContain('Set-up done');
    expect(first).toMatchObject({ status: 0, stdout: 'hello --x\n' });
    expect(calls().sort()).toEqual([
      'bundle',
      expect.stringMatching(/^npm ci /),
      expect.stringMatching(/^pip .*run\.txt$/),
      'tsc',
      'venv',
    ]);

    forgetCalls();
    const second = setUp();
    expect(second).toMatchObject({ status: 0, stdout: 'hello --x\n', stderr: '' });
    expect(calls()).toEqual([]);
  });

  it('gives npx the project’s own command', () => {
    setUp();
    expect(realpathSync(path.join(root, 'node_modules'))).toBe(path.join(root, 'node_modules'));
    const link = spawnSync('readlink', [path.join(root, 'node_modules', '.bin', 'mfg')], { encoding: 'utf8' });
    expect(link.stdout.trim()).toBe('../../bin/mfg.mjs');
  });

  it.each([
    ['package-lock.json', ['npm', 'tsc', 'bundle']],
    ['requirements/run.txt', ['venv', 'pip']],
    ['workflows/index.ts', ['tsc', 'bundle']],
  ])('notices a changed %s', (file, expected) => {
    setUp();
    forgetCalls();
    writeFileSync(path.join(root, file), '{ "changed": true }');
    expect(setUp().status).toBe(0);
    expect(calledPrograms()).toEqual([...expected].sort());
  });

  it('adds the test requirements to an environment that holds the others', () => {
    setUp();
    forgetCalls();
    expect(setUp({}, ['scripts/setup.mjs']).status).toBe(0);
    expect(calls()).toEqual([expect.stringMatching(/^pip (?!.*run\.txt).*test\.txt$/)]);
    forgetCalls();
    setUp();
    expect(calls()).toEqual([]);
  });

  it('gives the Snowflake peer an environment of its own, of a Python that is new enough for it', () => {
    setUp();
    forgetCalls();
    program('python3', FAKE_PYTHON.replace('3 11 7 1', '3 10 7 1'));
    program('python3.12', FAKE_PYTHON.replace('3 11 7 1', '3 12 1 1'));
    expect(setUp({}, ['scripts/setup.mjs', '--peer']).status).toBe(0);
    expect(calls()).toEqual([
      expect.stringMatching(/^pip .*test\.txt .*snowflake\.txt$/),
      'venv',
      expect.stringMatching(/^pip (?!.*test\.txt).*snowflake-peer\.txt$/),
    ]);
    forgetCalls();
    setUp({}, ['scripts/setup.mjs', '--peer']);
    expect(calls()).toEqual([]);
  });

  it.each([
    ['the environment', { MFG_WAREHOUSE: 'snowflake' }, ''],
    ['.env', {}, 'MFG_WAREHOUSE=snowflake\n'],
  ])('adds dbt’s adapter when %s names Snowflake', (_place, env, file) => {
    if (file) writeFileSync(path.join(root, '.env'), file);
    setUp(env);
    expect(calls()).toContainEqual(expect.stringMatching(/^pip .*run\.txt .*snowflake\.txt$/));
  });

  it('makes the Python environment anew in a folder that was moved, and when another Python is asked for', () => {
    setUp();
    forgetCalls();
    const moved = path.join(parent, 'moved clone');
    renameSync(root, moved);
    root = moved;
    expect(setUp().status).toBe(0);
    expect(calledPrograms()).toEqual(['pip', 'venv']);

    forgetCalls();
    program('other-python', FAKE_PYTHON);
    setUp({ MFG_PYTHON: path.join(bin, 'other-python') });
    expect(calledPrograms()).toEqual(['pip', 'venv']);
  });

  it('makes one of two set-ups at once wait for the other', async () => {
    const both = await Promise.all([ended(start({ NPM_SLEEP: '0.5' })), ended(start({ NPM_SLEEP: '0.5' }))]);
    expect(both).toEqual([0, 0]);
    expect(calledPrograms()).toEqual(['bundle', 'npm', 'pip', 'tsc', 'venv']);
  });

  it('finishes what a killed set-up began, after the program that outlived it', async () => {
    const pipRuns = path.join(parent, 'pip-runs');
    writeFileSync(pipRuns, '');
    const killed = start({ PIP_WAITS_FOR_END_OF: pipRuns });
    // Until pip is all that runs, and the lock names it.
    const lock = path.join(root, '.mfg', 'set-up.lock');
    await until(() => calledPrograms().includes('pip') && calledPrograms().includes('tsc'));
    await until(() => (JSON.parse(readFileSync(lock, 'utf8')) as { children: unknown[] }).children.length === 1);
    killed.kill('SIGKILL');
    await ended(killed);
    forgetCalls();

    const next = start({}, 'pipe');
    let said = '';
    next.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(() => said.includes('Another set-up of this folder is under way'));
    expect(calledPrograms()).not.toContain('venv');
    rmSync(pipRuns);
    expect(await ended(next)).toBe(0);
    expect(calledPrograms()).toEqual(expect.arrayContaining(['pip', 'venv']));
    expect(existsSync(path.join(root, '.mfg', 'set-up.lock'))).toBe(false);
  });

  it('shows why a program failed and says where the rest is, and tries again next time', () => {
    program('npm', '#!/bin/sh\necho "npm error code ENOTFOUND" >&2\nexit 1\n');
    const failed = setUp();
    expect(failed.status).toBe(2);
    expect(failed.stderr).toMatch(/npm error code ENOTFOUND\nnpm packages failed \(exit code 1\).*set-up\.log\.\n$/);
    program('npm', FAKE_NPM);
    expect(setUp().status).toBe(0);
  });

  it.each([
    ['3 9 2 1', /^Python 3\.10 or newer is needed; python3 is 3\.9\.2: install it \(.*python3-venv\)/m],
    ['3 12 1 0', /^python3 \(Python 3\.12\) has no venv module: install it \(.*apt install python3\.12-venv\)/m],
    ['nonsense', /^Python 3\.10 or newer is needed and none was found: install it/m],
  ])('says in one sentence what to install when Python says %s', (says, sentence) => {
    const result = setUp({ PYTHON_SAYS: says });
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(sentence);
    expect(result.stderr).not.toContain('    at ');
  });

  it('says so when the Python that MFG_PYTHON names does not start', () => {
    expect(setUp({ MFG_PYTHON: '/no/python' }).stderr).toMatch(
      /^Python .* and MFG_PYTHON=\/no\/python does not start/m,
    );
  });

  it('says so when npm is missing', () => {
    rmSync(path.join(bin, 'npm'));
    expect(setUp().stderr).toMatch(/^npm is needed and was not found: install Node with npm/m);
  });

  it.each([
    ['versions', { ...process.versions, node: '18.19.0' }, 'Node 20.3 or newer is needed; this is 18.19.0: install'],
    ['versions', { ...process.versions, node: '20.2.9' }, 'Node 20.3 or newer is needed; this is 20.2.9: install'],
    ['platform', 'win32', 'Windows is supported through WSL'],
  ])('refuses an unsuitable machine (%s) before anything else', (property, value, sentence) => {
    const preload = path.join(parent, 'preload.cjs');
    writeFileSync(preload, `Object.defineProperty(process, '${property}', { value: ${JSON.stringify(value)} });`);
    const result = setUp({}, ['--require', preload, 'scripts/run.mjs', 'hello']);
    expect(result.status).toBe(2);
    expect(result.stderr.trim().split('\n')).toEqual([expect.stringContaining(sentence)]);
    expect(calls()).toEqual([]);
  });
});

const RUN_HELLO = ['scripts/run.mjs', 'hello', '--x'];

function environment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { PATH: `${bin}:/usr/bin:/bin`, HOME: parent, CALLS: path.join(parent, 'calls'), ...extra };
}

function setUp(env: NodeJS.ProcessEnv = {}, args = RUN_HELLO) {
  // Only the fakes, and the shell's own tools: a Python or npm of this machine must not be found.
  return spawnSync(process.execPath, args, {
    cwd: root,
    env: environment({ PATH: toolPath(), ...env }),
    encoding: 'utf8',
  });
}

function start(env: NodeJS.ProcessEnv, stderr: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
  const stdio = ['ignore', 'ignore', stderr] as const;
  return spawn(process.execPath, RUN_HELLO, {
    cwd: root,
    env: environment({ PATH: toolPath(), ...env }),
    stdio: [...stdio],
  });
}

/** The fakes and, linked beside them, the few programs that they use. */
function toolPath(): string {
  for (const tool of ['sh', 'cat', 'cp', 'mkdir', 'rm', 'sleep']) {
    const link = path.join(bin, tool);
    if (!existsSync(link)) symlinkSync(path.join('/bin', tool), link);
  }
  return bin;
}

function program(name: string, text: string): void {
  mkdirSync(bin, { recursive: true });
  writeFileSync(path.join(bin, name), text);
  chmodSync(path.join(bin, name), 0o755);
}

function calls(): string[] {
  const file = path.join(parent, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

function calledPrograms(): string[] {
  return calls()
    .map((call) => call.split(' ')[0] ?? '')
    .sort();
}

function forgetCalls(): void {
  rmSync(path.join(parent, 'calls'), { force: true });
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
