import type { CsvDialect } from '../contracts/source-contract';
import { UnreadableFileError } from '../contracts/errors';
import { decodeBytes } from './encoding';

const LF = 10;
const CR = 13;
const NUL = 0;
const EMPTY = Buffer.alloc(0);
const BOM = Buffer.from('\uFEFF');

/** More empty lines than this are not the odd stray one: such a file is refused rather than kept in memory. */
const MAX_EMPTY_LINES = 100_000;

/** A longer record is refused: the reader's buffer does not hold it, and nobody exports it on purpose. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** More records with too many fields than this mean another dialect, not bad records. */
const MAX_SURPLUS_RECORDS = 100_000;

/** A record as it stands in its file. */
export interface NumberedRecord {
  /** Its number in the file, from 1. */
  record: number;
  raw: string;
}

/** A record with more fields than the header: the reader lets one pass whose surplus fields are empty. */
export interface SurplusRecord extends NumberedRecord {
  fields: number;
}

const enum State {
  /** At the start of a field. */
  FieldStart,
  /** In a field without quotes. */
  Bare,
  /** In a quoted field. */
  Quoted,
  /** Just after a quote in a quoted field: its end, or the first half of an escaped quote. */
  QuoteInQuoted,
}

/**
 * Counts the records of a CSV file (RFC 4180) from its bytes, independently of the reader that loads them.
 *
 * A quote opens a quoted field only at the field's start; inside, line ends are data and a doubled quote is a quote.
 * Works on single-byte delimiters in ASCII-compatible encodings, which is what contracts allow.
 */
export class RecordCounter {
  /** Length of the header record with its line end and any byte-order mark; 0 until it has been seen whole. */
  headerBytes = 0;

  private readonly encoding: CsvDialect['encoding'];
  private readonly delimiter: number;
  private readonly quote: number;
  private state = State.FieldStart;
  private previous = -1;
  private bytes = 0;
  private recordBytes = 0;
  private records = 0;
  private headerFields = 0;
  /** Fields of the record that is being read. */
  private fields = 1;
  /** What earlier chunks held of the record that is being read. */
  private carried = EMPTY;
  private readonly surplus: SurplusRecord[] = [];
  private readonly wanted: NumberedRecord[] = [];
  private lines = 0;
  private quoteOpenedInRecord = 0;
  private lfEnds = 0;
  private crlfEnds = 0;
  private readonly emptyLines: number[] = [];

  constructor(
    private readonly name: string,
    dialect: Pick<CsvDialect, 'delimiter' | 'quote' | 'encoding'>,
    /** Numbers of records whose text is kept. */
    private readonly keep: ReadonlySet<number> = new Set(),
  ) {
    this.encoding = dialect.encoding;
    this.delimiter = dialect.delimiter.charCodeAt(0);
    this.quote = dialect.quote.charCodeAt(0);
  }

  /**
   * Takes the next bytes of the file.
   *
   * @throws UnreadableFileError on UTF-16, NUL bytes, lone carriage returns and records that are too long.
   */
  add(chunk: Buffer): void {
    this.refuseBinary(chunk);
    let { state, previous, recordBytes } = this;
    const { delimiter, quote } = this;
    const start = this.bytes === 0 && chunk.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
    let recordStart = start;
    for (let i = start; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (byte === LF && state !== State.Quoted) {
        const length = previous === CR ? recordBytes - 1 : recordBytes;
        this.keepRecord(length, chunk, recordStart, i);
        this.endLine(length, previous === CR, this.bytes + i + 1);
        recordBytes = 0;
        recordStart = i + 1;
        this.carried = EMPTY;
        state = State.FieldStart;
      } else {
        recordBytes++;
        if (previous === CR && state !== State.Quoted) this.refuseLoneReturn();
        if (state === State.Quoted) {
          if (byte === quote) state = State.QuoteInQuoted;
        } else if (byte === delimiter) {
          this.fields++;
          state = State.FieldStart;
        } else if (byte === quote && state !== State.Bare) {
          if (state === State.FieldStart) this.quoteOpenedInRecord = this.records + (this.headerBytes > 0 ? 1 : 0);
          state = State.Quoted;
        } else if (byte !== CR) {
          state = State.Bare;
        }
      }
      previous = byte;
    }
    if (recordBytes > MAX_RECORD_BYTES) {
      throw new UnreadableFileError(
        `${this.name}: record ${this.records + 1} is longer than ${MAX_RECORD_BYTES / 1024 / 1024} MB: correct it, or look ` +
          `for a quote that never closes.`,
      );
    }
    this.carried = Buffer.concat([this.carried, chunk.subarray(recordStart)]);
    this.bytes += chunk.length;
    Object.assign(this, { state, previous, recordBytes });
  }

  /**
   * Ends the file: a last record without a line end counts too.
   *
   * @throws UnreadableFileError when a quoted field never closed or line ends are mixed.
   */
  finish(): { records: number; emptyLines: number[]; surplus: SurplusRecord[]; wanted: NumberedRecord[] } {
    if (this.state === State.Quoted) {
      const where = this.quoteOpenedInRecord === 0 ? 'the header' : `record ${this.quoteOpenedInRecord}`;
      throw new UnreadableFileError(
        `${this.name}: a quoted field that opens in ${where} never closes: correct the quote and deliver the file again.`,
      );
    }
    if (this.previous === CR) this.refuseLoneReturn();
    this.keepRecord(this.recordBytes, EMPTY, 0, 0);
    if (this.recordBytes > 0) this.endLine(this.recordBytes, undefined, this.bytes);
    if (this.lfEnds > 0 && this.crlfEnds > 0) {
      throw new UnreadableFileError(
        `${this.name} mixes line ends (${this.lfEnds} LF, ${this.crlfEnds} CRLF): deliver it with one kind of line end.`,
      );
    }
    return { records: this.records, emptyLines: this.emptyLines, surplus: this.surplus, wanted: this.wanted };
  }

  /** Keeps the text of the record that ends here, when it is surplus or wanted. */
  private keepRecord(length: number, chunk: Buffer, start: number, end: number): void {
    if (this.headerFields === 0 || (length === 0 && this.headerFields > 1)) return;
    const record = this.records + 1;
    const isSurplus = this.fields > this.headerFields;
    if (!isSurplus && !this.keep.has(record)) return;
    const bytes = Buffer.concat([this.carried, chunk.subarray(start, end)]);
    const raw = decodeBytes(bytes, this.encoding).replace(/\r$/, '');
    if (this.keep.has(record)) this.wanted.push({ record, raw });
    if (isSurplus && this.surplus.push({ record, fields: this.fields, raw }) > MAX_SURPLUS_RECORDS) {
      throw new UnreadableFileError(
        `${this.name}: more than ${MAX_SURPLUS_RECORDS} records have more fields than the header: check the delimiter and ` +
          `quote in its contract.`,
      );
    }
  }

  private refuseLoneReturn(): never {
    throw new UnreadableFileError(
      `${this.name}: near record ${this.records + 1} a carriage return stands without a line feed: deliver the file with ` +
        `LF or CRLF line ends, or quote the cell.`,
    );
  }

  private endLine(length: number, crlf: boolean | undefined, end: number): void {
    if (crlf === true) this.crlfEnds++;
    if (crlf === false) this.lfEnds++;
    const { fields } = this;
    this.fields = 1;
    if (this.headerBytes === 0) {
      this.headerBytes = end;
      this.headerFields = fields;
      return;
    }
    this.lines++;
    // In a table of one column an empty line is a record with an empty cell.
    if (length > 0 || this.headerFields === 1) {
      this.records++;
    } else if (this.emptyLines.push(this.lines) > MAX_EMPTY_LINES) {
      throw new UnreadableFileError(
        `${this.name} has more than ${MAX_EMPTY_LINES} empty lines: deliver it without them.`,
      );
    }
  }

  private refuseBinary(chunk: Buffer): void {
    if (this.bytes === 0 && isUtf16(chunk)) {
      throw new UnreadableFileError(`${this.name} is UTF-16: export it as UTF-8, or as the encoding in its contract.`);
    }
    const nul = chunk.indexOf(NUL);
    if (nul >= 0) {
      throw new UnreadableFileError(
        `${this.name} holds a NUL byte at position ${this.bytes + nul}: it is damaged or not a text file; deliver it again.`,
      );
    }
  }
}

/** By its byte-order mark, or by two ASCII characters of two bytes each, which is how a header begins. */
function isUtf16(chunk: Buffer): boolean {
  const [a, b, c, d] = chunk;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return true;
  return (a !== NUL && b === NUL && c !== NUL && d === NUL) || (a === NUL && b !== NUL && c === NUL && d !== NUL);
}
