import type { CsvDialect } from '../contracts/source-contract';
import { UnreadableFileError } from '../contracts/errors';

const LF = 10;
const CR = 13;
const NUL = 0;
const BOM = Buffer.from('\uFEFF');

/** More empty lines than this are not the odd stray one: such a file is refused rather than kept in memory. */
const MAX_EMPTY_LINES = 100_000;

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

  private readonly delimiter: number;
  private readonly quote: number;
  private state = State.FieldStart;
  private previous = -1;
  private bytes = 0;
  private recordBytes = 0;
  private records = 0;
  private lines = 0;
  private quoteOpenedInRecord = 0;
  private lfEnds = 0;
  private crlfEnds = 0;
  private readonly emptyLines: number[] = [];

  constructor(
    private readonly name: string,
    dialect: Pick<CsvDialect, 'delimiter' | 'quote'>,
  ) {
    this.delimiter = dialect.delimiter.charCodeAt(0);
    this.quote = dialect.quote.charCodeAt(0);
  }

  /**
   * Takes the next bytes of the file.
   *
   * @throws UnreadableFileError on UTF-16 and NUL bytes.
   */
  add(chunk: Buffer): void {
    this.refuseBinary(chunk);
    let { state, previous, recordBytes } = this;
    const { delimiter, quote } = this;
    const start = this.bytes === 0 && chunk.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
    for (let i = start; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (byte === LF && state !== State.Quoted) {
        this.endLine(previous === CR ? recordBytes - 1 : recordBytes, previous === CR, this.bytes + i + 1);
        recordBytes = 0;
        state = State.FieldStart;
      } else {
        recordBytes++;
        if (previous === CR && state !== State.Quoted) this.refuseLoneReturn();
        if (state === State.Quoted) {
          if (byte === quote) state = State.QuoteInQuoted;
        } else if (byte === delimiter) {
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
    this.bytes += chunk.length;
    Object.assign(this, { state, previous, recordBytes });
  }

  /**
   * Ends the file: a last record without a line end counts too.
   *
   * @throws UnreadableFileError when a quoted field never closed or line ends are mixed.
   */
  finish(): { records: number; emptyLines: number[] } {
    if (this.state === State.Quoted) {
      const where = this.quoteOpenedInRecord === 0 ? 'the header' : `record ${this.quoteOpenedInRecord}`;
      throw new UnreadableFileError(
        `${this.name}: a quoted field that opens in ${where} never closes: correct the quote and deliver the file again.`,
      );
    }
    if (this.previous === CR) this.refuseLoneReturn();
    if (this.recordBytes > 0) this.endLine(this.recordBytes, undefined, this.bytes);
    if (this.lfEnds > 0 && this.crlfEnds > 0) {
      throw new UnreadableFileError(
        `${this.name} mixes line ends (${this.lfEnds} LF, ${this.crlfEnds} CRLF): deliver it with one kind of line end.`,
      );
    }
    return { records: this.records, emptyLines: this.emptyLines };
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
    if (this.headerBytes === 0) {
      this.headerBytes = end;
      return;
    }
    this.lines++;
    if (length > 0) {
      this.records++;
    } else if (this.emptyLines.push(this.lines) > MAX_EMPTY_LINES) {
      throw new UnreadableFileError(
        `${this.name} has more than ${MAX_EMPTY_LINES} empty lines: deliver it without them.`,
      );
    }
  }

  private refuseBinary(chunk: Buffer): void {
    const isUtf16 = (chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff);
    if (this.bytes === 0 && isUtf16) {
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
