import { Option, type Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { strategySchema, type Strategy } from '../../../contracts/strategy';
import { rawIngestionInputSchema, type RawIngestionInput } from '../../../contracts/workflow-inputs';
import { rawIngestion } from '../../start-runs';
import { planIngestion } from '../ingestion-plan';
import { configuredWarehouse } from '../configured-warehouse';
import { as, asEach, onUnchangedOf } from '../options';
import { planText } from '../plan-text';
import { runToEnd, type RunOptions } from '../run-to-end';
import { failOnWhatFailed, showIngestion } from '../show-results';

interface IngestOptions extends RunOptions {
  date?: string;
  exact?: true;
  table?: string[];
  system?: string;
  select?: string[];
  reuse?: boolean;
  plan?: true;
  acceptSmaller?: string[];
  wait: boolean;
  strategy?: Strategy;
}

const { logicalDate, tables, sourceSystem, acceptSmaller, select } = rawIngestionInputSchema.shape;

/** `mfg ingest`: the workflow mfgRawIngestion, or what it would load. */
export function addIngest(program: Command): void {
  program
    .command('ingest')
    .summary('load pending deliveries, build, publish, check')
    .description(
      'Loads the deliveries of one logical date and every earlier one that is pending (new, missed or corrected), builds and tests all models, publishes the result and checks its quality. While a table is expected (its contract has `wait_until`), it waits. Workflow mfgRawIngestion.',
    )
    .option('-d, --date <yyyy-mm-dd>', 'logical date; default: the newest delivery present', as(logicalDate))
    .option('--exact', 'only the deliveries of that date, not the pending earlier ones')
    .option(
      '-t, --table <name...>',
      'only these tables; only what is downstream of them (or of changed code) is built',
      asEach(tables.unwrap().element),
    )
    .option(
      '--select <selector...>',
      'build these dbt nodes too, with all that is downstream of them, and take the rest over',
      asEach(select.unwrap().element),
    )
    .option('--reuse', 'do not load an unchanged file again, do not build models that nothing changes')
    .option('--no-reuse', 'load and build all the same, whatever MFG_ON_UNCHANGED says')
    .option('-s, --system <name>', 'source system; may be left out while there is only one', as(sourceSystem))
    .option(
      '--accept-smaller <table...>',
      'take deliveries of these tables that are far smaller than what they replace',
      asEach(acceptSmaller.unwrap().element),
    )
    .option('--no-wait', 'take what is there, although tables are still expected today')
    .addOption(
      new Option('--strategy <name>', "default: the source system's, else MFG_STRATEGY").choices(
        strategySchema.options,
      ),
    )
    .option('--detach', 'start the run, print its ids and end (needs `npm run dev` or TEMPORAL_ADDRESS)')
    .option('--json', 'print one JSON object instead of text')
    .option('--plan', 'show files, tables and what is pending, without loading anything')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg ingest --plan
  npx mfg ingest
  npx mfg ingest --date 2026-03-11 --exact     load this day again, nothing else
  npx mfg ingest --table batches materials     only these two
  npx mfg ingest --accept-smaller equipment    half of it was scrapped: the gate is to let it pass
  npx mfg ingest --reuse                       only what has changed: files, contracts, models
  npx mfg ingest --no-wait                     not until 06:30, as the tables' contracts say
  npx mfg ingest --table materials --strategy truncate_reload   this delivery alone is the table
  npx mfg ingest --json | jq .quality.failed`,
    )
    .action(ingest);
}

async function ingest(options: IngestOptions, command: Command): Promise<void> {
  const input: RawIngestionInput = {
    ...(options.system && { sourceSystem: options.system }),
    ...(options.date && { logicalDate: options.date }),
    ...(options.exact && { exact: true }),
    ...(options.table && { tables: options.table }),
    ...(options.acceptSmaller && { acceptSmaller: options.acceptSmaller }),
    ...(options.select && { select: options.select }),
    ...onUnchangedOf(options),
    ...(!options.wait && { wait: false }),
    ...(options.strategy && { strategy: options.strategy }),
  };
  const config = loadConfig();
  if (options.plan) {
    if (options.detach) command.error('error: --plan starts nothing, so it cannot be combined with --detach');
    const plan = await planIngestion(config, input);
    console.log(options.json ? JSON.stringify(plan, null, 2) : planText(plan));
    return;
  }
  await runToEnd(config, rawIngestion(input), options, async ({ started, result }) => {
    if (options.json) console.log(JSON.stringify({ ...started, ...result }, null, 2));
    else await showIngestion(await configuredWarehouse(config), result, options.date && 'as given');
    failOnWhatFailed(result);
  });
}
