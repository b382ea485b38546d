import { stat } from 'node:fs/promises';
import path from 'node:path';
import { CHECKSUM_KIND } from '../../../contracts/raw-partition';
import { contentChecksum } from '../../../duckdb/content-checksum';
import type { DuckDb } from '../../../duckdb/connection';
import { parquet, sqlStringList } from '../../../duckdb/sql-text';
import type { RecordedDataSet, RecordedPartition } from '../../store/recorded-state';
import type { Disagreement } from '../../warehouse';
import type { Layout } from '../layout';
import { storedFiles, type StoredFile } from '../stored-files';

const FILES_AT_ONCE = 500;
const SWEEP = '`npx mfg retention` sweeps it';
const LOST = 'restore the file from a backup, or load its date again with `npx mfg ingest --date`';

/** The partitions' files against the ledger: there, with the rows it says; `checksums` reads every row of them as well. */
export async function checkPartitionFiles(
  db: DuckDb,
  layout: Layout,
  partitions: RecordedPartition[],
  checksums: boolean,
): Promise<Disagreement[]> {
  const kept = partitions.filter((partition) => partition.status === 'SEALED' && !partition.isRemoved);
  const expected = kept.flatMap((partition) => {
    const of = `${partition.table}, ${partition.logicalDate}`;
    const { table, loadSeq, rowsLoaded, rowsRejected } = partition;
    const rows = { file: layout.partition(table, loadSeq), rows: rowsLoaded, what: `partition ${loadSeq} of ${of}` };
    const rejects = {
      file: layout.rejects(table, loadSeq),
      rows: rowsRejected,
      what: `what partition ${loadSeq} of ${of} rejected`,
    };
    return rowsRejected > 0 ? [rows, rejects] : [rows];
  });
  const found: Disagreement[] = [];
  const readable = new Set<string>();
  for (let first = 0; first < expected.length; first += FILES_AT_ONCE) {
    const some = expected.slice(first, first + FILES_AT_ONCE);
    const counts = await rowCounts(
      db,
      some.map(({ file }) => file),
    );
    for (const { file, rows, what } of some) {
      const counted = counts.get(file);
      if (counted === rows) readable.add(file);
      else found.push({ severity: 'ERROR', what: `${what}: ${disagreement(counted, rows)}`, advice: LOST });
    }
  }
  if (!checksums) return found;
  for (const partition of kept) {
    if (readable.has(layout.partition(partition.table, partition.loadSeq))) {
      found.push(...(await checkChecksum(db, layout, partition)));
    }
  }
  return found;
}

function disagreement(counted: number | string | undefined, rows: number): string {
  if (counted === undefined) return 'its file is missing';
  return typeof counted === 'string'
    ? `its file cannot be read (${counted})`
    : `its file has ${counted} rows, the ledger ${rows}`;
}

/** Row counts from the files' own footers; text: why a file cannot be read. What is missing is left out. */
async function rowCounts(db: DuckDb, files: string[]): Promise<Map<string, number | string>> {
  const there: string[] = [];
  for (const file of files) if (await exists(file)) there.push(file);
  if (there.length === 0) return new Map();
  const query = (some: string[]) =>
    db.rows(`select file_name, num_rows from parquet_file_metadata(${sqlStringList(some)})`);
  try {
    return new Map((await query(there)).map((row) => [String(row.file_name), Number(row.num_rows)]));
  } catch {
    const counts = new Map<string, number | string>();
    for (const file of there) {
      const counted = await query([file]).then(
        ([row]) => Number(row?.num_rows),
        (error: unknown) => firstLine(error),
      );
      counts.set(file, counted);
    }
    return counts;
  }
}

async function checkChecksum(db: DuckDb, layout: Layout, partition: RecordedPartition): Promise<Disagreement[]> {
  const { loadSeq, table, logicalDate, columns, checksum, checksumKind } = partition;
  const what = `partition ${loadSeq} of ${table}, ${logicalDate}`;
  if (checksumKind !== CHECKSUM_KIND) {
    const advice = 'nothing to do: it was loaded by another version';
    return [
      { severity: 'INFO', what: `${what}: its checksum is of kind ${checksumKind}, which cannot be compared`, advice },
    ];
  }
  const from = parquet([layout.partition(table, loadSeq)]);
  const [row] = await db
    .rows(
      `select ${contentChecksum(columns)} as checksum, min(_load_seq) as first, max(_load_seq) as last from ${from}`,
    )
    .catch((error: unknown) => [{ checksum: firstLine(error), first: null, last: null }]);
  const isOwn = row?.first === null || (String(row?.first) === loadSeq && String(row?.last) === loadSeq);
  if (row?.checksum === checksum && isOwn) return [];
  const found = isOwn ? String(row?.checksum) : `_load_seq ${String(row?.first)} to ${String(row?.last)}`;
  return [{ severity: 'ERROR', what: `${what}: its content has changed (${found}, was ${checksum})`, advice: LOST }];
}

/** The data sets' folders against the log. */
export async function checkBuilds(layout: Layout, dataSets: RecordedDataSet[]): Promise<Disagreement[]> {
  const found: Disagreement[] = [];
  for (const { dataSet, status, isDropped } of dataSets) {
    if (isDropped || !['PUBLISHED', 'BUILT', 'HELD', 'SUPERSEDED'].includes(status)) continue;
    const file = layout.database(dataSet);
    const advice = status === 'PUBLISHED' ? 'build it again with `npx mfg transform`' : 'start its run again';
    const there = await stat(file).catch(() => undefined);
    if (there === undefined) {
      found.push({ severity: 'ERROR', what: `data set ${dataSet} is ${status}, but its file is missing`, advice });
      continue;
    }
    if (await exists(`${file}.wal`)) {
      found.push({
        severity: 'ERROR',
        what: `data set ${dataSet} was changed after its build (a .wal is beside it)`,
        advice,
      });
    } else if ((there.mode & 0o222) !== 0) {
      found.push({
        severity: 'WARN',
        what: `data set ${dataSet} is ${status}, but its file may be written`,
        advice: `chmod 444 ${path.relative(layout.stateDir, file)}, after making sure that nobody wrote to it`,
      });
    }
  }
  return found;
}

/** What lies among the platform's files and should not. */
export async function checkStrayFiles(
  layout: Layout,
  partitions: RecordedPartition[],
  dataSets: RecordedDataSet[],
): Promise<Disagreement[]> {
  const bySeq = new Map(partitions.map((partition) => [partition.loadSeq, partition]));
  const byNumber = new Map(dataSets.map((dataSet) => [String(dataSet.dataSet), dataSet]));
  return (await storedFiles(layout)).flatMap((file) => {
    const name = path.relative(layout.stateDir, file.path);
    const why = strayness(file, bySeq, byNumber);
    if (why === undefined) return [];
    const advice = why.severity === 'INFO' ? SWEEP : 'look what it is; `npx mfg retention` removes it when it is old';
    return [{ severity: why.severity, what: `${name} ${why.what}`, advice }];
  });
}

function strayness(
  file: StoredFile,
  partitions: Map<string, RecordedPartition>,
  dataSets: Map<string, RecordedDataSet>,
): Pick<Disagreement, 'severity' | 'what'> | undefined {
  const unknown = { severity: 'WARN', what: 'is not in the ledger' } as const;
  switch (file.kind) {
    case 'partition':
    case 'rejects': {
      const partition = partitions.get(file.loadSeq);
      if (partition?.table !== file.table) return unknown;
      if (partition.status === 'ABANDONED' && file.kind === 'rejects' && partition.rowsRejected > 0) return undefined;
      if (partition.status === 'ABANDONED') return { severity: 'INFO', what: 'was left by an attempt that failed' };
      if (partition.isRemoved) return { severity: 'INFO', what: 'should have been removed by retention' };
      if (file.kind === 'rejects' && partition.status === 'SEALED' && partition.rowsRejected === 0) {
        return { severity: 'WARN', what: 'holds rejected records, but the ledger has none of its partition' };
      }
      return undefined;
    }
    case 'build': {
      const dataSet = dataSets.get(file.dataSet);
      if (dataSet === undefined) return { severity: 'WARN', what: 'is not in the publication log' };
      return dataSet.isRemoved ? { severity: 'INFO', what: 'should have been removed by retention' } : undefined;
    }
    case 'staging': {
      const partition = partitions.get(file.loadSeq);
      if (partition?.status === 'STARTED') return undefined;
      return partition === undefined ? unknown : { severity: 'INFO', what: 'is scratch of an attempt that has ended' };
    }
    case 'landed':
    case 'scratch':
      return undefined;
    case 'unknown':
      return unknown;
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0]?.slice(0, 200) ?? '';
}
