import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { PROJECT_ROOT, type Config } from '../../contracts/config';
import { codeVersion, venvProgram } from '../../contracts/installation';
import { runDbt } from '../../transform/dbt-process';
import type { Check } from './finding';

const execute = promisify(execFile);

/** A stuck interpreter must not hold the doctor up. */
const PATIENCE_MS = 60_000;
const SET_UP_AGAIN = 'run `npm run setup`';

/** The packages that decide what dbt and Temporal do, as `requirements/run.in` names them. */
function pinnedPackages(file: string): [name: string, version: string][] {
  return [...readFileSync(file, 'utf8').matchAll(/^([A-Za-z0-9_.-]+)==(\S+)/gm)].map(([, name = '', version = '']) => [
    name,
    version,
  ]);
}

const VERSIONS = `
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try: found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: found[name] = None
print(json.dumps({"python": sys.version.split()[0], "packages": found}))`;

const versionsSchema = z.object({ python: z.string(), packages: z.record(z.string(), z.string().nullable()) });

/** Node, and the Python environment with the pinned versions of dbt and its adapter. */
export function checkInstallation(warehouse: Config['warehouse']): Check {
  return async (tell) => {
    tell.ok('Node', `${process.versions.node}, platform ${codeVersion()}`);
    const python = venvProgram('python');
    if (!existsSync(python)) return tell.failed('Python', `${python} is missing`, SET_UP_AGAIN);
    const files = [
      'run.in',
      ...(warehouse === 'snowflake' && existsSync(requirements('snowflake.in')) ? ['snowflake.in'] : []),
    ];
    const pinned = files.flatMap((name) => pinnedPackages(requirements(name)));
    const { stdout } = await execute(python, ['-c', VERSIONS, ...pinned.map(([name]) => name)], {
      timeout: PATIENCE_MS,
    });
    const found = versionsSchema.parse(JSON.parse(stdout));
    tell.ok('Python', found.python);
    const wrong = pinned.filter(([name, version]) => found.packages[name] !== version);
    for (const [name, version] of wrong) {
      tell.failed(name, `${found.packages[name] ?? 'it is missing'}, but ${version} is pinned`, SET_UP_AGAIN);
    }
    if (wrong.length === 0) tell.ok('dbt', pinned.map(([name, version]) => `${name} ${version}`).join(', '));
  };
}

function requirements(name: string): string {
  return path.join(PROJECT_ROOT, 'requirements', name);
}

/** Does dbt find its project, its target and every model in good order? It connects to nothing. */
export function checkDbtProject({ dbtDir, warehouse, threads }: Config): Check {
  return async (tell) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'mfg-doctor-'));
    try {
      const { code, errors } = await runDbt(
        {
          dbt: venvProgram('dbt'),
          dbtDir,
          folder,
          target: warehouse,
          threads,
          parseCacheDir: path.join(folder, 'parse'),
          signal: AbortSignal.timeout(PATIENCE_MS),
        },
        ['parse'],
      );
      if (code === 0) tell.ok('dbt project', `${dbtDir} parses for target ${warehouse}`);
      else tell.failed('dbt project', oneLine(errors[0] ?? `dbt ended with ${code}`), `correct ${dbtDir}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

function oneLine(text: string): string {
  return text
    .replace(/^Encountered an error:/, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
