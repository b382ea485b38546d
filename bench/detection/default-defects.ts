import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { CheckOutcome } from '../../contracts/quality';
import { CHECKS } from './expectation';
import type { Table } from '../../data/simulator/columns';
import { Deliveries } from './delivery';
import { copyDays, exportOf, TRUTH } from './exports';
import { Ancestry } from './ancestry';
import { remembered } from './memory';
import { Platform } from './platform';

const truthSchema = z.object({
  files: z.record(z.string(), z.object({ defects: z.record(z.string(), z.array(z.number())) })),
});

/** A cell that says nothing where every record says something. */
const EMPTY = /^(null_ratio|.*_missing|unbalanced_quantities)$/;

/** Which checks are to hear of each kind of defect of the simulator; null: it is loaded rightly, and there is nothing to hear. */
const HEARD_BY: Record<string, RegExp | null> = {
  ended_before_started: /^ended_before_started$/,
  finished_in_future: /^finished_in_future$/,
  manufacture_date_wrong: /^planned_far_from_manufacture$/,
  planned_far_from_manufacture: /^planned_far_from_manufacture$/,
  orphan_batch: /^orphans?_batch/,
  orphan_material: /^orphans?_material/,
  orphan_equipment: /^orphans?_equipment/,
  orphan_order: /^orphans?_order/,
  null_token: EMPTY,
  whitespace_only: EMPTY,
  empty_cell: EMPTY,
  decimal_comma: CHECKS.unreadable,
  identical_duplicate: CHECKS.identicalDuplicates,
  conflicting_duplicate: CHECKS.conflictingDuplicates,
  late_arrival: CHECKS.late,
  overlapping_states: /^overlapping_states$/,
  counter_reset: /^counter_reset$/,
  corrected_value: null,
  corrected_day: null,
  too_few_fields: CHECKS.rejected,
  too_many_fields: CHECKS.rejected,
  byte_order_mark: null,
  crlf: null,
  delivered_twice: CHECKS.identicalDuplicates,
  header_only: CHECKS.rowCount,
  ambiguous_local_time: null,
};

/** What became of one kind of defect in one table of an export with all of them at their default rates. */
export interface DefectFound {
  kind: string;
  table: string;
  /** Records that the simulator says it spoilt; 0 for a defect of a file as a whole. */
  records: number;
  /** The check that heard of it; empty when none did; undefined when there is nothing to hear. */
  by: string | undefined;
}

/** How the default defects of a seed are run. */
export interface DefaultDefectsRequest {
  seed: number;
  days: number;
  folder: string;
  dbtDir: string;
}

/**
 * Loads an export with every default defect: all days but the last by one run, the last, with the defects of files, by another. A defect is
 * found by the run that loads it. The truth is read when
 * the checks have spoken, and only to know what they should have said.
 */
export async function runDefaultDefects({ seed, days, folder, dbtDir }: DefaultDefectsRequest): Promise<DefectFound[]> {
  const exported = path.join(folder, 'export');
  const firstDay = '2026-01-05';
  const lastDay = new Date(Date.parse(`${firstDay}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
  const moved = ['byte_order_mark', 'crlf', 'delivered_twice', 'corrected_day', 'header_only'];
  const onLastDay = moved.flatMap((kind) => ['--defect', `${kind}=${lastDay}`]);
  const options = ['--seed', String(seed), '--first-day', firstDay, '--days', String(days + 1), ...onLastDay];
  const sourceDir = await exportOf(exported, ...options);
  const dates = await new Deliveries(sourceDir).dates();
  const platform = await Platform.open(path.join(folder, 'state'), dbtDir);
  const source = path.join(folder, 'source');
  const outcomes: CheckOutcome[] = [];
  let manifest = '';
  for (const [name, loaded] of Object.entries({ history: dates.slice(0, -1), last: dates.slice(-1) })) {
    const outcome = await remembered(path.join(folder, `run-${name}.json`), async () => {
      await copyDays(sourceDir, source, loaded);
      return platform.ingest(source);
    });
    if ('refused' in outcome) throw new Error(`the export with default defects is refused: ${outcome.refused}`);
    const asOf = platform.endOf(loaded.at(-1) ?? '');
    const file = path.join(folder, `outcomes-${name}.json`);
    outcomes.push(...(await remembered(file, () => platform.check(outcome.publication, asOf))));
    manifest = platform.manifestOf(outcome.publication);
  }
  const heard = outcomes.filter(({ status }) => status !== 'PASS');
  const ancestry = await Ancestry.read(manifest);
  return (await spoiltTables(exported)).map(({ kind, table, records }) => {
    const checks = HEARD_BY[kind];
    if (checks === null) return { kind, table, records, by: undefined };
    const hit = heard.find((o) => checks?.test(o.check) && ancestry.isMadeFromAny(o.table, [table]));
    return { kind, table, records, by: hit === undefined ? '' : `${hit.check} ${hit.table}` };
  });
}

/** Kinds and tables, by what the simulator knows. */
async function spoiltTables(exported: string): Promise<{ kind: string; table: Table; records: number }[]> {
  const { files } = truthSchema.parse(JSON.parse(await readFile(path.join(exported, TRUTH), 'utf8')));
  const found = new Map<string, { kind: string; table: Table; records: number }>();
  for (const [file, { defects }] of Object.entries(files)) {
    const table = path.basename(file).replace(/(-\w+)?\.csv$/, '') as Table;
    for (const [kind, records] of Object.entries(defects)) {
      const entry = found.get(`${kind} ${table}`) ?? { kind, table, records: 0 };
      entry.records += records.length;
      found.set(`${kind} ${table}`, entry);
    }
  }
  return [...found.values()].sort((a, b) => a.kind.localeCompare(b.kind) || a.table.localeCompare(b.table));
}
