import { MONTH_NAMES } from './languages';

/** A way to write dates, timestamps or times. */
export interface TimeFormat {
  type: 'date' | 'timestamp' | 'time';
  /** strftime notation, as contracts have it. */
  format: string;
  /** Of the months' names, when the format has them. */
  language: string | undefined;
}

/** What a column's cells say of one way to write times. */
export interface TimeEvidence extends TimeFormat {
  /** Cells. */
  fits: number;
  example: string;
}

const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:([.,])\d{1,6})?)?( ?)([AaPp][Mm])?$/;
const ZONE = /(Z|[+-]\d{2}:\d{2}|[+-]\d{4})$/;
const NUMERIC = /^(\d{1,2})([./-]|\. )(\d{1,2})\2(\d{4}|\d{2})(?!\d)/;
const YEAR_FIRST = /^(\d{4})([./-])(\d{1,2})\2(\d{1,2})(?!\d)/;
const COMPACT = /^((?:19|20)\d{2})(\d{2})(\d{2})(?:(T| )?(\d{2})(\d{2})(\d{2}))?$/;
const DAY_AND_NAME = /^(\d{1,2})(\. |[./ -]?)(\p{L}{3,12})(\. |\.-|, |[./ -]?)(\d{4}|\d{2})(?!\d)/u;
const NAME_AND_DAY = /^(\p{L}{3,12})(\. | )(\d{1,2})(, | )(\d{4})(?!\d)/u;
const NAME_AND_YEAR = /^(\p{L}{3,12})(\. |\.-|[./ -])(\d{4}|\d{2})$/u;

/** Month numbers by name, for each language. */
const MONTHS = Object.entries(MONTH_NAMES).map(([language, names]) => {
  const numbers = names.flatMap((spellings, index) => spellings.map((name) => [name, index + 1] as const));
  return { language, numbers: new Map(numbers) };
});

/** Counts, for each way to write dates and times, the cells that are written so. */
export class TimeCells {
  private readonly found = new Map<string, TimeEvidence>();

  add(cell: string, count: number): void {
    for (const { type, format, language } of timeFormatsOf(cell)) {
      const key = `${format} ${language ?? ''}`;
      const evidence = this.found.get(key);
      if (evidence === undefined) this.found.set(key, { type, format, language, fits: count, example: cell });
      else evidence.fits += count;
    }
  }

  /** The ways that most cells fit; several when the cells do not tell them apart. */
  best(): TimeEvidence[] {
    const most = Math.max(0, ...[...this.found.values()].map(({ fits }) => fits));
    return most === 0 ? [] : [...this.found.values()].filter(({ fits }) => fits === most);
  }
}

/** Every way in which a text is a date, a timestamp or a time of day that exists. */
export function timeFormatsOf(cell: string): TimeFormat[] {
  if (cell.length < 4 || cell.length > 40 || !/\d/.test(cell)) return [];
  const clock = clockFormat(cell);
  if (clock !== undefined) return [{ type: 'time', format: clock, language: undefined }];
  return [...compact(cell), ...numeric(cell), ...named(cell)];
}

/** The format of a time of day; undefined when it is none. */
function clockFormat(text: string): string | undefined {
  const match = CLOCK.exec(text);
  if (match === null) return undefined;
  const [, hour = '', minute = '', second, fraction, blank = '', half] = match;
  if (Number(minute) > 59 || Number(second ?? 0) > 59) return undefined;
  if (half === undefined ? Number(hour) > 23 || blank !== '' : Number(hour) < 1 || Number(hour) > 12) return undefined;
  const seconds = second === undefined ? '' : `:%S${fraction === undefined ? '' : `${fraction}%f`}`;
  return half === undefined ? `%H:%M${seconds}` : `%I:%M${seconds}${blank}%p`;
}

function compact(cell: string): TimeFormat[] {
  const match = COMPACT.exec(cell);
  if (match === null) return [];
  const [, year = '', month = '', day = '', separator = '', hour, minute, second] = match;
  if (!exists(year, Number(month), day)) return [];
  if (hour === undefined) return [{ type: 'date', format: '%Y%m%d', language: undefined }];
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return [];
  return [{ type: 'timestamp', format: `%Y%m%d${separator}%H%M%S`, language: undefined }];
}

function numeric(cell: string): TimeFormat[] {
  const yearFirst = YEAR_FIRST.exec(cell);
  if (yearFirst !== null) {
    const [whole, year = '', mark, month, day = ''] = yearFirst;
    return exists(year, Number(month), day) ? withRest(cell, whole, `%Y${mark}%m${mark}%d`) : [];
  }
  const match = NUMERIC.exec(cell);
  if (match === null) return [];
  const [whole, first = '', mark = '', second = '', year = ''] = match;
  const y = year.length === 4 ? '%Y' : '%y';
  // 26-03-11 is written; 26.03.11 and 26/03/11 hardly are.
  const yearBefore = mark === '-' && year.length === 2 && first.length === 2 && exists(first, Number(second), year);
  return [
    ...(exists(year, Number(second), first) ? withRest(cell, whole, `%d${mark}%m${mark}${y}`) : []),
    ...(exists(year, Number(first), second) ? withRest(cell, whole, `%m${mark}%d${mark}${y}`) : []),
    ...(yearBefore ? withRest(cell, whole, `%y${mark}%m${mark}%d`) : []),
  ];
}

/** Dates with the month's name, in every language that has it. */
function named(cell: string): TimeFormat[] {
  const read = (pattern: RegExp) => pattern.exec(cell);
  const dayFirst = read(DAY_AND_NAME);
  if (dayFirst !== null) {
    const [whole, day = '', before = '', name = '', after = '', year = ''] = dayFirst;
    return inLanguages(name, year, day).flatMap((language) =>
      withRest(cell, whole, `%d${before}%b${stop(after)}${yearOf(year)}`, language),
    );
  }
  const nameFirst = read(NAME_AND_DAY);
  if (nameFirst !== null) {
    const [whole, name = '', after = '', day = '', mark = '', year = ''] = nameFirst;
    return inLanguages(name, year, day).flatMap((language) =>
      withRest(cell, whole, `%b${stop(after)}%d${mark}${yearOf(year)}`, language),
    );
  }
  const [, name = '', after = '', year = ''] = read(NAME_AND_YEAR) ?? [];
  return inLanguages(name, year, '1').map((language) => {
    return { type: 'date', format: `%b${stop(after)}${yearOf(year)}`, language };
  });
}

function inLanguages(name: string, year: string, day: string): string[] {
  return MONTHS.flatMap(({ language, numbers }) => {
    const month = numbers.get(name.toLowerCase());
    return month !== undefined && exists(year, month, day) ? [language] : [];
  });
}

/** An abbreviation's full stop is not the format's: staging takes it off with the name. */
function stop(mark: string): string {
  return mark.length === 2 && mark.startsWith('.') ? mark.slice(1) : mark;
}

function yearOf(year: string): string {
  return year.length === 4 ? '%Y' : '%y';
}

/** A date's format with that of the time of day and the offset that follow it. */
function withRest(cell: string, date: string, format: string, language?: string): TimeFormat[] {
  const rest = cell.slice(date.length);
  if (rest === '') return [{ type: 'date', format, language }];
  const [, separator, text = ''] = /^(T| - |, | )(.+)$/.exec(rest) ?? [];
  if (separator === undefined) return [];
  const zone = ZONE.exec(text);
  const local = zone === null ? text : text.slice(0, zone.index).trimEnd();
  const clock = clockFormat(local);
  if (clock === undefined) return [];
  const blank = zone === null ? '' : ' '.repeat(zone.index - local.length);
  return [{ type: 'timestamp', format: `${format}${separator}${clock}${zone === null ? '' : `${blank}%z`}`, language }];
}

function exists(year: string, month: number, day: string): boolean {
  const y = year.length === 2 ? 2000 + Number(year) : Number(year);
  if (month < 1 || month > 12 || Number(day) < 1 || y < 1) return false;
  const leap = (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return Number(day) <= days;
}
