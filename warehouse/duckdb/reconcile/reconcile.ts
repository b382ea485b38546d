import { withDuckDb, type DuckDb } from '../../../duckdb/connection';
import type { Disagreement } from '../../warehouse';
import { partitionsOf, selectHead } from '../data-sets';
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
  /** Partitions of each data set that readers may open, as `<table> <date> <load_seq>`. */
  contents: { dataSet: number; partitions: string[] }[];
}

/** Compares the store with itself and with every file that it names. Changes nothing. */
export async function reconcile(
  session: StoreSession,
  layout: Layout,
  options: { checksums: boolean },
): Promise<Disagreement[]> {
  const shown = await linkTarget(layout);
  const { found, head, partitions, dataSets, contents } = await session((db) => readLedger(db));
  if (head !== undefined) found.push(...(await checkLink(layout, shown, head.dataSet)));
  found.push(...(await checkBuilds(layout, dataSets)));
  await withDuckDb({ path: ':memory:' }, async (db) => {
    found.push(...(await checkPartitionFiles(db, layout, partitions, options.checksums)));
  });
  for (const content of contents) found.push(...(await checkContents(layout, content)));
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
  const contents = [];
  const retired = new Set(partitions.filter(({ isRetired }) => isRetired).map(({ loadSeq }) => loadSeq));
  for (const row of rows.filter(({ is_published, is_dropped }) => is_published === true && is_dropped === false)) {
    const dataSet = Number(row.data_set);
    const held = await partitionsOf(db, dataSet);
    contents.push({ dataSet, partitions: held.map(placeOf).sort() });
    for (const { load_seq: loadSeq } of held.filter((partition) => retired.has(String(partition.load_seq)))) {
      found.push({
        severity: 'ERROR',
        what: `data set ${dataSet} is kept, but its partition ${String(loadSeq)} was retired`,
        advice: 'load its date again with `npx mfg ingest --date` before its file goes',
      });
    }
  }
  const dataSets = rows.map((row) => ({
    dataSet: Number(row.data_set),
    status: row.is_published === true ? 'PUBLISHED' : String(row.status),
    isDropped: row.is_dropped === true,
    isRemoved: row.is_removed === true,
  }));
  return { found, head: await selectHead(db), partitions, dataSets, contents };
}

/** A data set's own word for what it is and holds, against the log's. */
async function checkContents(
  layout: Layout,
  { dataSet, partitions }: Ledger['contents'][number],
): Promise<Disagreement[]> {
  const advice = 'build again with `npx mfg transform`, and do not go back to it';
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
    // A file that is missing has been named.
    const [line = ''] = (error as Error).message.split('\n');
    if (/does not exist|No such file|Cannot open database/.test(line)) return [];
    return [{ severity: 'ERROR', what: `data set ${dataSet} cannot be read (${line.slice(0, 200)})`, advice }];
  }
}

function placeOf(row: Record<string, unknown>): string {
  return `${String(row.table_name)} ${String(row.logical_date)} ${String(row.load_seq)}`;
}

function without(places: string[], others: string[]): string[] {
  const there = new Set(others);
  return places.filter((place) => !there.has(place)).sort();
}
