import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Readable, Writable } from 'node:stream';
import { parseString } from 'fast-csv';
import type { CsvDialect, SourceTable } from '../contracts/source-contract';
import { HeaderMismatchError, UnreadableFileError } from '../contracts/errors';
import { RecordCounter, type SurplusRecord } from './record-counter';

/** What the bytes of a file say before any CSV reader is trusted with them. */
export interface Preflight {
  /** Hex SHA-256 of the file as delivered. */
  sha256: string;
  sizeBytes: number;
  /** Data records: the header and empty lines are not counted. */
  records: number;
  /** 1-based positions, among all lines after the header, of empty lines: readers count them, we do not. */
  emptyLines: number[];
  /** Records with more fields than the header. */
  surplus: SurplusRecord[];
  /** Header names in the file's order, trimmed. */
  header: string[];
}

/** A header longer than this is not a header. */
const MAX_HEADER_BYTES = 1024 * 1024;
const READ_CHUNK_BYTES = 1024 * 1024;

/**
 * Reads a file once, as bytes, and finds what the CSV reader would pass over in silence: a truncated gzip, NUL bytes, UTF-16,
 * mixed line ends, a quoted field that never closes, a header that breaks the contract. Counts the records by itself, so
 * that the reader's result can be reconciled. Memory does not grow with the file.
 *
 * @param file absolute path, `.csv` or `.csv.gz`. @param name the file as people know it, for messages.
 * @throws UnreadableFileError, HeaderMismatchError (both terminal) naming the file and what to do.
 */
export async function preflight(
  file: string,
  name: string,
  table: SourceTable,
  signal?: AbortSignal,
): Promise<Preflight> {
  const hash = createHash('sha256');
  const counter = new RecordCounter(name, table.csv);
  let sizeBytes = 0;
  let head = Buffer.alloc(0);
  const raw = createReadStream(file, { highWaterMark: READ_CHUNK_BYTES });
  const fingerprint = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      yield chunk;
    }
  };
  const count = new Writable({
    write(chunk: Buffer, _encoding, done) {
      try {
        if (counter.headerBytes === 0) head = Buffer.concat([head, chunk]);
        counter.add(chunk);
        if (counter.headerBytes === 0 && head.length > MAX_HEADER_BYTES) throw noHeader(name);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  try {
    const plain = Readable.from(fingerprint(raw), { objectMode: false });
    if (file.toLowerCase().endsWith('.gz')) await pipeline(plain, createGunzip(), count, { signal });
    else await pipeline(plain, count, { signal });
  } catch (error) {
    throw asUnreadable(error, name);
  }
  const { records, emptyLines, surplus } = counter.finish();
  const header = await readHeader(head.subarray(0, counter.headerBytes), name, table.csv);
  checkHeader(header, name, table);
  return { sha256: hash.digest('hex'), sizeBytes, records, emptyLines, surplus, header };
}

/** SHA-256 and size of a file as delivered. */
export async function fingerprintFile(
  file: string,
  signal?: AbortSignal,
): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: READ_CHUNK_BYTES, signal })) {
    hash.update(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** Parses the header record with the file's dialect; an empty file has none. */
async function readHeader(head: Buffer, name: string, dialect: CsvDialect): Promise<string[]> {
  const text = head.toString(dialect.encoding === 'latin-1' ? 'latin1' : 'utf8').replace(/^\uFEFF/, '');
  if (text !== '' && text.trim() === '') {
    throw new UnreadableFileError(`${name} begins with an empty line: its first line must be the header.`);
  }
  if (text === '') {
    throw new UnreadableFileError(
      `${name} is empty: a delivery needs at least the header line; ask the source system to export it again.`,
    );
  }
  return new Promise((resolve, reject) => {
    const parser = parseString(text, {
      delimiter: dialect.delimiter,
      quote: dialect.quote,
      escape: dialect.quote,
      maxRows: 1,
    });
    parser
      .on('error', (error) => reject(new UnreadableFileError(`${name}: the header cannot be read: ${error.message}.`)))
      .on('data', (row: string[]) => resolve(row.map((cell) => cell.trim())))
      .on('end', () => reject(new UnreadableFileError(`${name}: the header cannot be read.`)));
  });
}

/** Names may come in any order and any case; none may be missing, new or doubled. */
function checkHeader(header: string[], name: string, table: SourceTable): void {
  const found = header.map((column) => column.toLowerCase());
  const doubled = found.find((column, index) => found.indexOf(column) !== index);
  if (doubled !== undefined) throw new HeaderMismatchError(`${name}: column '${doubled}' stands twice in the header.`);
  const expected = table.columns.map((column) => column.name);
  const missing = expected.filter((column) => !found.includes(column));
  const unknown = found.filter((column) => !expected.includes(column));
  if (missing.length === 0 && unknown.length === 0) return;
  const parts = [
    ...(missing.length > 0 ? [`lacks ${missing.map(quoteName).join(', ')}`] : []),
    ...(unknown.length > 0 ? [`has ${unknown.slice(0, 10).map(quoteName).join(', ')}, not described`] : []),
  ];
  throw new HeaderMismatchError(
    `${name}: the header ${parts.join(' and ')}: correct the file, or describe the change in ` +
      `dbt/models/staging/${table.system}/_${table.system}__sources.yml.`,
  );
}

function noHeader(name: string): UnreadableFileError {
  return new UnreadableFileError(
    `${name} has no line end in its first ${MAX_HEADER_BYTES} bytes: it is not a CSV file.`,
  );
}

function quoteName(column: string): string {
  return `'${column.slice(0, 60)}'`;
}

function asUnreadable(error: unknown, name: string): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'Z_BUF_ERROR' || code === 'Z_DATA_ERROR') {
    return new UnreadableFileError(
      `${name} is not a whole gzip file (${(error as Error).message}): ask the source system to send it again.`,
      { cause: error },
    );
  }
  return error;
}
