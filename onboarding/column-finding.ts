import type { ColumnType } from '../contracts/source-contract';
import type { ColumnEvidence } from './column-evidence';
import type { NumberEvidence, NumberFormat } from './number-formats';
import type { TimeEvidence } from './time-formats';

/** `sure`: every cell says so and nothing else fits. `likely`: most cells, or a name, say so. `guess`: a person must decide. */
export type Sureness = 'sure' | 'likely' | 'guess';

/** How a column's cells are written, as far as its type needs it. */
export interface ColumnFormat {
  number?: NumberFormat;
  /** strftime notation of a date, timestamp or time. */
  time?: string;
  /** Of month names. */
  language?: string;
  words?: { yes: string; no: string };
  /** Texts that mean nothing here, but are words elsewhere. */
  nothing?: string[];
}

/** What a column holds, as far as its cells tell. */
export interface ColumnFinding {
  type: ColumnType;
  sureness: Sureness;
  /** One phrase for people: counts, formats, an example. */
  evidence: string;
  format: ColumnFormat;
  /** What else fits as well as `format`; a person must choose. */
  otherwise: string[];
}

/** What the other columns say where one column's cells do not. */
export interface Habits {
  decimalMark?: NumberFormat['decimalMark'];
  order?: DateOrder;
  language?: string;
}

type DateOrder = 'day first' | 'month first' | 'year first';

/** Of the cells with a value, at least this share must fit a type; the others are then counted as uncastable. */
const ENOUGH = 0.95;

const CODE_NAME =
  /(^|_)(id|ids|nr|no|num|nummer|numero|number|code|key|plz|zip|ean|gtin|sku|lot|charge|serial|barcode|tel|telefon|phone)$/;
const COUNT_NAME = /(^|_)(anzahl|count|menge|qty|quantity|zahl|nombre|number_of)(_|$)/;
const DATE_NAME = /(date|datum|dat|day|tag|jour|fecha|data|am|on|at|von|bis)($|_)/;

/**
 * Decides what a column holds.
 *
 * @param name the column's name in RAW, which speaks for codes and against dates made of digits. @param habits of the table and
 * the system, for what the column's own cells leave open: the day or the month first, a point for decimals or thousands.
 */
export function findColumn(name: string, cells: ColumnEvidence, habits: Habits): ColumnFinding {
  if (cells.valuesIfTyped === 0) return text(cells, cells.values === 0 ? 'guess' : 'likely', nothingSeen(cells));
  return (
    findBoolean(name, cells) ??
    findTime(name, cells, habits) ??
    findNumber(name, cells, habits) ??
    findText(name, cells)
  );
}

/** What a column's finding says about how its table is written; nothing where it was itself a guess. */
export function habitsOf({ type, sureness, format, otherwise }: ColumnFinding): Habits {
  if (sureness === 'guess' || otherwise.length > 0) return {};
  const showsMark = type === 'decimal' || /^[.,]$/.test(format.number?.thousandsMark ?? '');
  const order = format.time === undefined ? undefined : orderOf(format.time);
  return {
    ...(format.number && showsMark && { decimalMark: format.number.decimalMark }),
    ...(order && order !== 'year first' && { order }),
    ...(format.language && { language: format.language }),
  };
}

function findBoolean(name: string, cells: ColumnEvidence): ColumnFinding | undefined {
  const words = cells.booleanWords();
  if (words === undefined) return undefined;
  const isDigits = words.no === '0';
  // A column of ones is more often a count; one of 0 and 1 may be either.
  if (isDigits && (words.seen === 1 || COUNT_NAME.test(name))) return undefined;
  // A single letter that is always the same says little.
  if (words.seen === 1 && words.yes.length === 1) return undefined;
  const seen = [...(cells.words ?? [])].map(([word, count]) => `'${word}' ${number(count)}`).join(', ');
  const sureness = isDigits ? 'guess' : words.seen === 2 ? 'sure' : 'likely';
  const note = isDigits ? '; could be a number' : words.seen === 1 ? `; never its opposite` : '';
  const found = typed(cells, 'boolean', cells.valuesIfTyped, seen + note, { words: { yes: words.yes, no: words.no } });
  return { ...found, sureness: worse(found.sureness, sureness), otherwise: isDigits ? ['integer'] : [] };
}

function findTime(name: string, cells: ColumnEvidence, habits: Habits): ColumnFinding | undefined {
  const fitting = cells.times.best();
  const [first] = fitting;
  if (first === undefined || first.fits < cells.valuesIfTyped * ENOUGH) return undefined;
  // Eight digits that are all dates: a number or a code, unless all of them are dates and the name does not speak against it.
  const isDigits = /^%Y%m%d(%H%M%S)?$/.test(first.format);
  if (isDigits && (first.fits < cells.valuesIfTyped || CODE_NAME.test(name))) return undefined;
  const orders = new Set(fitting.map(({ format }) => orderOf(format)));
  const known = fitting.filter(({ format }) => orderOf(format) === habits.order);
  const plain = known.length > 0 ? known : preferred(fitting);
  const chosen =
    plain.find(({ language }) => language !== undefined && language === habits.language) ?? plain[0] ?? first;
  const isOpen = orders.size > 1;
  const seen = `${shown(chosen.example)} as ${chosen.format}${chosen.language === undefined ? '' : `, months in '${chosen.language}'`}`;
  const note = !isOpen
    ? ''
    : `; ${[...orders].join(' or ')}? no cell tells${known.length > 0 ? ', other columns say ' + String(habits.order) : ''}`;
  const found = typed(cells, chosen.type, chosen.fits, seen + note, {
    time: chosen.format,
    ...(chosen.language !== undefined && { language: chosen.language }),
  });
  const sureness =
    isOpen && known.length === 0 ? 'guess' : isOpen || (isDigits && !DATE_NAME.test(name)) ? 'likely' : 'sure';
  const otherwise = isOpen
    ? [
        ...new Set(
          fitting.filter(({ format }) => orderOf(format) !== orderOf(chosen.format)).map(({ format }) => format),
        ),
      ]
    : [];
  return { ...found, sureness: worse(found.sureness, sureness), otherwise };
}

/** With a point as the mark the day comes first everywhere; otherwise day first is what most of the world writes. */
function preferred(fitting: TimeEvidence[]): TimeEvidence[] {
  const dayFirst = fitting.filter(({ format }) => orderOf(format) === 'day first');
  return dayFirst.length > 0 ? dayFirst : fitting;
}

function findNumber(name: string, cells: ColumnEvidence, habits: Habits): ColumnFinding | undefined {
  const { numbers } = cells;
  const fitting = numbers.best();
  const [plainest] = fitting;
  if (plainest === undefined || plainest.fits < cells.valuesIfTyped * ENOUGH) return undefined;
  if (numbers.leadingZeros > 0 && plainest.fractions + plainest.groups === 0) {
    const note = `leading zeros such as ${shown(numbers.leadingZeroExample)}: codes`;
    return text(cells, 'sure', note);
  }
  // 1.250 is a thousand and more, or a little more than one; 1 250 is the same number whatever the decimal mark.
  const isOpen = fitting.some(({ fractions }) => fractions > 0) && fitting.some(({ fractions }) => fractions === 0);
  const chosen = chooseNumber(fitting, plainest, habits);
  if (chosen.fractions + chosen.groups === 0 && CODE_NAME.test(name) && !COUNT_NAME.test(name)) {
    return text(cells, 'likely', `all digits, such as ${shown(chosen.example)}, but named like a code`);
  }
  const note = !isOpen
    ? ''
    : `; is '${fitting[0]?.example ?? ''}' a thousand or a fraction? no cell tells` +
      (habits.decimalMark === undefined ? '' : `, other columns have '${habits.decimalMark}' for decimals`);
  const type = chosen.fractions > 0 ? 'decimal' : 'integer';
  const found = typed(
    cells,
    type,
    chosen.fits,
    `such as ${shown(chosen.example)}${note}`,
    chosen.fractions + chosen.groups > 0 ? { number: chosen.format } : {},
  );
  const otherwise = isOpen ? fitting.filter((other) => other !== chosen).map(describeNumber) : [];
  const sureness = !isOpen ? 'sure' : habits.decimalMark === undefined ? 'guess' : 'likely';
  return { ...found, sureness: worse(found.sureness, sureness), otherwise };
}

/** By what other columns do; else the mark is a decimal mark, so that no value is made a thousand times greater. */
function chooseNumber(fitting: NumberEvidence[], plainest: NumberEvidence, { decimalMark }: Habits): NumberEvidence {
  const fallback = fitting.find(({ format }) => format.thousandsMark === undefined);
  return fitting.find(({ format }) => format.decimalMark === decimalMark) ?? fallback ?? plainest;
}

function describeNumber({ format }: NumberEvidence): string {
  const thousands = format.thousandsMark === undefined ? '' : `, thousands_mark '${format.thousandsMark}'`;
  return `decimal_mark '${format.decimalMark}'${thousands}`;
}

function findText(name: string, cells: ColumnEvidence): ColumnFinding {
  const { numbers } = cells;
  const distinct = `${number(cells.distinct)} different, such as ${shown(cells.firstCell)}`;
  if (numbers.tooLong > 0) {
    return text(cells, 'sure', `more digits than a number may have, such as ${shown(numbers.tooLongExample)}: codes`);
  }
  const almost = Math.max(cells.times.best()[0]?.fits ?? 0, numbers.best()[0]?.fits ?? 0);
  if (almost > cells.valuesIfTyped / 2 && !CODE_NAME.test(name)) {
    return text(cells, 'guess', `${of(almost, cells.valuesIfTyped)} look like numbers or dates, too few; ${distinct}`);
  }
  return text(cells, 'sure', distinct);
}

function text(cells: ColumnEvidence, sureness: Sureness, evidence: string): ColumnFinding {
  // Marks that a person may have meant for nothing; words and zeros are taken for what they say.
  const marks = [...cells.nothing.amongValues].filter(([cell]) => /^\W+$|^na$/i.test(cell));
  const maybe = marks.map(([cell, count]) => `'${cell}' ${number(count)} times`);
  const note = maybe.length === 0 ? '' : `; ${maybe.slice(0, 3).join(', ')}: kept`;
  return { type: 'text', sureness, evidence: evidence + note, format: {}, otherwise: [] };
}

/** A finding that not all cells need to fit: those that do not are said. */
function typed(
  cells: ColumnEvidence,
  type: ColumnType,
  fits: number,
  evidence: string,
  format: ColumnFormat,
): ColumnFinding {
  const nothing = [...cells.nothing.amongValues.keys()];
  const none = [...cells.nothing.always, ...cells.nothing.amongValues].map(
    ([cell, count]) => `'${cell}' ${number(count)}`,
  );
  const nulls = none.length === 0 ? '' : `; null: ${none.slice(0, 4).join(', ')}`;
  return {
    type,
    sureness: fits === cells.valuesIfTyped ? 'sure' : 'likely',
    evidence: `${of(fits, cells.valuesIfTyped)}, ${evidence}${nulls}`,
    format: { ...format, ...(nothing.length > 0 && { nothing }) },
    otherwise: [],
  };
}

function nothingSeen(cells: ColumnEvidence): string {
  return cells.filled === 0 ? `all ${number(cells.empty)} cells are empty` : 'no cell has a value';
}

function orderOf(format: string): DateOrder | undefined {
  const day = format.indexOf('%d');
  const month = format.search(/%[mbB]/);
  const year = format.search(/%[yY]/);
  if (day < 0 || month < 0) return undefined;
  if (year < day && year < month) return 'year first';
  return day < month ? 'day first' : 'month first';
}

function worse(a: Sureness, b: Sureness): Sureness {
  const order: Sureness[] = ['sure', 'likely', 'guess'];
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}

function of(fits: number, all: number): string {
  return fits === all ? `all ${number(all)} cells` : `${number(fits)} of ${number(all)} cells`;
}

function shown(cell: string | undefined): string {
  return cell === undefined ? 'none' : `'${cell.length > 40 ? `${cell.slice(0, 40)}…` : cell}'`;
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}
