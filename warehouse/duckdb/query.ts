import { StatementType } from '@duckdb/node-api';
import { InvalidInputError } from '../../contracts/errors';
import { withDuckDb, type DuckDb, type JsonRow } from '../../duckdb/connection';
import { lockDown } from '../../duckdb/lock-down';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import { findPublication, nothingPublished } from '../store/find-publication';
import { AUDIT_TABLES, type StoreDb, type StoreSession } from '../store/store-db';
import type { QueryResult, QueryTarget, RunQuery } from '../warehouse';
import type { Layout } from './layout';
import { attachDataSet, publishedRelations } from './published-data';

/**
 * Runs one read-only query on a data set. Of the head the audit tables are live; before the first publication it sees only those. An
 * earlier publication shows them as of its build.
 */
export async function query(
  session: StoreSession,
  layout: Layout,
  target: QueryTarget,
  sql: string,
  signal: AbortSignal | undefined,
): Promise<QueryResult> {
  if (sql.trim() === '') throw new InvalidInputError('the query is empty: write one SQL statement.');
  const { dataSet, audits } = await session(async (db) => {
    const audits = target.kind === 'head' ? await readAudits(db, sql) : [];
    return { dataSet: (await findPublication(db, target))?.dataSet, audits };
  });
  if (dataSet === undefined && audits.length === 0) throw nothingPublished();
  return withDataSet(layout, dataSet, audits, (db) => readOnly(db, sql), signal);
}

/** Runs several queries on a data set that is opened once; the audit tables are as of its build. */
export async function queries<T>(
  session: StoreSession,
  layout: Layout,
  target: QueryTarget,
  work: (query: RunQuery) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const found = await session((db) => findPublication(db, target));
  if (found === undefined) throw nothingPublished();
  return withDataSet(layout, found.dataSet, [], (db) => work((sql) => readOnly(db, sql)), signal);
}

/** Opens a database of its own that sees the data set, its partitions, live audit tables and nothing else of the machine. */
async function withDataSet<T>(
  layout: Layout,
  dataSet: number | undefined,
  audits: LiveAudit[],
  work: (db: DuckDb) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  return withDuckDb({ path: ':memory:', signal }, async (db) => {
    await db.run(`attach ':memory:' as mfg; create schema mfg.raw`);
    if (dataSet !== undefined) {
      await attachDataSet(db, layout, dataSet);
      await showDataSet(
        db,
        audits.map((audit) => audit.table),
      );
    }
    for (const { table, structure, rows } of audits) {
      await db.run(
        `create table mfg.raw.${table} as
         select unnest(from_json(${sqlString(JSON.stringify(rows))}::json, ${sqlString(structure)}), max_depth := 2)`,
      );
    }
    await db.run('use mfg');
    await lockDown(db, { directories: [layout.raw] });
    return work(db);
  });
}

/** An audit table as it is now. */
interface LiveAudit {
  table: string;
  structure: string;
  rows: JsonRow[];
}

/** Shows every relation of the attached data set under its own name, but for the audit tables that are shown live. */
async function showDataSet(db: DuckDb, live: readonly string[]): Promise<void> {
  const relations = await publishedRelations(db);
  const schemas = new Set(relations.map(({ schema }) => schema));
  for (const schema of schemas) await db.run(`create schema if not exists mfg.${sqlIdentifier(schema)}`);
  for (const { schema, name: relation } of relations) {
    if (schema === 'raw' && live.includes(relation)) continue;
    const name = `${sqlIdentifier(schema)}.${sqlIdentifier(relation)}`;
    await db.run(`create view mfg.${name} as from published.${name}`);
  }
}

/** The live audit tables that a query may name, with their shape: the published file shows them as of its build's end. */
async function readAudits(db: StoreDb, sql: string): Promise<LiveAudit[]> {
  const audits = [];
  for (const table of AUDIT_TABLES.filter((name) => sql.toLowerCase().includes(name))) {
    const columns = await db.rows(`describe raw.${table}`);
    const structure = JSON.stringify([
      Object.fromEntries(columns.map((column) => [String(column.column_name), String(column.column_type)])),
    ]);
    audits.push({ table, structure, rows: await db.rows(`select * from raw.${table}`) });
  }
  return audits;
}

async function readOnly(db: DuckDb, sql: string): Promise<QueryResult> {
  try {
    const statements = await db.connection.extractStatements(sql);
    if (statements.count !== 1)
      throw new InvalidInputError('a query is exactly one SQL statement: leave out the others.');
    const prepared = await statements.prepare(0);
    // EXPLAIN is not among them: EXPLAIN ANALYZE runs what it explains.
    if (prepared.statementType !== StatementType.SELECT) {
      throw new InvalidInputError('only queries (SELECT, WITH, FROM) may be run here: published data is read-only.');
    }
    const reader = await prepared.runAndReadAll();
    return { columns: reader.deduplicatedColumnNames(), rows: reader.getRowObjectsJson() };
  } catch (error) {
    if (error instanceof InvalidInputError) throw error;
    throw new InvalidInputError(`the query failed: ${(error as Error).message}`, { cause: error });
  }
}
