import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Readable, Writable } from 'node:stream';
import { parseString } from 'fast-csv';
import type { CsvDialect, SourceTable } from '../contracts/source-contract';
import { UnreadableFileError } from '../contracts/errors';
import type { SchemaDrift } from '../contracts/schema-drift';
import { decodeBytes } from './encoding';
import { matchHeader, type FileColumn } from './header';
import { RecordCounter, type NumberedRecord, type SurplusRecord } from './record-counter';
import { Utf8Evidence } from './utf8-evidence';

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
  /** The header's columns, in the file's order. */
  columns: FileColumn[];
  /** How the header differs from the contract. */
  drift: SchemaDrift[];
}

/** One file of a delivery, after its preflight. */
export interface InspectedFile {
  /** Absolute path. */
  file: string;
  /** As recorded in `_SOURCE_FILE`. */
  name: string;
  preflight: Preflight;
}

/** A header longer than this is not a header. */
const MAX_HEADER_BYTES = 1024 * 1024;
const READ_CHUNK_BYTES = 1024 * 1024;
/** A gzip file that unpacks to more than this, and to more than so many times its size, is a trap or a fault, not an export. */
const UNPACKED_BYTES = 64 * 1024 * 1024;
const UNPACKED_RATIO = 200;

/**
 * Reads a file once, as bytes, and finds what the CSV reader would pass over in silence: a truncated gzip, NUL bytes, UTF-16,
 * UTF-8 where Latin-1 is described, mixed line ends, a quoted field that never closes, a header that breaks the contract. Counts
 * the records by itself, so that the reader's result can be reconciled. Memory does not grow with the file.
 *
 * @param file absolute path of the bytes. @param name the file as it was delivered, `.csv` or `.csv.gz`, for messages.
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
  const utf8 = table.csv.encoding !== 'utf-8' ? new Utf8Evidence() : undefined;
  let head = Buffer.alloc(0);
  const seen = { raw: 0, plain: 0 };
  const onRaw = (chunk: Buffer) => {
    hash.update(chunk);
    seen.raw += chunk.length;
  };
  await readPlain(file, name, signal, onRaw, (chunk) => {
    seen.plain += chunk.length;
    if (seen.plain > UNPACKED_BYTES && seen.plain > seen.raw * UNPACKED_RATIO) throw inflates(name);
    if (counter.headerBytes === 0) head = Buffer.concat([head, chunk]);
    counter.add(chunk);
    utf8?.add(chunk);
    if (counter.headerBytes === 0 && head.length > MAX_HEADER_BYTES) throw noHeader(name);
  });
  const { records, emptyLines, surplus } = counter.finish();
  if (utf8?.isUtf8() === true) {
    throw new UnreadableFileError(
      `${name} is UTF-8, but its contract says ${table.csv.encoding}: correct the 'encoding' of its csv dialect, or export it as described.`,
    );
  }
  const header = contractNames(await readHeader(head.subarray(0, counter.headerBytes), name, table.csv), table);
  const { columns, drift } = matchHeader(header, name, table);
  return { sha256: hash.digest('hex'), sizeBytes: seen.raw, records, emptyLines, surplus, columns, drift };
}

/**
 * Raw text of some of a file's records.
 *
 * @param records their numbers. @returns in the file's order.
 * @throws UnreadableFileError as `preflight`.
 */
export async function readRecords(
  file: string,
  name: string,
  dialect: CsvDialect,
  records: ReadonlySet<number>,
): Promise<NumberedRecord[]> {
  const counter = new RecordCounter(name, dialect, records);
  await readPlain(
    file,
    name,
    undefined,
    () => undefined,
    (chunk) => counter.add(chunk),
  );
  return counter.finish().wanted;
}

/** Reads a file once: `onRaw` gets its bytes as delivered, `onPlain` the same bytes unpacked. What they throw ends it. */
async function readPlain(
  file: string,
  name: string,
  signal: AbortSignal | undefined,
  onRaw: (chunk: Buffer) => void,
  onPlain: (chunk: Buffer) => void,
): Promise<void> {
  const tapped = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      onRaw(chunk);
      yield chunk;
    }
  };
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      try {
        onPlain(chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  const raw = Readable.from(tapped(createReadStream(file, { highWaterMark: READ_CHUNK_BYTES })), { objectMode: false });
  try {
    if (name.toLowerCase().endsWith('.gz')) await pipeline(raw, createGunzip(), sink, { signal });
    else await pipeline(raw, sink, { signal });
  } catch (error) {
    throw asUnreadable(error, name);
  }
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
  const text = decodeBytes(head, dialect.encoding).replace(/^\uFEFF/, '');
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

/** The header with the contract's names in place of the files' own (`source_name`), which may come in any case. */
function contractNames(header: string[], table: SourceTable): string[] {
  const names = new Map<string, string>();
  for (const { name, sourceName } of table.columns) {
    if (sourceName !== undefined) names.set(sourceName.normalize().toLowerCase(), name);
  }
  return header.map((cell) => names.get(cell.normalize().toLowerCase()) ?? cell);
}

function noHeader(name: string): UnreadableFileError {
  return new UnreadableFileError(
    `${name} has no line end in its first ${MAX_HEADER_BYTES} bytes: it is not a CSV file.`,
  );
}

function inflates(name: string): UnreadableFileError {
  return new UnreadableFileError(
    `${name} unpacks to more than ${UNPACKED_RATIO} times its size: it is not unpacked any further; deliver it as plain CSV if it is meant so.`,
  );
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
