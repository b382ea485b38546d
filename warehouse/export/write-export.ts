import { stat, writeFile } from 'node:fs/promises';
import { ExportFailedError, InvalidInputError, WarehouseLoginError } from '../../contracts/errors';
import { withDuckDb, type DuckDb } from '../../duckdb/connection';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import type { Publication } from '../store/find-publication';
import type { ExportFile, ExportResult } from '../warehouse';
import { csvMetadata, type ExportedColumn } from './csv-metadata';
import { exportTarget, putInPlace, removeAside, type ExportTarget } from './export-target';
import type { Relation } from './find-relation';

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

/** What is to be exported, as the database that writes it sees it. */
export interface ExportSource {
  relation: Relation;
  /** SQL of a FROM clause that gives exactly the columns and rows of the relation. */
  from: string;
  columns: ExportedColumn[];
  /** LOAD_IDs of the loads that the publication holds, in order. */
  loadIds: string[];
  /** Rows that there must be; undefined where none can get lost on the way. */
  rows: number | undefined;
}

/** Where an export comes from and goes to. */
export interface ExportRequest {
  publication: Publication;
  file: ExportFile;
  /** No export may stand in it: the platform's own files. */
  stateDir: string;
  /** A folder for what is sorted on the disk; it need not exist. */
  sortFolder: string;
  signal: AbortSignal | undefined;
}

/**
 * Writes a relation to a file, with one COPY in a database of its own, and puts the file in its place when it is whole.
 *
 * @param open attaches what is exported, and locks the database down to it and to the file, which is written aside first.
 * @throws InvalidInputError, what a login or the signal's reason says; ExportFailedError for whatever else went wrong.
 */
export async function writeExport(
  { publication, file, stateDir, sortFolder, signal }: ExportRequest,
  open: (db: DuckDb, aside: string) => Promise<ExportSource>,
): Promise<ExportResult> {
  let place: ExportTarget | undefined;
  try {
    const { aside } = (place = await exportTarget(file.path, file.format, stateDir));
    const settings = { threads: THREADS, memory_limit: MEMORY_LIMIT, temp_directory: sortFolder };
    const written = await withDuckDb({ path: ':memory:', settings, signal }, async (db) => {
      const source = await open(db, aside);
      return { source, ...(await copyAside(db, source, publication, file, aside)) };
    });
    const result = await describe(written, publication, place);
    await putInPlace(place);
    return result;
  } catch (error) {
    if (place !== undefined) await removeAside(place);
    if (signal?.aborted || error instanceof InvalidInputError || error instanceof WarehouseLoginError) throw error;
    const reason = oneLine(error).replaceAll(place?.aside ?? file.path, () => file.path);
    throw new ExportFailedError(`${file.path} was not written: ${reason}`, { cause: error });
  }
}

async function copyAside(
  db: DuckDb,
  { relation, from, columns, loadIds, rows: expected }: ExportSource,
  publication: Publication,
  { format }: ExportFile,
  aside: string,
): Promise<{ facts: Facts; rows: number }> {
  const facts: Facts = {
    'mfg.relation': `${relation.schema}.${relation.name}`,
    'mfg.publication': publication.publication,
    'mfg.published_at': publication.publishedAt,
    'mfg.code_version': publication.codeVersion,
    'mfg.load_ids': loadIds,
  };
  const [row] = await db.rows(format === 'parquet' ? parquetCopy(from, columns, facts, aside) : csvCopy(from, aside));
  const rows = Number(row?.Count);
  if (expected !== undefined && rows !== expected)
    throw new Error(`${rows} of ${expected} rows arrived: try it again.`);
  return { facts, rows };
}

/** The description of a CSV, and what is said of the export. */
async function describe(
  { source, facts, rows }: { source: ExportSource; facts: Facts; rows: number },
  { publication }: Publication,
  { file, aside, metadata }: ExportTarget,
): Promise<ExportResult> {
  if (metadata !== undefined) {
    await writeFile(metadata.aside, csvMetadata(file, source.columns, { ...facts, 'mfg.row_count': rows }));
  }
  return {
    relation: facts['mfg.relation'],
    publication,
    rows,
    bytes: (await stat(aside)).size,
    loadIds: source.loadIds,
    metadataFile: metadata?.file,
  };
}

function parquetCopy(from: string, columns: ExportedColumn[], facts: Facts, file: string): string {
  const metadata = Object.entries(facts).map(
    ([key, value]) =>
      `${sqlString(key)}: ${sqlString(typeof value === 'object' ? JSON.stringify(value) : String(value))}`,
  );
  // Parquet has no 128-bit integers, which is what sum() makes of integers: DuckDB would write floating-point numbers.
  const exact = columns
    .filter(({ type }) => type === 'HUGEINT' || type === 'UHUGEINT')
    .map(({ name }) => `${sqlIdentifier(name)}::decimal(38, 0) as ${sqlIdentifier(name)}`);
  const select = exact.length === 0 ? '*' : `* replace (${exact.join(', ')})`;
  return copy(select, from, file, `format parquet, compression zstd, kv_metadata {${metadata.join(', ')}}`);
}

/** RFC 4180: a header, CRLF, quotes where they are needed. An empty text is quoted, so that null is what is empty. */
function csvCopy(from: string, file: string): string {
  return copy('*', from, file, `format csv, header true, new_line '\\r\\n', compression none`);
}

/** All columns order the rows, so that a publication always gives the same bytes. */
function copy(select: string, from: string, file: string, options: string): string {
  return `copy (select ${select} from ${from} order by all) to ${sqlString(file)} (${options}, use_tmp_file false)`;
}

/** DuckDB's messages go on with the statement and an arrow below it. */
function oneLine(error: unknown): string {
  const [line = ''] = (error as Error).message.split('\n');
  return `${line.trim().replace(/\.$/, '')}.`;
}
