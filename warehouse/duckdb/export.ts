import { randomUUID } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ExportFailedError, InvalidInputError, TerminalError } from '../../contracts/errors';
import { withDuckDb, type DuckDb } from '../../duckdb/connection';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import { findPublication, nothingPublished, type Publication } from '../store/find-publication';
import type { StoreSession } from '../store/store-db';
import type { ExportFile, ExportResult, QueryTarget } from '../warehouse';
import { csvMetadata, type ExportedColumn } from './csv-metadata';
import { exportTarget, putInPlace, removeAside, type ExportTarget } from './export-target';
import type { Layout } from './layout';
import { attachDataSet, lockDown, publishedRelations, type Relation } from './published-data';

/** The schemas whose relations are exported. */
const LAYERS = ['raw', 'staging', 'core', 'marts'];
/** Sorting goes to the disk beyond this, so that memory does not depend on the relation or on the machine. */
const MEMORY_LIMIT = '1GB';
/** Each thread holds rows of its own: more of them would need more memory. */
const THREADS = '2';

/** What an export says of itself, in Parquet's key-value metadata and in the description of a CSV. */
interface Facts {
  'mfg.relation': string;
  'mfg.publication': number;
  'mfg.published_at': string;
  'mfg.code_version': string;
  'mfg.load_ids': string[];
}

/**
 * Writes a relation of a publication to a file, with one COPY in a database of its own that sees the data set, its partitions,
 * the file to write and nothing else of the machine. Audit tables are those of the publication's build.
 */
export async function exportRelation(
  session: StoreSession,
  layout: Layout,
  target: QueryTarget,
  relation: string,
  file: ExportFile,
  signal: AbortSignal | undefined,
): Promise<ExportResult> {
  const publication = await session((db) => findPublication(db, target));
  if (publication === undefined) throw nothingPublished();
  let place: ExportTarget | undefined;
  try {
    place = await exportTarget(file.path, file.format, layout.stateDir);
    const written = await writeAside(layout, publication, relation, file, place, signal);
    await putInPlace(place);
    return written;
  } catch (error) {
    if (place !== undefined) await removeAside(place);
    if (signal?.aborted || error instanceof TerminalError) throw error;
    const reason = oneLine(error).replaceAll(place?.aside ?? file.path, () => file.path);
    throw new ExportFailedError(`${file.path} was not written: ${reason}`, { cause: error });
  }
}

async function writeAside(
  layout: Layout,
  publication: Publication,
  wanted: string,
  { format }: ExportFile,
  { file, aside, metadata }: ExportTarget,
  signal: AbortSignal | undefined,
): Promise<ExportResult> {
  const settings = {
    threads: THREADS,
    memory_limit: MEMORY_LIMIT,
    temp_directory: path.join(layout.stateDir, `export-${randomUUID()}`),
  };
  const { columns, facts, rows } = await withDuckDb({ path: ':memory:', settings, signal }, async (db) => {
    await attachDataSet(db, layout, publication.dataSet);
    const relation = findRelation(await publishedRelations(db), wanted, publication);
    const columns = await columnsOf(db, relation);
    const facts: Facts = {
      'mfg.relation': `${relation.schema}.${relation.name}`,
      'mfg.publication': publication.publication,
      'mfg.published_at': publication.publishedAt,
      'mfg.code_version': publication.codeVersion,
      'mfg.load_ids': await loadIdsOf(db),
    };
    // Times with a zone are written in UTC, wherever the export is made.
    await db.run("set TimeZone = 'UTC'; use published");
    await lockDown(db, layout, [aside]);
    const copied = format === 'parquet' ? parquetCopy(relation, columns, facts, aside) : csvCopy(relation, aside);
    const [row] = await db.rows(copied);
    return { columns, facts, rows: Number(row?.Count) };
  });
  if (metadata !== undefined) {
    await writeFile(metadata.aside, csvMetadata(file, columns, { ...facts, 'mfg.row_count': rows }));
  }
  return {
    relation: facts['mfg.relation'],
    publication: publication.publication,
    rows,
    bytes: (await stat(aside)).size,
    loadIds: facts['mfg.load_ids'],
    metadataFile: metadata?.file,
  };
}

/** The relation that a name means. The name itself never becomes SQL. */
function findRelation(relations: Relation[], wanted: string, { publication }: Publication): Relation {
  const exported = relations.filter(({ schema }) => LAYERS.includes(schema));
  const name = wanted.toLowerCase();
  const found = exported.find(
    (relation) =>
      `${relation.schema}.${relation.name}`.toLowerCase() === name ||
      (relation.schema === 'marts' && relation.name.toLowerCase() === name),
  );
  if (found !== undefined) return found;
  const namesIn = (layer: string) => exported.filter(({ schema }) => schema === layer).map((relation) => relation.name);
  const asked = LAYERS.find((layer) => layer !== 'marts' && name.startsWith(`${layer}.`));
  const marts = namesIn('marts');
  throw new InvalidInputError(
    [
      `there is no relation '${wanted}' in publication ${publication}: `,
      asked === undefined ? '' : `${asked} has ${namesIn(asked).join(', ') || 'none'}; `,
      `the marts are ${marts.join(', ') || 'none'}.`,
    ].join(''),
  );
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

function parquetCopy(relation: Relation, columns: ExportedColumn[], facts: Facts, file: string): string {
  const metadata = Object.entries(facts).map(
    ([key, value]) =>
      `${sqlString(key)}: ${sqlString(typeof value === 'object' ? JSON.stringify(value) : String(value))}`,
  );
  // Parquet has no 128-bit integers, which is what sum() makes of integers: DuckDB would write floating-point numbers.
  const exact = columns
    .filter(({ type }) => type === 'HUGEINT' || type === 'UHUGEINT')
    .map(({ name }) => `${sqlIdentifier(name)}::decimal(38, 0) as ${sqlIdentifier(name)}`);
  const select = exact.length === 0 ? '*' : `* replace (${exact.join(', ')})`;
  return copy(select, relation, file, `format parquet, compression zstd, kv_metadata {${metadata.join(', ')}}`);
}

/** RFC 4180: a header, CRLF, quotes where they are needed. An empty text is quoted, so that null is what is empty. */
function csvCopy(relation: Relation, file: string): string {
  return copy('*', relation, file, `format csv, header true, new_line '\\r\\n', compression none`);
}

/** All columns order the rows, so that a publication always gives the same bytes. */
function copy(select: string, { schema, name }: Relation, file: string, options: string): string {
  const from = `published.${sqlIdentifier(schema)}.${sqlIdentifier(name)}`;
  return `copy (select ${select} from ${from} order by all) to ${sqlString(file)} (${options}, use_tmp_file false)`;
}

/** DuckDB's messages go on with the statement and an arrow below it. */
function oneLine(error: unknown): string {
  const [line = ''] = (error as Error).message.split('\n');
  return `${line.trim().replace(/\.$/, '')}.`;
}
