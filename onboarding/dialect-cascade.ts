import type { CellFormat, CsvDialect } from '../contracts/source-contract';
import { MONTH_NAMES } from './languages';
import type { SniffedFile } from './sniff';
import type { Survey, SurveyedColumn, SurveyedTable } from './survey';

/** The `csv` settings of a draft: the system's, and what tables and columns write otherwise. */
export interface DialectCascade {
  system: CsvDialect;
  /** By table. */
  tables: Map<string, Partial<CsvDialect>>;
  /** By table and column. */
  columns: Map<string, Map<string, Partial<CellFormat>>>;
}

/** Null tokens that every draft has: what spreadsheets write for a missing value. */
const USUAL_NULL_TOKENS = ['N/A', '#N/A'];
const USUAL_FORMATS = { date_format: '%Y-%m-%d', timestamp_format: '%Y-%m-%d %H:%M:%S', time_format: '%H:%M' } as const;
const YES = ['true', 'yes', '1'];
const NO = ['false', 'no', '0'];

/** Says each setting once, for as many columns as share it: the most common one for the system, the others where they differ. */
export function cascadeDialect({ tables }: Survey): DialectCascade {
  const all = tables.flatMap(({ columns }) => columns);
  const nothing = new Set([...USUAL_NULL_TOKENS, ...all.flatMap((column) => column.nothing)]);
  const written = tables.map((table) => table.written);
  const system: CsvDialect = {
    delimiter: mostCommon(written.map(({ delimiter }) => delimiter)) ?? ',',
    quote: mostCommon(written.map(({ quote }) => quote)) ?? '"',
    encoding: commonEncoding(written),
    decimal_mark: '.',
    null_tokens: [...nothing],
    date_format: USUAL_FORMATS.date_format,
    timestamp_format: USUAL_FORMATS.timestamp_format,
    ...commonFormat(all),
  };
  if (system.time_format === USUAL_FORMATS.time_format) delete system.time_format;
  const cascade: DialectCascade = { system, tables: new Map(), columns: new Map() };
  for (const table of tables) {
    const { delimiter, quote } = table.written;
    const encoding = fits(table.written, system.encoding) ? system.encoding : table.written.encoding;
    const own = differences({ delimiter, quote, encoding, ...commonFormat(table.columns) }, system);
    cascade.tables.set(table.name, own);
    cascade.columns.set(table.name, columnFormats(table, { ...system, ...own }));
  }
  return cascade;
}

function columnFormats({ columns }: SurveyedTable, inherited: CsvDialect): Map<string, Partial<CellFormat>> {
  return new Map(
    columns.map((column) => {
      const { words, nothing } = column.format;
      const own = differences(needsOf(column), inherited);
      const format: Partial<CellFormat> = {
        ...own,
        ...(nothing && { null_tokens: [...inherited.null_tokens, ...nothing] }),
        ...(words && !YES.includes(words.yes) && { true_tokens: [words.yes] }),
        ...(words && !NO.includes(words.no) && { false_tokens: [words.no] }),
      };
      return [column.name, format];
    }),
  );
}

/** The settings that a column's cells need to be cast. */
function needsOf({ type, format }: SurveyedColumn): Partial<CellFormat> {
  const { number, time, language } = format;
  return {
    ...(number && { decimal_mark: number.decimalMark, thousands_mark: number.thousandsMark ?? null }),
    ...(time !== undefined && type === 'date' && { date_format: time }),
    ...(time !== undefined && type === 'timestamp' && { timestamp_format: time }),
    ...(time !== undefined && type === 'time' && { time_format: time }),
    ...(language !== undefined && { month_names: MONTH_NAMES[language] }),
  };
}

/** The most common of each setting that any of the columns needs. */
function commonFormat(columns: SurveyedColumn[]): Partial<CellFormat> {
  const needs = columns.map(needsOf);
  const common: Record<string, unknown> = {};
  for (const name of new Set(needs.flatMap((need) => Object.keys(need) as (keyof CellFormat)[]))) {
    // A mark between thousands is no harm to the numbers that are without, as long as their decimal mark is another.
    const asked = needs.filter((need) => name in need && !(name === 'thousands_mark' && need[name] === null));
    const value = mostCommon(asked.map((need) => JSON.stringify(need[name])));
    if (value !== undefined) common[name] = JSON.parse(value);
  }
  if (common.thousands_mark === common.decimal_mark) delete common.thousands_mark;
  return common;
}

function differences<T extends Partial<CsvDialect>>(wanted: T, inherited: CsvDialect): Partial<T> {
  const differs = Object.entries(wanted).filter(([name, value]) => {
    const standing = inherited[name as keyof CsvDialect] ?? (name === 'time_format' ? USUAL_FORMATS.time_format : null);
    if (name === 'thousands_mark' && value === null) {
      // Inherited groups are no harm, unless their mark is this column's decimal mark.
      return standing !== null && standing === (wanted.decimal_mark ?? inherited.decimal_mark);
    }
    return JSON.stringify(value) !== JSON.stringify(standing);
  });
  return Object.fromEntries(differs) as Partial<T>;
}

function commonEncoding(written: SniffedFile[]): CsvDialect['encoding'] {
  const telling = written.filter(({ isAscii }) => !isAscii).map(({ encoding }) => encoding);
  const common = mostCommon(telling) ?? 'utf-8';
  // One file with a euro sign: the others are of the same system, and have only not had one yet.
  return common === 'latin-1' && telling.includes('windows-1252') ? 'windows-1252' : common;
}

/** ASCII is all of them; Latin-1 without control characters is Windows-1252 as well. */
function fits({ encoding, isAscii }: SniffedFile, other: CsvDialect['encoding']): boolean {
  return isAscii || encoding === other || (encoding === 'latin-1' && other === 'windows-1252');
}

function mostCommon<T>(values: T[]): T | undefined {
  const times = new Map<T, number>();
  for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
  return [...times].sort((a, b) => b[1] - a[1])[0]?.[0];
}
