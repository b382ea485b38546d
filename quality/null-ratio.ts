import { median, robustDeviation } from './robust';

/** Rows of a delivery, and how many of them have a column empty. */
export interface EmptyCells {
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
  deviations: number;
  isUnusual: boolean;
}

export type NullRatioVerdict = NullRatioJudgement | { kind: 'too little history' };

const DEFAULTS = { deviations: 4, minJump: 0.01 };
/** A column that never was empty needs so much less of a jump. */
const NEVER_EMPTY = 0.5;
const LEAST_HISTORY = 3;
const LEAST_ROWS = 30;

/**
 * Judges whether more cells of a column are empty than chance and the column's own ups and downs explain. Fewer are never
 * unusual.
 *
 * @param series deliveries before, ascending; those without rows say nothing.
 */
export function judgeNullRatio(
  series: readonly EmptyCells[],
  current: EmptyCells,
  options: NullRatioOptions = {},
): NullRatioVerdict {
  const { deviations, minJump } = { ...DEFAULTS, ...options };
  const days = series.filter(({ rows }) => rows > 0);
  const rows = days.reduce((sum, day) => sum + day.rows, 0);
  if (days.length < LEAST_HISTORY || rows < LEAST_ROWS || current.rows === 0) return { kind: 'too little history' };
  const ratios = days.map((day) => day.nulls / day.rows);
  const nulls = days.reduce((sum, day) => sum + day.nulls, 0);
  // Of small deliveries most have none empty: then all of them together say how many are usual.
  const expected = Math.max(median(ratios), withoutWorst(days));
  // Half a cell more, so that what never happened is not impossible.
  const likely = Math.max(expected, 0.5 / (rows + 1));
  const chance = Math.sqrt((likely * (1 - likely)) / current.rows);
  const spread = Math.max(chance, robustDeviation(ratios));
  const jump = minJump * (nulls === 0 ? NEVER_EMPTY : 1);
  const high = Math.min(1, expected + Math.max(jump, deviations * spread));
  const ratio = current.nulls / current.rows;
  return {
    kind: 'judged',
    ratio,
    expected,
    high,
    deviations: (ratio - expected) / spread,
    isUnusual: ratio > high,
  };
}

/** Share over all deliveries but the one with the most, which may have been a wrong one. */
function withoutWorst(days: readonly EmptyCells[]): number {
  const sorted = [...days].sort((a, b) => a.nulls / a.rows - b.nulls / b.rows).slice(0, -1);
  const rows = sorted.reduce((sum, day) => sum + day.rows, 0);
  return rows === 0 ? 0 : sorted.reduce((sum, day) => sum + day.nulls, 0) / rows;
}
