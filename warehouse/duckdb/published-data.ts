import { existsSync } from 'node:fs';
import { InvalidInputError } from '../../contracts/errors';
import type { DuckDb } from '../../duckdb/connection';
import { sqlString } from '../../duckdb/sql-text';
import type { Relation } from '../export/find-relation';
import type { Layout } from './layout';

/**
 * Attaches a data set read-only.
 *
 * @throws InvalidInputError when its database is not there.
 */
export async function attachDataSet(
  db: DuckDb,
  layout: Layout,
  dataSet: number,
  name: 'published' | 'before' | 'after' = 'published',
): Promise<void> {
  const file = layout.database(dataSet);
  if (!existsSync(file)) {
    throw new InvalidInputError(
      `the data set ${dataSet} has no database any more: \`npx mfg publications\` lists them.`,
    );
  }
  await db.run(`attach ${sqlString(file)} as ${name} (read_only)`);
}

/** Every table and view of the attached data set. */
export async function publishedRelations(db: DuckDb): Promise<Relation[]> {
  const relations = await db.rows(
    `select schema_name, view_name as relation from duckdb_views() where database_name = 'published' and not internal
     union select schema_name, table_name from duckdb_tables() where database_name = 'published'
     order by all`,
  );
  return relations.map((row) => ({ schema: String(row.schema_name), name: String(row.relation) }));
}
