import { InvalidInputError, WarehouseAccessError, WarehouseStatementError } from '../../contracts/errors';
import { findPublication, nothingPublished } from '../store/find-publication';
import { AUDIT_TABLES, READ_ONLY } from '../store/store-db';
import type { QueryResult, QueryTarget, RunQuery } from '../warehouse';
import type { SnowflakeConnection } from './connection';
import type { SnowflakeStore } from './publications';
import { statementTag } from './statement-tag';

/** Runs one read-only query on a data set: for the head on what readers open, else on the data set's own database. */
export async function query(
  store: SnowflakeStore,
  target: QueryTarget,
  sql: string,
  signal: AbortSignal | undefined,
): Promise<QueryResult> {
  refuseOthers(sql);
  const found = await store.session((db) => findPublication(db, target), READ_ONLY);
  const asksAudits = AUDIT_TABLES.some((name) => sql.toLowerCase().includes(name));
  if (found === undefined && !asksAudits) throw nothingPublished();
  const { names } = store;
  const database = target.kind === 'head' || found === undefined ? names.shown : names.dataSet(found.dataSet);
  return withDatabase(store, database, (connection) => readOnly(connection, sql), signal);
}

/** Runs several queries on a data set's own database, on one connection. */
export async function queries<T>(
  store: SnowflakeStore,
  target: QueryTarget,
  work: (query: RunQuery) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const found = await store.session((db) => findPublication(db, target), READ_ONLY);
  if (found === undefined) throw nothingPublished();
  const database = store.names.dataSet(found.dataSet);
  return withDatabase(store, database, (connection) => work((sql) => readOnly(connection, sql)), signal);
}

async function withDatabase<T>(
  { account }: SnowflakeStore,
  database: string,
  work: (connection: SnowflakeConnection) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const open = async (connection: SnowflakeConnection) => {
    await connection.run(`use database ${database}`);
    return work(connection);
  };
  return account.withConnection(statementTag('query'), 'read', open, signal);
}

async function readOnly(connection: SnowflakeConnection, sql: string): Promise<QueryResult> {
  refuseOthers(sql);
  try {
    const rows = await connection.rows(sql);
    return { columns: Object.keys(rows[0] ?? {}), rows };
  } catch (error) {
    if (!(error instanceof WarehouseStatementError || error instanceof WarehouseAccessError)) throw error;
    throw new InvalidInputError(`the query failed: ${error.said ?? error.message}.`, { cause: error });
  }
}

/** Snowflake refuses several statements at once, and what begins with SELECT or WITH writes nothing there. */
function refuseOthers(sql: string): void {
  if (sql.trim() === '') throw new InvalidInputError('the query is empty: write one SQL statement.');
  if (/^(\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()*(select|with)\b/i.test(sql)) return;
  throw new InvalidInputError('only queries (SELECT, WITH) may be run here: published data is read-only.');
}
