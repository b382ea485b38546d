import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { venvProgram } from '../../../contracts/installation';
import { userName } from '../actor';
import { configuredWarehouse } from '../configured-warehouse';
import { dbtEnvironment } from '../dbt-on-copy';
import { CommandFailure } from '../failures';
import { runTool } from '../run-tool';

/** `mfg dbt …`: dbt on a scratch copy of the published database. */
export function addDbt(program: Command): void {
  program
    .command('dbt')
    .summary('dbt, on a scratch copy of what is published')
    .description(
      'Passes everything on to the bundled dbt, with the project, its profile and a copy of what is published: on DuckDB a file under <state folder>/dbt/adhoc, on Snowflake your own clone, <prefix>_ADHOC_<user name>. Nothing here can change a publication, and nothing built here is published. The copy is kept until something new is published; retention drops a clone after a day.',
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
  const warehouse = await configuredWarehouse(config);
  const copy = await warehouse.adHocCopy(userName());
  const { copyOf, place, folder } = copy;
  console.error(
    copyOf === undefined
      ? `Nothing is published yet: dbt works on an empty database in ${place}.`
      : `dbt works on a copy of publication ${copyOf} in ${place}: what it does there is not published.`,
  );
  await warehouse.close();
  const code = await runTool(venvProgram('dbt'), args, {
    cwd: folder,
    env: dbtEnvironment(config, warehouse, copy),
  });
  if (code !== 0) throw new CommandFailure('', code);
}
