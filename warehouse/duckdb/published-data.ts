import { existsSync } from 'node:fs';
import { InvalidInputError } from '../../contracts/errors';
import type { DuckDb } from '../../duckdb/connection';
import { sqlString, sqlStringList } from '../../duckdb/sql-text';
import type { QueryTarget } from '../warehouse';
import { selectHead } from './data-sets';
import type { Layout } from './layout';
import { isoTime } from './store-schema';

/** A publication as the log has it. */
export interface Publication {
  publication: number;
  /** The entry whose build it shows. */
  dataSet: number;
  /** Code that built it. */
  codeVersion: string;
  /** ISO 8601, UTC; of a candidate the end of its build. */
  publishedAt: string;
}

/** A relation of an attached data set, in the catalog's own spelling. */
export interface Relation {
  schema: string;
  name: string;
}

/**
 * The publication or candidate that a target names; undefined for the head before the first publication.
 *
 * @param db the store. @throws InvalidInputError when a number is not that of a publication, or retention has dropped its data set.
 */
export async function findPublication(db: DuckDb, target: QueryTarget): Promise<Publication | undefined> {
  const publication = target.kind === 'head' ? (await selectHead(db))?.publication : target.publication;
  if (publication === undefined) return undefined;
  const [row] = await db.rows(
    'select data_set, status, code_version, published_at, built_at, dropped_at from raw.raw_publication where publication = $1',
    [publication],
  );
  if (target.kind === 'candidate') {
    if (row === undefined || row.status === 'BUILDING') {
      throw new InvalidInputError(
        `there is no candidate ${publication} that has ended: \`npx mfg publications\` lists them.`,
      );
    }
  } else if (row?.status !== 'PUBLISHED') {
    throw new InvalidInputError(`there is no publication ${publication}: \`npx mfg publications\` lists them.`);
  }
  refuseDropped(publication, row.dropped_at);
  return {
    publication,
    dataSet: Number(row.data_set),
    codeVersion: String(row.code_version),
    publishedAt: isoTime(row.published_at ?? row.built_at),
  };
}

/** @throws InvalidInputError when retention has dropped the data set of a publication or candidate. */
export function refuseDropped(publication: number, droppedAt: unknown): void {
  if (droppedAt === null || droppedAt === undefined) return;
  throw new InvalidInputError(
    `the data set of publication ${publication} is no longer kept (retention): \`npx mfg publications\` lists what is.`,
  );
}

/** What a reader of the head is told before the first publication. */
export function nothingPublished(): InvalidInputError {
  return new InvalidInputError('nothing is published yet: run `npx mfg ingest` first.');
}

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

/**
 * From here on the database sees what is attached, its partitions and nothing else of the machine, whatever it is asked.
 *
 * @param files further files that it may write.
 */
export async function lockDown(db: DuckDb, layout: Layout, files: readonly string[] = []): Promise<void> {
  await db.run(`set allowed_directories = ${sqlStringList([layout.raw])};
    set allowed_paths = ${sqlStringList(files)};
    set enable_external_access = false; set lock_configuration = true`);
}
