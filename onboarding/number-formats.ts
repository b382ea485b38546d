import { THOUSANDS_MARKS, type CsvDialect } from '../contracts/source-contract';

/** A way to write numbers. */
export interface NumberFormat {
  decimalMark: CsvDialect['decimal_mark'];
  thousandsMark: CsvDialect['thousands_mark'];
}

/** What a column's cells say of one way to write numbers. Counts are of cells. */
export interface NumberEvidence {
  format: NumberFormat;
  fits: number;
  /** Cells with a decimal mark. */
  fractions: number;
  /** Cells with a thousands mark. */
  groups: number;
  example: string | undefined;
}

const FORMATS = (['.', ','] as const).flatMap((decimalMark) =>
  [undefined, ...THOUSANDS_MARKS]
    .filter((thousandsMark) => thousandsMark !== decimalMark)
    .map((thousandsMark) => ({ decimalMark, thousandsMark, pattern: patternOf(decimalMark, thousandsMark) })),
);

/** Plain digits fit every format. Nine digits are the most that staging takes for a number. */
const WHOLE = /^[+-]?0*\d{1,9}$/;
const MORE_THAN_DIGITS = /^[+-]?[\d.,][\d., \u00a0\u202f'\u2019]*$/;

/** Counts, for each way to write numbers, the cells that are numbers so: the same rules as the staging macro `number_cell`. */
export class NumberCells {
  /** Cells of digits only. */
  private whole = 0;
  private wholeExample: string | undefined;
  /** Cells of digits that begin with a zero which means something: codes, not numbers. */
  leadingZeros = 0;
  leadingZeroExample: string | undefined;
  /** Cells of more digits than a number may have. */
  tooLong = 0;
  tooLongExample: string | undefined;
  private readonly marked = FORMATS.map(({ decimalMark, thousandsMark }): NumberEvidence => {
    return { format: { decimalMark, thousandsMark }, fits: 0, fractions: 0, groups: 0, example: undefined };
  });

  add(cell: string, count: number): void {
    if (/^\d+$/.test(cell) && /^0\d/.test(cell)) {
      this.leadingZeros += count;
      this.leadingZeroExample ??= cell;
    }
    if (WHOLE.test(cell)) {
      this.whole += count;
      this.wholeExample ??= cell;
    } else if (/^[+-]?\d+$/.test(cell)) {
      this.tooLong += count;
      this.tooLongExample ??= cell;
    } else if (MORE_THAN_DIGITS.test(cell)) {
      for (const [index, { decimalMark, thousandsMark, pattern }] of FORMATS.entries()) {
        if (!pattern.test(cell)) continue;
        const evidence = this.marked[index] as NumberEvidence;
        evidence.fits += count;
        if (cell.includes(decimalMark)) evidence.fractions += count;
        if (thousandsMark !== undefined && cell.includes(thousandsMark)) evidence.groups += count;
        evidence.example ??= cell;
      }
    }
  }

  /** The ways that most cells fit, the plainest first; several when the cells do not tell them apart. */
  best(): NumberEvidence[] {
    const most = Math.max(...this.marked.map(({ fits }) => fits));
    const best = this.marked
      .filter(({ fits, groups, format }) => fits === most && (format.thousandsMark === undefined || groups > 0))
      .map((evidence) => ({
        ...evidence,
        fits: evidence.fits + this.whole,
        example: evidence.example ?? this.wholeExample,
      }));
    // Without a mark in any cell, it does not matter which mark it would be.
    return most === 0 ? best.slice(0, 1) : best;
  }
}

function patternOf(decimalMark: string, thousandsMark: string | undefined): RegExp {
  const groups = thousandsMark === undefined ? '' : `|[1-9]\\d{0,2}([${thousandsMark}]\\d{3}){1,2}`;
  return new RegExp(`^[+-]?(0*\\d{1,9}${groups})([${decimalMark}]\\d+)?$`);
}
