import type { Command } from 'commander';
import { z } from 'zod';
import { loadConfig } from '../../../contracts/config';
import { rawIngestionInputSchema } from '../../../contracts/workflow-inputs';
import type { RejectedRecord, RejectsFilter } from '../../../warehouse/warehouse';
import { configuredWarehouse } from '../configured-warehouse';
import { as } from '../options';
import { colors, number, plural, table } from '../print';

interface RejectsOptions {
  load?: string;
  all?: true;
  table?: string;
  limit: number;
  json?: true;
}

const DEFAULT_LIMIT = 50;
/** Of a record's raw text; `--json` gives all that was kept. */
const RAW_SHOWN = 200;

const loadId = z.string().trim().min(1, 'must be a LOAD_ID as `mfg status` shows it');
const limit = z
  .string()
  .regex(/^[1-9]\d{0,6}$/)
  .transform(Number);

/** `mfg rejects`: records that were not loaded, with raw text and reason. */
export function addRejects(program: Command): void {
  program
    .command('rejects')
    .summary('records that were not loaded, with raw text and reason')
    .description(
      'Shows the rejected records of what readers see now; with --load those of one load and with --all those of every load, failed, held and older ones too.',
    )
    .option('-l, --load <LOAD_ID>', 'of this load, whatever came of it', as(loadId))
    .option('--all', 'of all loads that are kept')
    .option('-t, --table <name>', 'of this table', as(rawIngestionInputSchema.shape.tables.unwrap().element))
    .option('-n, --limit <number>', 'how many records', as(limit, 'must be a whole number from 1'), DEFAULT_LIMIT)
    .option('--json', 'print one JSON object: total, records')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg rejects
  npx mfg rejects --table batches --limit 10
  npx mfg rejects --load "nightly-ingestion-2026-03-11T01:00:00Z::0195…"     a failed run's too
  npx mfg rejects --all --json | jq -r '.records[] | [.sourceFile, .record, .raw] | @tsv'

state: current - of a partition that readers see; loaded - of one that they do not see, or no more; failed - its delivery was
not loaded. \`mfg query "select * from raw.raw_rejected_rows"\` has them too, of published partitions.`,
    )
    .action(rejects);
}

async function rejects(options: RejectsOptions, command: Command): Promise<void> {
  if (options.load !== undefined && options.all) command.error('error: --load and --all cannot be combined');
  const warehouse = await configuredWarehouse(loadConfig());
  const load: RejectsFilter['load'] =
    options.load !== undefined
      ? { kind: 'load', loadId: options.load }
      : options.all
        ? { kind: 'all' }
        : { kind: 'current' };
  const found = await warehouse.rejectedRecords({ load, table: options.table, limit: options.limit });
  if (options.json) {
    console.log(JSON.stringify(found, null, 2));
    return;
  }
  if (found.records.length > 0) console.log(rejectsTable(found.records));
  const cut = found.total > found.records.length ? ` (${number(found.records.length)} shown; --limit gives more)` : '';
  const elsewhere = load.kind === 'current' ? ' in what readers see; --all looks at every load' : '';
  console.log(colors.dim(`${plural(found.total, 'rejected record')}${cut}${elsewhere}`));
}

function rejectsTable(records: RejectedRecord[]): string {
  return table(
    ['table', 'file', 'record', 'reason', 'raw text', 'state', 'LOAD_ID'],
    records.map((r) => [
      r.table,
      r.sourceFile,
      String(r.record),
      r.reason,
      r.raw.length > RAW_SHOWN ? `${r.raw.slice(0, RAW_SHOWN)} …` : r.raw,
      r.state,
      r.loadId,
    ]),
    { right: ['record'], whole: ['LOAD_ID'] },
  );
}
