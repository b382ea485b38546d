import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { rawIngestionInputSchema, type RawIngestionInput } from '../../../contracts/workflow-inputs';
import { rawIngestion } from '../../start-runs';
import { planIngestion, type DeliveryState, type PreparedPlan } from '../ingestion-plan';
import { localWarehouse } from '../local-warehouse';
import { as, asEach, onUnchangedOf } from '../options';
import { bytes, colors, heading, number, plural, table, visible } from '../print';
import { runToEnd, type RunOptions } from '../run-to-end';
import { failOnFailedChecks, showIngestion } from '../show-results';

interface IngestOptions extends RunOptions {
  date?: string;
  exact?: true;
  table?: string[];
  system?: string;
  select?: string[];
  reuse?: boolean;
  plan?: true;
  acceptSmaller?: string[];
}

const { logicalDate, tables, sourceSystem, acceptSmaller, select } = rawIngestionInputSchema.shape;
const PLAN_ROWS_SHOWN = 200;

/** `mfg ingest`: the workflow mfgRawIngestion, or what it would load. */
export function addIngest(program: Command): void {
  program
    .command('ingest')
    .summary('load pending deliveries, build, publish, check')
    .description(
      'Loads the deliveries of one logical date and every earlier one that is pending (new, missed or corrected), builds and tests all models, publishes the result and checks its quality. Workflow mfgRawIngestion.',
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
    else await showIngestion(localWarehouse(config), result, options.date);
    failOnFailedChecks(result.quality);
  });
}

/** A plan for people. */
export function planText(plan: PreparedPlan): string {
  const { deliveries, ignoredFiles, logicalDate } = plan;
  const toLoad = deliveries.filter((delivery) => TO_LOAD[delivery.state]);
  const total = bytes(toLoad.reduce((sum, delivery) => sum + delivery.sizeBytes, 0));
  const dates = new Set(toLoad.map((delivery) => delivery.logicalDate)).size;
  const shown = deliveries.slice(-PLAN_ROWS_SHOWN);
  const lines = [
    table(
      ['date', 'table', 'size', 'would be', 'files'],
      shown.map((d) => [d.logicalDate, d.table, bytes(d.sizeBytes), WOULD_BE[d.state], d.files.join(', ')]),
      { right: ['size'] },
    ),
  ];
  if (deliveries.length > shown.length) {
    lines.push(colors.dim(`the newest ${shown.length} of ${number(deliveries.length)} deliveries; --json gives all`));
  }
  if (ignoredFiles.length > 0) {
    lines.push(
      heading('Ignored: files of no described table'),
      ...ignoredFiles.slice(0, 20).map((f) => `  ${visible(f)}`),
    );
    if (ignoredFiles.length > 20) lines.push(`  and ${number(ignoredFiles.length - 20)} more`);
  }
  const load = `${plural(toLoad.length, 'partition')} of ${plural(dates, 'date')} (${total})`;
  lines.push(`\nA run of ${plan.sourceSystem} for ${logicalDate} would load ${load}. Nothing was loaded.`);
  return lines.join('\n');
}

const TO_LOAD: Record<DeliveryState, boolean> = {
  new: true,
  changed: true,
  again: true,
  reused: false,
  unchanged: false,
  later: false,
  'left out': false,
  withdrawn: false,
};

const WOULD_BE: Record<DeliveryState, string> = {
  new: 'loaded: pending, new',
  changed: 'loaded: pending, changed',
  again: "loaded again: the run's own date",
  reused: 'reused: unchanged',
  unchanged: 'unchanged',
  later: "left: after the run's date",
  'left out': 'left: not asked for',
  withdrawn: 'left: withdrawn by a rollback; --date asks for it',
};
