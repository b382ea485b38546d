import type { JsonRow } from '../../duckdb/connection';
import type { StoreDb } from './store-db';

/** The partition that holds at a (table, logical date) on the way down; null where a load removed it. */
interface Holding {
  loadSeq: string | null;
  /** Number of wanted data sets seen before it began to hold. */
  since: number;
}

/**
 * The partitions that at least one of some data sets holds: what `partitionsOf` gives for each of them, together.
 *
 * One walk down the tree of differences, from each base to what was built on it, so that it takes as long for a thousand data sets
 * as for one: a partition is needed when a wanted data set was passed between its entry and what replaced it.
 */
export async function neededPartitions(db: StoreDb, dataSets: readonly number[]): Promise<Set<string>> {
  const rows = await db.rows(
    `select data_set, base_data_set, table_name || ' ' || logical_date::varchar as place, load_seq
     from raw.raw_published_load order by data_set`,
  );
  const { children, entries } = treeOf(rows);
  const wanted = new Set(dataSets.map(String));
  const needed = new Set<string>();
  const holding = new Map<string, Holding>();
  let seen = 0;
  const end = (held: Holding | undefined) => {
    if (held === undefined || held.loadSeq === null) return;
    if (seen > held.since) needed.add(held.loadSeq);
  };
  const enter = (dataSet: string): [string, Holding | undefined][] => {
    const replaced = (entries.get(dataSet) ?? []).map(({ place, loadSeq }): [string, Holding | undefined] => {
      const before = holding.get(place);
      end(before);
      holding.set(place, { loadSeq, since: seen });
      return [place, before];
    });
    if (wanted.has(dataSet)) seen++;
    return replaced;
  };
  const leave = (replaced: [string, Holding | undefined][]) => {
    for (const [place, before] of replaced) {
      end(holding.get(place));
      if (before === undefined) holding.delete(place);
      else holding.set(place, { ...before, since: seen });
    }
  };
  // By a stack of its own: the line of data sets is as long as the platform is old.
  const steps: { visit: () => void }[] = [];
  const descend = (dataSet: string) => {
    const replaced = enter(dataSet);
    steps.push({ visit: () => leave(replaced) });
    for (const child of children.get(dataSet) ?? []) steps.push({ visit: () => descend(child) });
  };
  for (const root of children.get('') ?? []) steps.push({ visit: () => descend(root) });
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) step.visit();
  return needed;
}

/** Data sets by their base ('' without one), and the entries of each. */
function treeOf(rows: JsonRow[]): {
  children: Map<string, Set<string>>;
  entries: Map<string, { place: string; loadSeq: string | null }[]>;
} {
  const children = new Map<string, Set<string>>();
  const entries = new Map<string, { place: string; loadSeq: string | null }[]>();
  for (const row of rows) {
    const dataSet = String(row.data_set);
    const base = row.base_data_set === null ? '' : String(row.base_data_set);
    children.set(base, (children.get(base) ?? new Set()).add(dataSet));
    if (row.place === null) continue;
    const mine = entries.get(dataSet) ?? [];
    mine.push({ place: String(row.place), loadSeq: row.load_seq === null ? null : String(row.load_seq) });
    entries.set(dataSet, mine);
  }
  return { children, entries };
}
