import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UnreadableFileError } from '../contracts/errors';
import type { CsvDialect } from '../contracts/source-contract';
import { decodeBytes } from '../ingestion/encoding';
import type { Sureness } from './column-finding';
import { NumberCells } from './number-formats';
import { timeFormatsOf } from './time-formats';

/** How a file is written, as far as its bytes tell. */
export interface SniffedFile {
  encoding: CsvDialect['encoding'];
  delimiter: string;
  quote: string;
  lineEnd: 'LF' | 'CRLF';
  hasBom: boolean;
  /** No byte beyond ASCII so far: it may be of any of the encodings. */
  isAscii: boolean;
  /** Header cells in the file's order, trimmed. */
  header: string[];
  sureness: Sureness;
  /** One phrase for people, for each of the above that is not plain to see. */
  remarks: string[];
}

const HEAD_BYTES = 1024 * 1024;
const RECORDS_LOOKED_AT = 1000;
/** In the order in which they are believed when several fit equally well. */
const DELIMITERS = [
  ';',
  '\t',
  ',',
  '|',
  '^',
  '~',
  '\x01',
  '\x1f',
  '\x1e',
  '§',
  '#',
  ':',
  '!',
  '$',
  '&',
  '*',
  '@',
  '/',
  '\\',
];
const QUOTES = ['"', "'"];
/** Bytes that Windows-1252 does not assign: another code page, such as the DOS ones. */
const UNASSIGNED = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/**
 * Finds out how a CSV file is written: encoding from all its bytes; delimiter, quote and header from its first megabyte.
 *
 * @param name the file as people know it, for messages.
 * @throws UnreadableFileError with one sentence when the loader could not read the file whatever its contract says.
 */
export async function sniffFile(file: string, name: string): Promise<SniffedFile> {
  const { head, isWhole, encoding, hasBom, isAscii, remarks } = await readBytes(file, name);
  const text = decodeBytes(head, encoding).replace(/^\uFEFF/, '');
  if (text.trim() === '') throw new UnreadableFileError(`${name} is empty: a CSV file begins with a header line.`);
  if (/^sep=.\r?\n/i.test(text)) {
    throw new UnreadableFileError(
      `${name} begins with Excel's line '${text.slice(0, 5)}': take that line away, so that the header is the first one.`,
    );
  }
  const { delimiter, quote, records, consistency } = splitBest(text, isWhole, name);
  const header = (records[0] ?? []).map((cell) => cell.trim());
  refuseHeader(header, name);
  const lineEnd = /^[^\n]*\r\n/.test(text) ? 'CRLF' : 'LF';
  if (header.length === 1) remarks.push('one column only: no delimiter was found');
  if (consistency < 1)
    remarks.push(`${Math.round(consistency * 100)} % of the first records have as many fields as the header`);
  const sureness = header.length === 1 ? 'guess' : consistency < 1 ? 'likely' : 'sure';
  return { encoding, delimiter, quote, lineEnd, hasBom, isAscii, header, sureness, remarks };
}

interface Bytes {
  /** The first megabyte, unpacked. */
  head: Buffer;
  /** Whether that is all. */
  isWhole: boolean;
  encoding: CsvDialect['encoding'];
  hasBom: boolean;
  isAscii: boolean;
  remarks: string[];
}

async function readBytes(file: string, name: string): Promise<Bytes> {
  const chunks: Buffer[] = [];
  let size = 0;
  let isUtf8 = true;
  const seen = new Uint32Array(256);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of plainBytes(file, name)) {
    if (size < HEAD_BYTES) chunks.push(chunk);
    size += chunk.length;
    for (const byte of chunk) seen[byte] = (seen[byte] ?? 0) + 1;
    isUtf8 &&= decodes(decoder, chunk);
  }
  isUtf8 &&= decodes(decoder);
  const head = Buffer.concat(chunks).subarray(0, HEAD_BYTES);
  refuseUtf16(head, seen, name);
  const hasBom = head.subarray(0, 3).equals(Buffer.from('\uFEFF'));
  const bytes = { head, isWhole: size <= HEAD_BYTES, hasBom };
  const beyond = (from: number, to: number) => seen.subarray(from, to + 1).reduce((sum, count) => sum + count, 0);
  if (isUtf8) {
    const isAscii = beyond(0x80, 0xff) === 0;
    const remarks = isAscii ? ['only ASCII characters so far'] : [];
    return { ...bytes, encoding: 'utf-8', isAscii, remarks };
  }
  const odd = UNASSIGNED.find((byte) => (seen[byte] ?? 0) > 0);
  if (odd !== undefined) {
    throw new UnreadableFileError(
      `${name} is neither UTF-8 nor Latin-1 nor Windows-1252 (it has bytes 0x${odd.toString(16)}): export it as UTF-8.`,
    );
  }
  const isWindows = beyond(0x80, 0x9f) > 0;
  return { ...bytes, encoding: isWindows ? 'windows-1252' : 'latin-1', isAscii: false, remarks: [] };
}

async function* plainBytes(file: string, name: string): AsyncIterable<Buffer> {
  const raw = createReadStream(file, { highWaterMark: HEAD_BYTES });
  try {
    // The callback: who reads hears of an error; without it one that comes between two reads would end the process.
    const isPacked = file.toLowerCase().endsWith('.gz');
    yield* (isPacked ? pipeline(raw, createGunzip(), () => undefined) : raw) as AsyncIterable<Buffer>;
  } catch (error) {
    if (!/^Z_/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new UnreadableFileError(`${name} is not a whole gzip file: ask the source system to send it again.`, {
      cause: error,
    });
  }
}

function decodes(decoder: InstanceType<typeof TextDecoder>, chunk?: Buffer): boolean {
  try {
    decoder.decode(chunk, { stream: chunk !== undefined });
    return true;
  } catch {
    return false;
  }
}

function refuseUtf16(head: Buffer, seen: Uint32Array, name: string): void {
  const hasMark = head.length > 1 && [0xfeff, 0xfffe].includes(head.readUInt16BE(0));
  if (hasMark || (head.length > 3 && (head[1] === 0) !== (head[0] === 0) && head[3] === head[1])) {
    throw new UnreadableFileError(
      `${name} is UTF-16 ("Unicode text" in Excel): export it as UTF-8 ("CSV UTF-8"), which the loader reads.`,
    );
  }
  if ((seen[0] ?? 0) > 0) throw new UnreadableFileError(`${name} holds NUL bytes: it is damaged, or not a text file.`);
}

interface Split {
  delimiter: string;
  quote: string;
  records: string[][];
  /** Share of the records that have as many fields as the header. */
  consistency: number;
}

/** Splits the text in every way that there is and takes the one in which most records have as many fields as the header. */
function splitBest(text: string, isWhole: boolean, name: string): Split {
  const splits: (Split & { quoted: number })[] = [];
  for (const quote of QUOTES.filter((mark) => mark === '"' || text.includes(mark))) {
    for (const delimiter of DELIMITERS.filter((mark) => text.includes(mark))) {
      const { records, quoted } = splitRecords(text, delimiter, quote, isWhole);
      const fields = records[0]?.length ?? 0;
      const same = records.filter((record) => record.length === fields).length;
      splits.push({ delimiter, quote, records, quoted, consistency: same / records.length });
    }
  }
  const several = splits.filter(({ records }) => (records[0]?.length ?? 0) > 1);
  const best = Math.max(0, ...several.map(({ consistency }) => consistency));
  const [chosen] = several
    .filter(({ consistency }) => consistency >= best - 0.02)
    .sort(
      (a, b) =>
        b.quoted - a.quoted ||
        fieldsOf(b) - fieldsOf(a) ||
        DELIMITERS.indexOf(a.delimiter) - DELIMITERS.indexOf(b.delimiter),
    );
  if (chosen !== undefined && chosen.consistency >= 0.5) {
    if (chosen.delimiter !== '§') return chosen;
    throw new UnreadableFileError(
      `${name} has '§' between its fields: export it with an ASCII delimiter, such as ';'.`,
    );
  }
  refuseTitleLines(splits, name);
  const { records } = splitRecords(text, '\0', '"', isWhole);
  return { delimiter: ',', quote: '"', records, consistency: 1 };
}

function fieldsOf({ records }: Split): number {
  return records[0]?.length ?? 0;
}

/** Most records have several fields, but the first one has not: lines of a title stand above the header. */
function refuseTitleLines(splits: Split[], name: string): void {
  for (const { records, delimiter } of splits) {
    const usual = usualCount(records.map((record) => record.length));
    const first = records.findIndex((record) => record.length === usual);
    if (usual > 1 && first > 0 && records.filter((record) => record.length === usual).length > records.length / 2) {
      throw new UnreadableFileError(
        `${name} does not begin with its header: most lines have ${usual} fields between '${delimiter}', line 1 has ` +
          `${records[0]?.length}; take away what stands above the header (the ${first === 1 ? 'first line' : `first ${first} lines`}).`,
      );
    }
  }
}

function usualCount(counts: number[]): number {
  const times = new Map<number, number>();
  for (const count of counts) times.set(count, (times.get(count) ?? 0) + 1);
  return [...times].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}

/** The first records of a text by RFC 4180's rules, whatever the two marks are; empty lines are none. */
export function splitRecords(
  text: string,
  delimiter: string,
  quote: string,
  isWhole = true,
): { records: string[][]; quoted: number } {
  const records: string[][] = [];
  let quoted = 0;
  let fields: string[] = [];
  let field = '';
  let at = 0;
  const endRecord = () => {
    fields.push(field.replace(/\r$/, ''));
    if (fields.length > 1 || fields[0] !== '') records.push(fields);
    fields = [];
    field = '';
  };
  while (at < text.length && records.length < RECORDS_LOOKED_AT) {
    const character = text[at] as string;
    if (character === quote && field === '') {
      const end = endOfQuoted(text, at + 1, quote);
      if (end < 0) return { records, quoted };
      // A lone quote, as in an inch mark, opens nothing that ends before a delimiter or a line end.
      const after = text[end + 1];
      if (after === undefined || after === delimiter || after === '\n' || after === '\r') quoted++;
      field = text.slice(at + 1, end).replaceAll(quote + quote, quote);
      at = end + 1;
      continue;
    }
    if (character === delimiter) {
      fields.push(field);
      field = '';
    } else if (character === '\n') {
      endRecord();
    } else {
      field += character;
    }
    at++;
  }
  // The last record of a text that was cut is cut as well.
  if (at >= text.length && (field !== '' || fields.length > 0) && (isWhole || records.length === 0)) endRecord();
  return { records, quoted };
}

function endOfQuoted(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 2)) {
    if (text[at + 1] !== quote) return at;
  }
  return -1;
}

function refuseHeader(header: string[], name: string): void {
  const lower = header.map((cell) => cell.normalize().toLowerCase());
  const twice = lower.findIndex((cell, index) => lower.indexOf(cell) !== index);
  if (twice >= 0) {
    const cell = header[twice] ?? '';
    const which = cell === '' ? 'more than one column has no name' : `column '${cell.slice(0, 60)}' stands twice`;
    throw new UnreadableFileError(
      `${name}: ${which} in the header: columns are read by their names; give each its own.`,
    );
  }
  if (header.some((cell) => /\{[{%#]/.test(cell))) {
    throw new UnreadableFileError(
      `${name}: a name in the header holds '{{', '{%' or '{#', which dbt would run: rename it.`,
    );
  }
  if (header.filter(isValue).length > header.length / 2) {
    throw new UnreadableFileError(
      `${name} seems to have no header: its first line holds values (${header.slice(0, 3).join(', ').slice(0, 80)}); add a line of column names.`,
    );
  }
}

/** A date, a time or a number with a fraction; whole numbers may be the names of channels or years. */
function isValue(cell: string): boolean {
  const numbers = new NumberCells();
  numbers.add(cell, 1);
  return timeFormatsOf(cell).length > 0 || numbers.best().some(({ fits, fractions }) => fits > 0 && fractions > 0);
}
