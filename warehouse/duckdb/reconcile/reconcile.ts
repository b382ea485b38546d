import { existsSync } from 'node:fs';
import { withDuckDb, type DuckDb, type JsonRow } from '../../../duckdb/connection';
import type { Disagreement } from '../../warehouse';
import { selectHead } from '../data-sets';
import type { Layout } from '../layout';
import { attachDataSet } from '../published-data';
import type { StoreSession } from '../store';
import {
  checkBuilds,
  checkPartitionFiles,
  checkStrayFiles,
  type LedgerDataSet,
  type LedgerPartition,
} from './file-checks';
import { checkLink, checkStore, linkTarget } from './log-checks';

/** What is compared with the files, as of one moment of the store. */
interface Ledger {
  found: Disagreement[];
  head: { dataSet: number } | undefined;
  partitions: LedgerPartition[];
  dataSets: LedgerDataSet[];
  /** Data sets that readers may open. */
  shown: number[];
  /** Rows of raw.raw_published_load. */
  differences: JsonRow[];
}

/** Compares the store with itself and with every file that it names. Changes nothing. */
export async function reconcile(
  session: StoreSession,
  layout: Layout,
  options: { checksums: boolean },
): Promise<Disagreement[]> {
  const link = await linkTarget(layout);
  const { found, head, partitions, dataSets, shown, differences } = await session((db) => readLedger(db));
  if (head !== undefined) found.push(...(await checkLink(layout, link, head.dataSet)));
  found.push(...(await checkBuilds(layout, dataSets)));
  await withDuckDb({ path: ':memory:' }, async (db) => {
    found.push(...(await checkPartitionFiles(db, layout, partitions, options.checksums)));
  });
  const retired = new Set(partitions.filter(({ isRetired }) => isRetired).map(({ loadSeq }) => loadSeq));
  for (const { dataSet, held } of contentsOf(shown, differences)) {
    for (const [, loadSeq] of held.filter(([, seq]) => retired.has(seq))) {
      found.push({
        severity: 'ERROR',
        what: `data set ${dataSet} is kept, but its partition ${loadSeq} was retired`,
        advice: 'load its date again with `npx mfg ingest --date` before its file goes',
      });
    }
    found.push(
      ...(await checkContents(
        layout,
        dataSet,
        held.map((place) => place.join(' ')),
      )),
    );
  }
  found.push(...(await checkStrayFiles(layout, partitions, dataSets)));
  return found;
}

async function readLedger(db: DuckDb): Promise<Ledger> {
  const found = await checkStore(db);
  const partitions = (
    await db.rows(
      `select load_seq, table_name, logical_date::varchar as logical_date, status, rows_loaded, rows_rejected,
         to_json(columns)::varchar as columns, checksum, checksum_kind, removed_at is not null as is_removed,
         retired_at is not null as is_retired
       from raw_partition order by load_seq`,
    )
  ).map((row): LedgerPartition => ({
    loadSeq: String(row.load_seq),
    table: String(row.table_name),
    logicalDate: String(row.logical_date),
    status: String(row.status),
    rowsLoaded: Number(row.rows_loaded),
    rowsRejected: Number(row.rows_rejected),
    columns: row.columns === null ? [] : (JSON.parse(String(row.columns)) as string[]),
    checksum: String(row.checksum),
    checksumKind: String(row.checksum_kind),
    isRemoved: row.is_removed === true,
    isRetired: row.is_retired === true,
  }));
  const rows = await db.rows(
    `select data_set, arg_min(status, publication) as status, bool_or(status = 'PUBLISHED') as is_published,
       bool_or(dropped_at is not null) as is_dropped, bool_or(removed_at is not null) as is_removed
     from raw.raw_publication group by data_set order by data_set`,
  );
  const shown = rows
    .filter((row) => row.is_published === true && row.is_dropped === false)
    .map((row) => Number(row.data_set));
  const dataSets = rows.map((row) => ({
    dataSet: Number(row.data_set),
    status: row.is_published === true ? 'PUBLISHED' : String(row.status),
    isDropped: row.is_dropped === true,
    isRemoved: row.is_removed === true,
  }));
  const differences = await db.rows(
    `select data_set, base_data_set, table_name || ' ' || logical_date as place, load_seq from raw.raw_published_load`,
  );
  return { found, head: await selectHead(db), partitions, dataSets, shown, differences };
}

/** What the log says that data sets hold: `<table> <date>` and load_seq. Nearest difference first, up to the oldest base. */
function contentsOf(
  dataSets: number[],
  differences: JsonRow[],
): { dataSet: number; held: [place: string, loadSeq: string][] }[] {
  const nodes = new Map<string, { base: string; entries: [string, string | null][] }>();
  for (const row of differences) {
    const dataSet = String(row.data_set);
    const node = nodes.get(dataSet) ?? { base: String(row.base_data_set), entries: [] };
    nodes.set(dataSet, node);
    if (row.place !== null) node.entries.push([String(row.place), row.load_seq === null ? null : String(row.load_seq)]);
  }
  return dataSets.map((dataSet) => {
    const held = new Map<string, string | null>();
    for (let node = nodes.get(String(dataSet)); node !== undefined; node = nodes.get(node.base)) {
      for (const [place, loadSeq] of node.entries) if (!held.has(place)) held.set(place, loadSeq);
    }
    return { dataSet, held: [...held].filter((place): place is [string, string] => place[1] !== null) };
  });
}

/** A data set's own word for what it is and holds, against the log's. */
async function checkContents(layout: Layout, dataSet: number, partitions: string[]): Promise<Disagreement[]> {
  const advice = 'build again with `npx mfg transform`, and do not go back to it';
  // One that is missing has been named.
  if (!existsSync(layout.database(dataSet))) return [];
  try {
    return await withDuckDb({ path: ':memory:' }, async (db) => {
      await attachDataSet(db, layout, dataSet);
      const [own] = await db.rows('select publication from published.raw.current_publication');
      if (Number(own?.publication) !== dataSet) {
        const what = `builds/${dataSet} holds data set ${String(own?.publication)}`;
        return [{ severity: 'ERROR', what, advice }];
      }
      const listed = (
        await db.rows(
          'select table_name, logical_date::varchar as logical_date, load_seq from published.raw.current_load',
        )
      ).map(placeOf);
      const [more, less] = [without(listed, partitions), without(partitions, listed)];
      if (more.length + less.length === 0) return [];
      const differences = [...less.map((place) => `lacks ${place}`), ...more.map((place) => `shows ${place}`)];
      const what = `data set ${dataSet} is not what the log says: it ${differences.slice(0, 5).join(', ')}`;
      return [{ severity: 'ERROR', what, advice }];
    });
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n');
    return [{ severity: 'ERROR', what: `data set ${dataSet} cannot be read (${line.slice(0, 200)})`, advice }];
  }
}

function placeOf(row: JsonRow): string {
  return `${String(row.table_name)} ${String(row.logical_date)} ${String(row.load_seq)}`;
}

function without(places: string[], others: string[]): string[] {
  const there = new Set(others);
  return places.filter((place) => !there.has(place)).sort();
}
