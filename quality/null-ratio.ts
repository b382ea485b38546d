import { median, robustDeviation, secondLargest } from './robust';

/** Rows of a delivery of a logical date (YYYY-MM-DD), and how many of them have a column empty. */
export interface EmptyCells {
  date: string;
  rows: number;
  nulls: number;
}

export interface NullRatioOptions {
  /** Standard deviations above the usual share that are unusual. */
  deviations?: number;
  /** Share of all rows (0..1) that has to be empty beyond the usual. */
  minJump?: number;
}

/** A column's share of empty cells (0..1) beside that of the deliveries before. */
export interface NullRatioJudgement {
  kind: 'judged';
  ratio: number;
  expected: number;
  /** Share up to which it is usual. */
  high: number;
  isUnusual: boolean;
}

export type NullRatioVerdict = NullRatioJudgement | { kind: 'too little history' };

const DEFAULTS = { deviations: 4, minJump: 0.01 };
/** A column that never was empty needs so much less of a jump. */
const NEVER_EMPTY = 0.5;
const LEAST_HISTORY = 3;
/** So many empty cells more than usual are no news; in a column that never had any in so many deliveries, one is none. */
const FEW_CELLS = 2;
const KNOWN_AFTER = 14;
/** Same weekdays from which on a weekday is compared with itself. */
const LEAST_WEEKDAYS = 4;
/** Chance is never less than this part of what independent rows would have. */
const LEAST_DISPERSION = 0.5;

/**
 * Judges whether more cells of a column are empty than chance and the column's own ups and downs explain. Fewer are never
 * unusual.
 *
 * The rows of an append table's deliveries are new ones each time, and weekdays differ. A snapshot holds nearly the same
 * rows as the one before: what it changes by from day to day is what chance is there.
 *
 * @param series deliveries before, ascending; those without rows say nothing.
 */
export function judgeNullRatio(
  series: readonly EmptyCells[],
  current: EmptyCells,
  mode: 'append' | 'snapshot',
  options: NullRatioOptions = {},
): NullRatioVerdict {
  const { deviations, minJump } = { ...DEFAULTS, ...options };
  const days = series.filter(({ rows }) => rows > 0);
  if (days.length < LEAST_HISTORY || current.rows === 0) return { kind: 'too little history' };
  const isNeverEmpty = days.every(({ nulls }) => nulls === 0);
  const { expected, excess } =
    mode === 'snapshot' ? usualInSnapshots(days, deviations) : usualInEvents(days, current, deviations);
  const jump = minJump * (isNeverEmpty ? NEVER_EMPTY : 1);
  const cells = isNeverEmpty && days.length >= KNOWN_AFTER ? 1 : FEW_CELLS;
  const high = Math.min(1, expected + Math.max(jump, excess, cells / current.rows));
  const ratio = current.nulls / current.rows;
  return { kind: 'judged', ratio, expected, high, isUnusual: ratio > high };
}

/** The usual share, and what it may be exceeded by. */
interface Usual {
  expected: number;
  excess: number;
}

function usualInSnapshots(days: readonly EmptyCells[], deviations: number): Usual {
  const ratios = days.map(ratioOf);
  const expectedAt = (index: number) => median(ratios.slice(Math.max(0, index - LEAST_HISTORY), index));
  const changes = ratios.flatMap((ratio, index) => (index < LEAST_HISTORY ? [] : [ratio - expectedAt(index)]));
  // A trend counts as change: one that slows down would mislead.
  const spread = changes.length === 0 ? robustDeviation(ratios) : robustDeviation(changes, 0);
  return { expected: expectedAt(ratios.length), excess: Math.max(deviations * spread, secondLargest(changes)) };
}

function usualInEvents(days: readonly EmptyCells[], current: EmptyCells, deviations: number): Usual {
  const same = sameWeekday(days, current);
  const nulls = same.reduce((sum, day) => sum + day.nulls, 0);
  const rows = same.reduce((sum, day) => sum + day.rows, 0);
  // Of small deliveries most have none empty: then all but the worst together say how many are usual.
  const expected = Math.max(median(same.map(ratioOf)), nulls === 0 ? 0 : withoutWorst(same));
  // Half a cell more, so that what never happened is not impossible.
  const likely = Math.max(expected, 0.5 / (rows + 1));
  // A weekday that is not known yet may differ from the others: then chance is not taken to be small.
  const least = same.length < days.length ? LEAST_DISPERSION : 1;
  const excess = deviations * Math.max(least, dispersionOf(days)) * chanceOf(likely, current.rows);
  return { expected, excess: Math.max(excess, secondLargest(same.map(ratioOf)) - expected) };
}

/** How much more days differ from others of their weekday than chance lets rows that do not know each other. */
function dispersionOf(days: readonly EmptyCells[]): number {
  const differences = days.flatMap((day) => {
    const others = sameWeekday(days, day).filter((other) => other !== day);
    const usual = median(others.map(ratioOf));
    return usual > 0 && usual < 1 ? [(ratioOf(day) - usual) / chanceOf(usual, day.rows)] : [];
  });
  return differences.length === 0 ? 1 : robustDeviation(differences, 0);
}

/** Standard deviation of a share of so many rows. */
function chanceOf(ratio: number, rows: number): number {
  return Math.sqrt((ratio * (1 - ratio)) / rows);
}

/** Days of the same weekday, when there are enough of them, else all. */
function sameWeekday(days: readonly EmptyCells[], { date }: EmptyCells): readonly EmptyCells[] {
  const weekday = weekdayOf(date);
  const same = days.filter((day) => weekdayOf(day.date) === weekday);
  return same.length >= LEAST_WEEKDAYS ? same : days;
}

function weekdayOf(date: string): number {
  return new Date(date).getUTCDay();
}

function ratioOf({ rows, nulls }: EmptyCells): number {
  return nulls / rows;
}

/** Share over all deliveries but the one with the most, which may have been a wrong one. */
function withoutWorst(days: readonly EmptyCells[]): number {
  const others = [...days].sort((a, b) => ratioOf(a) - ratioOf(b)).slice(0, -1);
  const rows = others.reduce((sum, day) => sum + day.rows, 0);
  return rows === 0 ? 0 : others.reduce((sum, day) => sum + day.nulls, 0) / rows;
}
