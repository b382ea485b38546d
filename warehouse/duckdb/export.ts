import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { DuckDb } from '../../duckdb/connection';
import { lockDown } from '../../duckdb/lock-down';
import { sqlIdentifier } from '../../duckdb/sql-text';
import type { ExportedColumn } from '../export/csv-metadata';
import { findRelation, type Relation } from '../export/find-relation';
import { writeExport } from '../export/write-export';
import { findPublication, nothingPublished } from '../store/find-publication';
import type { StoreSession } from '../store/store-db';
import type { ExportFile, ExportResult, QueryTarget } from '../warehouse';
import type { Layout } from './layout';
import { attachDataSet, publishedRelations } from './published-data';

/**
 * Writes a relation of a publication to a file, in a database of its own that sees the data set, its partitions, the file to
 * write and nothing else of the machine. Audit tables are those of the publication's build.
 */
export async function exportRelation(
  session: StoreSession,
  layout: Layout,
  target: QueryTarget,
  wanted: string,
  file: ExportFile,
  signal: AbortSignal | undefined,
): Promise<ExportResult> {
  const publication = await session((db) => findPublication(db, target));
  if (publication === undefined) throw nothingPublished();
  const { stateDir } = layout;
  const sortFolder = path.join(stateDir, `export-${randomUUID()}`);
  return writeExport({ publication, file, stateDir, sortFolder, signal }, async (db, aside) => {
    await attachDataSet(db, layout, publication.dataSet);
    const relation = findRelation(await publishedRelations(db), wanted, publication.publication);
    const columns = await columnsOf(db, relation);
    const loadIds = await loadIdsOf(db);
    // Times with a zone are written in UTC, wherever the export is made.
    await db.run("set TimeZone = 'UTC'; use published");
    await lockDown(db, { directories: [layout.raw], files: [aside] });
    const from = `published.${sqlIdentifier(relation.schema)}.${sqlIdentifier(relation.name)}`;
    return { relation, from, columns, loadIds, rows: undefined };
  });
}

async function columnsOf(db: DuckDb, { schema, name }: Relation): Promise<ExportedColumn[]> {
  const columns = await db.rows(`describe published.${sqlIdentifier(schema)}.${sqlIdentifier(name)}`);
  const commented = await db.rows(
    `select column_name, comment from duckdb_columns()
     where database_name = 'published' and schema_name = $1 and table_name = $2 and comment is not null`,
    [schema, name],
  );
  const comments = new Map(commented.map((row) => [row.column_name, String(row.comment)]));
  return columns.map((row) => ({
    name: String(row.column_name),
    type: String(row.column_type),
    comment: comments.get(row.column_name),
  }));
}

/** The loads whose partitions the data set holds. */
async function loadIdsOf(db: DuckDb): Promise<string[]> {
  const rows = await db.rows('select distinct load_id from published.raw.current_load order by load_id');
  return rows.map((row) => String(row.load_id));
}
