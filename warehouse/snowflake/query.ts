import { InvalidInputError, WarehouseAccessError, WarehouseStatementError } from '../../contracts/errors';
import { findPublication, nothingPublished } from '../store/find-publication';
import { AUDIT_TABLES, READ_ONLY } from '../store/store-db';
import type { QueryResult, QueryTarget } from '../warehouse';
import type { SnowflakeStore } from './publications';
import { statementTag } from './statement-tag';

/**
 * Runs one read-only query on a data set: for the head on what readers open, else on the data set's own database. Snowflake refuses
 * several statements at once, and what begins with SELECT or WITH writes nothing there.
 */
export async function query(
  { account, names, session }: SnowflakeStore,
  target: QueryTarget,
  sql: string,
  signal: AbortSignal | undefined,
): Promise<QueryResult> {
  if (sql.trim() === '') throw new InvalidInputError('the query is empty: write one SQL statement.');
  if (!/^(\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()*(select|with)\b/i.test(sql)) {
    throw new InvalidInputError('only queries (SELECT, WITH) may be run here: published data is read-only.');
  }
  const found = await session((db) => findPublication(db, target), READ_ONLY);
  const asksAudits = AUDIT_TABLES.some((name) => sql.toLowerCase().includes(name));
  if (found === undefined && !asksAudits) throw nothingPublished();
  const database = target.kind === 'head' || found === undefined ? names.shown : names.dataSet(found.dataSet);
  return account.withConnection(
    statementTag('query'),
    'read',
    async (connection) => {
      await connection.run(`use database ${database}`);
      try {
        const rows = await connection.rows(sql);
        return { columns: Object.keys(rows[0] ?? {}), rows };
      } catch (error) {
        if (!(error instanceof WarehouseStatementError || error instanceof WarehouseAccessError)) throw error;
        throw new InvalidInputError(`the query failed: ${error.said ?? error.message}.`, { cause: error });
      }
    },
    signal,
  );
}
