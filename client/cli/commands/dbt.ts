import { existsSync } from 'node:fs';
import { chmod, constants, copyFile, mkdir, readdir, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { loadConfig, type Config } from '../../../contracts/config';
import { venvProgram } from '../../../contracts/installation';
import { DATABASE_FILE, layoutOf } from '../../../warehouse/duckdb/layout';
import { InvalidInputError } from '../../../contracts/errors';
import { CommandFailure } from '../failures';
import { runTool } from '../run-tool';

/** `mfg dbt …`: dbt on a scratch copy of the published database. */
export function addDbt(program: Command): void {
  program
    .command('dbt')
    .summary('dbt, on a scratch copy of what is published')
    .description(
      'Passes everything on to the bundled dbt, with the project, its profile and a copy of the published database under <state folder>/dbt/adhoc: nothing here can change a publication, and nothing built here is published. The copy is kept until something new is published.',
    )
    .usage('<arguments of dbt...>')
    .argument('[arguments...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Examples:
  npx mfg dbt run --select plant_day_kpis
  npx mfg dbt test --select stg_mes__batches
  npx mfg dbt show --inline "select count(*) from {{ ref('plant_day_kpis') }}"
  npx mfg dbt --help`,
    )
    .action(dbt);
}

async function dbt(args: string[]): Promise<void> {
  const config = loadConfig();
  if (config.warehouse !== 'duckdb') {
    throw new InvalidInputError(
      '`mfg dbt` works on a copy of a DuckDB file: on Snowflake run dbt itself, with DBT_TARGET=snowflake and MFG_DBT_DATABASE set to a clone of a data set.',
    );
  }
  const folder = await scratchCopy(config);
  const code = await runTool(venvProgram('dbt'), args, {
    cwd: folder,
    env: {
      ...process.env,
      DBT_PROJECT_DIR: config.dbtDir,
      DBT_PROFILES_DIR: config.dbtDir,
      DBT_TARGET: 'duckdb',
      DBT_TARGET_PATH: path.join(folder, 'target'),
      DBT_LOG_PATH: path.join(folder, 'logs'),
      DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
      MFG_THREADS: String(config.threads),
    },
  });
  if (code !== 0) throw new CommandFailure('', code);
}

/**
 * The folder for dbt to run in, with a copy of the published database (none before the first publication: dbt makes an
 * empty one). Folders of older publications are removed.
 */
async function scratchCopy(config: Config): Promise<string> {
  const published = await realpath(layoutOf(config.stateDir).published).catch(() => undefined);
  const name = published === undefined ? 'empty' : path.basename(published);
  const above = path.join(config.stateDir, 'dbt', 'adhoc');
  const folder = path.join(above, name);
  await mkdir(folder, { recursive: true });
  for (const other of await readdir(above)) {
    if (other !== name) await rm(path.join(above, other), { recursive: true, force: true });
  }
  const copy = path.join(folder, DATABASE_FILE);
  if (published !== undefined && !existsSync(copy)) {
    const aside = `${copy}.${process.pid}`;
    await copyFile(path.join(published, DATABASE_FILE), aside, constants.COPYFILE_FICLONE);
    await chmod(aside, 0o644);
    await rename(aside, copy);
  }
  console.error(
    published === undefined
      ? `Nothing is published yet: dbt works on an empty database in ${folder}.`
      : `dbt works on a copy of publication ${name} in ${folder}: what it does there is not published.`,
  );
  return folder;
}
