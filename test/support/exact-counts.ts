import path from 'node:path';
import { countRecords, type LiveBench } from './live-bench';
import { SMALL_TABLES } from './small-dbt';

/** Records delivered per table, over all dates so far. */
export function delivered(bench: LiveBench, dates: string[], tables = SMALL_TABLES): Record<string, number> {
  const count = (table: string) =>
    dates.reduce((sum, date) => sum + countRecords(path.join(bench.sourceDir, 'mes', date), table), 0);
  return Object.fromEntries(tables.map((table) => [table, count(table)]));
}

/** Rows and rejected records that readers see per table, over all dates: nothing lost, nothing doubled. */
export async function seen(bench: LiveBench, tables = SMALL_TABLES): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of tables) {
    const sql = `select (select count(*) from raw.${table}_history) + (
      select count(*) from raw.raw_rejected_rows where _load_seq in (
        select load_seq from raw.current_load where table_name = '${table}'))`;
    counts[table] = Number(await bench.value(sql));
  }
  return counts;
}
