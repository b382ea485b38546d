import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { InvalidInputError } from '../../../contracts/errors';
import type { RawIngestionResult } from '../../../contracts/run';
import type { Warehouse } from '../../../warehouse/warehouse';
import { rawIngestionInputSchema } from '../../../contracts/workflow-inputs';
import { rawIngestion } from '../../start-runs';
import { configuredWarehouse } from '../configured-warehouse';
import { as } from '../options';
import { dateSpan, duration, fields, heading, number, plural, table } from '../print';
import { runToEnd, type FinishedRun, type StartedRun } from '../run-to-end';
import { failOnFailedChecks, rowsTable, showIngestion } from '../show-results';
import { publicationTimes, publishedDates, relationRows } from '../warehouse-facts';

/** `mfg start`, which is `npm start`: the whole way once, and what came of it. */
export function addStart(program: Command): void {
  program
    .command('start')
    .summary('the whole way once: load the export, build, publish, check, show it')
    .description(
      'Brings the platform up, loads every pending delivery of the export, builds, publishes, checks, and shows what it did. This is `npm start`.',
    )
    .option(
      '-s, --system <name>',
      'source system; may be left out while there is only one',
      as(rawIngestionInputSchema.shape.sourceSystem),
    )
    .addHelpText('after', '\nExamples:\n  npm start\n  npx mfg start\n  npx mfg start --system mes')
    .action(start);
}

async function start({ system }: { system?: string }): Promise<void> {
  const setUpMs = process.uptime() * 1000;
  const config = loadConfig();
  console.log(`Loading the export in ${config.sourceDir}: files → RAW → STAGING → CORE → MARTS, published as one.\n`);
  await runToEnd(config, rawIngestion(system === undefined ? {} : { sourceSystem: system }), {}, async (run) => {
    const warehouse = await configuredWarehouse(config);
    await showIngestion(warehouse, run.result);
    await showRelations(warehouse);
    await showKpis(warehouse);
    await showTimes(warehouse, run, setUpMs);
    await showSummary(warehouse, run.result);
    console.log(nextText(run.started));
    failOnFailedChecks(run.result.quality);
  });
}

function nextText({ uiUrl }: StartedRun): string {
  const commands = [
    ['npx mfg query "select * from marts.plant_day_kpis limit 10"', 'ask the published data'],
    ['npm run dev', `keep Temporal and its Web UI up; this run is then at\n      ${uiUrl ?? 'the Web UI'}`],
    ['npx mfg ingest --plan', 'see what another run would load'],
  ];
  const lines = commands.map(([command, what]) => `  ${command}\n      ${what}`);
  return [heading('Next'), ...lines].join('\n');
}

/** What the data set cannot say is left out: nothing may be published, or another dbt project's, without the shipped marts. */
async function ifKnown<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((error: unknown) => {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  });
}

async function showRelations(warehouse: Warehouse): Promise<void> {
  const relations = await ifKnown(relationRows(warehouse));
  if (relations === undefined || relations.length === 0) return;
  console.log(heading('Rows of CORE and MARTS'));
  console.log(
    table(
      ['relation', 'rows'],
      relations.map(({ schema, relation, rows }) => [`${schema}.${relation}`, number(rows)]),
      { right: ['rows'] },
    ),
  );
}

/** A few of the KPIs, where there was something to measure. */
const KPI_SAMPLE = `
  select site_id, production_date, round(availability, 3) as availability, round(effectiveness, 3) as effectiveness,
    round(quality_ratio, 3) as quality_ratio, round(oee_index, 3) as oee_index, failures, orders_completed,
    round(on_time_completion_ratio, 3) as on_time_ratio
  from marts.plant_day_kpis
  where planned_busy_time_s > 0
  order by production_date desc, site_id
  limit 6`;

async function showKpis(warehouse: Warehouse): Promise<void> {
  const kpis = await ifKnown(warehouse.query({ kind: 'head' }, KPI_SAMPLE));
  if (kpis === undefined || kpis.rows.length === 0) return;
  console.log(heading('KPIs of the newest days (marts.plant_day_kpis)'));
  console.log(rowsTable(kpis.columns, kpis.rows, kpis.rows.length));
}

async function showTimes(
  warehouse: Warehouse,
  { result, connectMs, startedAt, endedAt }: FinishedRun<'mfgRawIngestion'>,
  setUpMs: number,
): Promise<void> {
  const times =
    result.publication === null ? undefined : await ifKnown(publicationTimes(warehouse, result.publication));
  console.log(heading('Time'));
  console.log(
    fields([
      ['set-up', duration(setUpMs)],
      ['platform start', duration(connectMs)],
      ['load', times && duration(times.createdAt - startedAt)],
      ['build and publish', times && duration(times.publishedAt - times.createdAt)],
      ['quality checks', times && duration(endedAt - times.publishedAt)],
      ['all', duration(process.uptime() * 1000)],
    ]),
  );
}

async function showSummary(
  warehouse: Warehouse,
  { outcome, logicalDates, publication }: RawIngestionResult,
): Promise<void> {
  const held = await ifKnown(publishedDates(warehouse));
  if (outcome === 'NOTHING_NEW' || held === undefined) return;
  const others = held - logicalDates.length;
  const [first, last] = [logicalDates[0], logicalDates.at(-1)];
  console.log(
    others === 0
      ? `\nAll ${plural(held, 'date')} of the export (${first} to ${last}) were loaded in one run: publication ${publication}.`
      : `\nLoaded ${dateSpan(logicalDates)}: a run always loads its own date, under its own LOAD_ID. The other ${plural(others, 'date')} of the export stood unchanged. Publication ${publication}.`,
  );
}
