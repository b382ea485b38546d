import type { DataQualityResult } from '../../contracts/quality';
import type {
  BuildCounts,
  BuildSummary,
  DbtTransformResult,
  FailedDate,
  NodeFailure,
  RawIngestionResult,
} from '../../contracts/run';
import type { Warehouse } from '../../warehouse/warehouse';
import { CommandFailure } from './failures';
import { bytes, colors, dateSpan, duration, fields, heading, number, plural, table, visible } from './print';
import { driftEvents, loadedTables, rejectReasons } from './warehouse-facts';

/** Shows what an ingestion did: dates, tables, rejected records, build and checks. */
export async function showIngestion(
  warehouse: Warehouse,
  result: RawIngestionResult,
  dateFrom = 'the newest delivery',
): Promise<void> {
  const { loads, ignoredFiles, lateTables = [], unfinishedDates = [], failedDates = [] } = result;
  const nothingNew = result.outcome === 'NOTHING_NEW';
  console.log(heading(nothingNew ? nothingNewText(result) : publishedText(result.publication ?? 0)));
  console.log(
    fields([
      ['source system', result.sourceSystem],
      ['logical date', `${result.logicalDate} (${dateFrom})`],
      ['loaded', nothingNew ? undefined : `${dateSpan(result.logicalDates)}, ${plural(loads.partitions, 'partition')}`],
      [
        'records',
        nothingNew
          ? undefined
          : `${number(loads.rowsRead)} read = ${number(loads.rowsLoaded)} loaded + ${number(loads.rowsRejected)} rejected, ${bytes(loads.sizeBytes)}`,
      ],
      ['schema drift', driftText(loads.driftEvents)],
      [
        'reused',
        result.reused === 0
          ? undefined
          : `${plural(result.reused, 'partition')} of the load before: the files are unchanged`,
      ],
      ['ignored files', ignoredFiles.length === 0 ? undefined : ignoredText(ignoredFiles)],
      ['not delivered', lateTables.length === 0 ? undefined : `${lateTables.join(', ')} (not required, left out)`],
      [
        'not complete',
        unfinishedDates.length === 0
          ? undefined
          : `${dateSpan(unfinishedDates)} (no done marker, left for a later run)`,
      ],
      ['built', result.build === null ? undefined : buildText(result.build)],
      ['quality', result.quality === null ? undefined : qualityText(result.quality)],
      ['incidents', result.quality === null ? undefined : incidentsText(result.quality)],
    ]),
  );
  showFailedDates(failedDates);
  await showLoadedTables(warehouse, result.loadId);
  showWarnings(result.warned, result.build);
  if (result.quality !== null) showFindings(result.quality);
}

/** Shows what a transformation did. */
export function showTransformation(result: DbtTransformResult): void {
  if (result.publication === null || result.build === null) {
    console.log(heading('Nothing has changed since what is published was built: nothing was built.'));
    return;
  }
  console.log(heading(publishedText(result.publication)));
  console.log(fields([['built', buildText(result.build)]]));
  showWarnings(result.warned, result.build);
}

/** Shows what the quality checks found. */
export function showQuality(result: DataQualityResult): void {
  console.log(heading(`Checked publication ${result.publication}.`));
  console.log(
    fields([
      ['quality', qualityText(result)],
      ['incidents', incidentsText(result)],
    ]),
  );
  showFindings(result);
}

/** @throws CommandFailure when dates of a backfill or checks failed: the publication stands, but scripts must notice. */
export function failOnWhatFailed(result: RawIngestionResult): void {
  const { failedDates = [], publication, quality } = result;
  if (failedDates.length > 0) {
    throw new CommandFailure(
      `${plural(failedDates.length, 'date')} could not be loaded, still pending; publication ${publication} holds the others.`,
    );
  }
  failOnFailedChecks(quality);
}

/** @throws CommandFailure when checks failed: the publication stands, but scripts must notice. */
export function failOnFailedChecks(quality: DataQualityResult | null): void {
  if (quality === null || quality.failed === 0) return;
  throw new CommandFailure(
    `${number(quality.failed)} of ${plural(quality.checks, 'data quality check')} failed; publication ${quality.publication} stands.`,
  );
}

/** A query's result as a table, cut off after `limit` rows, with a note. */
export function rowsTable(columns: string[], rows: Record<string, unknown>[], limit: number): string {
  const shown = rows.slice(0, limit);
  const isNumeric = (column: string) => {
    const texts = shown.map((row) => cellText(row[column])).filter((text) => text !== '');
    return texts.length > 0 && texts.every((text) => /^-?[\d.]+$/.test(text));
  };
  const printed = table(
    columns,
    shown.map((row) => columns.map((column) => (row[column] === null ? 'null' : cellText(row[column])))),
    { right: columns.filter(isNumeric), width: Infinity },
  );
  const more = rows.length > limit ? ` (${limit} shown; --json and --csv give all)` : '';
  return `${printed}\n${colors.dim(`${plural(rows.length, 'row')}${more}`)}`;
}

/** A value of a query's result as text; null is empty, lists and structs are JSON. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

async function showLoadedTables(warehouse: Warehouse, loadId: string): Promise<void> {
  // A worker elsewhere may keep its state elsewhere: then this machine knows nothing of the load.
  const loaded = await loadedTables(warehouse, loadId).catch(() => []);
  if (loaded.length === 0) return;
  console.log(heading('Tables'));
  const columns = ['table', 'partitions', 'read', 'loaded', 'rejected'];
  console.log(
    table(
      columns,
      loaded.map((row) => [
        String(row.table_name),
        ...[row.partitions, row.rows_read, row.rows_loaded, row.rows_rejected].map(number),
      ]),
      { right: columns.slice(1) },
    ),
  );
  await showDrift(warehouse, loadId);
  const rejects = await rejectReasons(warehouse, loadId);
  if (rejects.length === 0) return;
  console.log(heading('Rejected records (mfg rejects)'));
  console.log(
    table(
      ['table', 'records', 'reason', 'first'],
      rejects.map((row) => [row.table_name, number(row.records), row.reason, row.first_record].map(String)),
      { right: ['records'] },
    ),
  );
}

async function showDrift(warehouse: Warehouse, loadId: string): Promise<void> {
  const events = await driftEvents(warehouse, loadId);
  if (events.length === 0) return;
  console.log(heading('Schema drift (raw.schema_drift_event)'));
  console.log(
    table(
      ['table', 'drift', 'column', 'policy', 'files', 'first'],
      events.map((row) =>
        [row.table_name, row.drift, row.column_name, row.policy, number(row.files), row.first_file].map(String),
      ),
      { right: ['files'] },
    ),
  );
}

function showFailedDates(failedDates: FailedDate[]): void {
  if (failedDates.length === 0) return;
  console.log(heading('Dates that could not be loaded: left out whole, still pending'));
  const told = failedDates.filter(({ error }) => error !== null);
  console.log(
    table(
      ['date', 'why'],
      told.map(({ date, error }) => [date, error ?? '']),
    ),
  );
  const others = failedDates.slice(told.length).map(({ date }) => date);
  if (others.length > 0) console.log(colors.dim(`and ${others.join(', ')}`));
}

function showWarnings(warned: NodeFailure[], build: BuildCounts | null): void {
  if (warned.length === 0) return;
  const all = Math.max(build?.warnings ?? 0, warned.length);
  const cut = all > warned.length ? `, the first ${warned.length}` : '';
  console.log(heading(`dbt warnings (${number(all)}${cut})`));
  console.log(
    table(
      ['node', 'message'],
      warned.map(({ node, message }) => [node, message]),
      { whole: ['node'] },
    ),
  );
}

/** Of checks that did not pass, so many are shown; the audit has all. */
const FINDINGS_SHOWN = 15;

function showFindings({ findings, warned, failed }: DataQualityResult): void {
  if (findings.length === 0) return;
  console.log(heading('Checks that did not pass (raw.data_quality_audit)'));
  const shown = findings.slice(0, FINDINGS_SHOWN);
  console.log(
    table(
      ['status', 'check', 'table', 'observed', 'expected', 'detail'],
      shown.map((f) => [f.status, f.check, f.table, f.observed, f.expected, f.detail]),
    ),
  );
  const others = warned + failed - shown.length;
  if (others > 0) {
    const sql = "select * from raw.data_quality_audit where status <> 'PASS' order by recorded_at desc, ordinal";
    console.log(colors.dim(`and ${number(others)} more: npx mfg query "${sql}"`));
  }
}

function nothingNewText({ reused }: RawIngestionResult): string {
  return reused === 0
    ? 'There was nothing to load: nothing was built.'
    : 'Nothing has changed since what is published was loaded and built: nothing was built.';
}

function publishedText(publication: number): string {
  return `Published: readers now see publication ${publication}.`;
}

function buildText(build: BuildSummary): string {
  const warnings = build.warnings === 0 ? 'no warnings' : plural(build.warnings, 'warning');
  const rest = build.scope === 'PARTIAL' ? '; the rest is taken over from the publication before' : '';
  const all = build.fullBecause === undefined ? '' : `; everything, since ${build.fullBecause}`;
  return `${plural(build.models, 'model')}, ${plural(build.tests, 'test')}, ${warnings} in ${duration(build.seconds * 1000)}${rest}${all}`;
}

/** Nothing when no incident has changed: those that go on are not news. */
function incidentsText({ incidents }: DataQualityResult): string | undefined {
  if (incidents === undefined || incidents.opened + incidents.resolved === 0) return undefined;
  return `${number(incidents.opened)} opened, ${number(incidents.resolved)} resolved: npx mfg incidents`;
}

function qualityText({ checks, passed, warned, failed, asOf }: DataQualityResult): string {
  const counts = `${plural(checks, 'check')}: ${passed} passed, ${warned} warned, ${failed} failed`;
  const paint = failed > 0 ? colors.red : warned > 0 ? colors.yellow : colors.green;
  return `${paint(counts)} (freshness as of ${asOf})`;
}

function driftText(events: number | undefined): string | undefined {
  return events === undefined || events === 0
    ? undefined
    : `${plural(events, 'difference')} from the contract, see below`;
}

function ignoredText(files: string[]): string {
  const shown = files.slice(0, 3).map(visible).join(', ');
  const more = files.length > 3 ? ' …' : '';
  return `${number(files.length)}${files.length >= 20 ? ' or more' : ''} of no described table: ${shown}${more}`;
}
