import { CHECKSUM_KIND } from '../../contracts/raw-partition';
import { contentsOf, readRecordedState, type RecordedPartition, type RecordedState } from '../store/recorded-state';
import type { Disagreement } from '../warehouse';
import type { SnowflakeConnection } from './connection';
import type { DatabaseNames } from './database-names';
import { hasDatabase, type SnowflakeStore } from './publications';
import { shownEntry } from './publishing';
import { rejectTable, runTable } from './raw-tables';
import { statementTag } from './statement-tag';

const LOST = 'load its date again with `npx mfg ingest --date`, or bring the rows back by time travel';
const SWEEP = '`npx mfg retention` sweeps it';

/** Compares the store with itself, with the rows of every partition, and with every database that it names. Changes nothing. */
export async function reconcile(
  { account, names, session }: SnowflakeStore,
  { checksums }: { checksums: boolean },
): Promise<Disagreement[]> {
  const state = await session((db) => readRecordedState(db));
  const { found, partitions } = state;
  await account.withConnection(statementTag('reconcile'), 'read', async (connection) => {
    found.push(...(await checkRows(connection, names, partitions)));
    found.push(...(await checkDatabases(connection, names, state)));
  });
  if (checksums && partitions.some(({ status }) => status === 'SEALED')) {
    found.push({
      severity: 'INFO',
      what: `checksums of kind ${CHECKSUM_KIND} are made of staged files and cannot be computed by Snowflake: rows were counted`,
      advice: 'nothing to do',
    });
  }
  return found;
}

/** Rows and rejected records of each partition, by what the ledger says. */
async function checkRows(
  connection: SnowflakeConnection,
  names: DatabaseNames,
  partitions: RecordedPartition[],
): Promise<Disagreement[]> {
  const found: Disagreement[] = [];
  const bySeq = new Map(partitions.map((partition) => [partition.loadSeq, partition]));
  const tables = await connection.rows(
    `select table_name from ${names.store}.information_schema.tables where table_schema = 'RAW'`,
  );
  const there = new Set(tables.map((row) => String(row.table_name).toLowerCase()));
  const rejected = await counts(connection, rejectTable(names));
  for (const table of new Set(partitions.map((partition) => partition.table))) {
    const loaded = there.has(`${table}_run`)
      ? await counts(connection, runTable(names, table))
      : new Map<string, number>();
    for (const partition of partitions.filter((one) => one.table === table)) {
      if (partition.status !== 'SEALED' || partition.isRemoved) continue;
      const what = `partition ${partition.loadSeq} of ${table}, ${partition.logicalDate}`;
      const rows = loaded.get(partition.loadSeq) ?? 0;
      const rejects = rejected.get(partition.loadSeq) ?? 0;
      if (rows !== partition.rowsLoaded) {
        found.push({
          severity: 'ERROR',
          what: `${what}: ${rows} rows, the ledger ${partition.rowsLoaded}`,
          advice: LOST,
        });
      }
      if (rejects !== partition.rowsRejected) {
        const said = `${rejects} rejected records, the ledger ${partition.rowsRejected}`;
        found.push({ severity: 'ERROR', what: `${what}: ${said}`, advice: LOST });
      }
    }
    for (const [loadSeq, rows] of loaded) {
      const partition = bySeq.get(loadSeq);
      const what = `${rows} rows of ${table} under _LOAD_SEQ ${loadSeq}`;
      if (partition?.table !== table) {
        found.push({ severity: 'WARN', what: `${what} are not in the ledger`, advice: 'look who wrote them' });
      } else if (partition.status === 'ABANDONED') {
        found.push({ severity: 'INFO', what: `${what} were left by an attempt that failed`, advice: SWEEP });
      } else if (partition.isRemoved) {
        found.push({ severity: 'INFO', what: `${what} should have been removed by retention`, advice: SWEEP });
      }
    }
  }
  return found;
}

async function counts(connection: SnowflakeConnection, table: string): Promise<Map<string, number>> {
  const rows = await connection.rows(`select _load_seq, count(*) as n from ${table} group by _load_seq`);
  return new Map(rows.map((row) => [String(row._load_seq), Number(row.n)]));
}

/** The data sets' databases against the log, what each says of itself, and what readers see. */
async function checkDatabases(
  connection: SnowflakeConnection,
  names: DatabaseNames,
  { head, partitions, dataSets, shown, differences }: RecordedState,
): Promise<Disagreement[]> {
  const found: Disagreement[] = [];
  const missing = new Set<number>();
  for (const { dataSet, status, isDropped } of dataSets) {
    if (isDropped || !['PUBLISHED', 'BUILT', 'HELD', 'SUPERSEDED'].includes(status)) continue;
    if (await hasDatabase(connection, names.dataSet(dataSet))) continue;
    missing.add(dataSet);
    const advice = status === 'PUBLISHED' ? 'build it again with `npx mfg transform`' : 'start its run again';
    found.push({ severity: 'ERROR', what: `data set ${dataSet} is ${status}, but its database is missing`, advice });
  }
  const retired = new Set(partitions.filter(({ isRetired }) => isRetired).map(({ loadSeq }) => loadSeq));
  for (const { dataSet, held } of contentsOf(shown, differences)) {
    for (const [, loadSeq] of held.filter(([, seq]) => retired.has(seq))) {
      const what = `data set ${dataSet} is kept, but its partition ${loadSeq} was retired`;
      found.push({ severity: 'ERROR', what, advice: 'load its date again with `npx mfg ingest --date`' });
    }
    if (missing.has(dataSet)) continue;
    const places = held.map((place) => place.join(' '));
    found.push(...(await checkContents(connection, names.dataSet(dataSet), dataSet, places)));
  }
  const entry = await shownEntry(connection, names);
  if (head !== undefined && entry !== head.publication) {
    found.push({
      severity: 'ERROR',
      what: `readers see entry ${entry ?? 'none'}, but the log says ${head.publication}`,
      advice: 'look who changed the database; the next publication mends it',
    });
  }
  const known = new Set(dataSets.filter(({ isRemoved }) => !isRemoved).map(({ dataSet }) => dataSet));
  for (const row of await connection.rows(`show databases like '${names.pattern}'`)) {
    const parsed = names.parse(String(row.name));
    if (parsed === undefined || parsed.kind === 'ad hoc' || (parsed.kind === 'data set' && known.has(parsed.dataSet)))
      continue;
    const what = parsed.kind === 'next' ? 'was left by a publication' : 'is not in the publication log';
    const severity = parsed.kind === 'next' ? 'INFO' : 'WARN';
    found.push({ severity, what: `database ${String(row.name)} ${what}`, advice: SWEEP });
  }
  return found;
}

/** A data set's own word for what it is and holds, against the log's. */
async function checkContents(
  connection: SnowflakeConnection,
  database: string,
  dataSet: number,
  partitions: string[],
): Promise<Disagreement[]> {
  const advice = 'build again with `npx mfg transform`, and do not go back to it';
  const [own] = await connection.rows(`select publication from ${database}."RAW".current_publication`);
  if (Number(own?.publication) !== dataSet) {
    const what = `database ${database} holds data set ${String(own?.publication)}`;
    return [{ severity: 'ERROR', what, advice }];
  }
  const rows = await connection.rows(
    `select table_name, logical_date::varchar as logical_date, load_seq from ${database}."RAW".current_load`,
  );
  const listed = rows.map((row) => `${String(row.table_name)} ${String(row.logical_date)} ${String(row.load_seq)}`);
  const less = partitions.filter((place) => !listed.includes(place)).sort();
  const more = listed.filter((place) => !partitions.includes(place)).sort();
  if (more.length + less.length === 0) return [];
  const differing = [...less.map((place) => `lacks ${place}`), ...more.map((place) => `shows ${place}`)];
  const what = `data set ${dataSet} is not what the log says: it ${differing.slice(0, 5).join(', ')}`;
  return [{ severity: 'ERROR', what, advice }];
}
