import { median, robustDeviation, secondLargest } from './robust';

/** Added to each bin, so that an empty one is improbable, not impossible. */
const SMOOTHING = 0.5;

/**
 * Population stability index: how far the current values lie from the reference ones; 0 when they are spread the same.
 *
 * @param reference values in each bin; `current` has the same bins.
 */
export function populationStability(reference: readonly number[], current: readonly number[]): number {
  const [before, now] = [shares(reference), shares(current)];
  return before.reduce((sum, share, bin) => sum + ((now[bin] ?? 0) - share) * Math.log((now[bin] ?? 0) / share), 0);
}

function shares(counts: readonly number[]): number[] {
  const total = sumOf(counts) + SMOOTHING * counts.length;
  return counts.map((count) => (count + SMOOTHING) / total);
}

export interface ShiftOptions {
  /** Index from which on a distribution has shifted. */
  maxPsi?: number;
  /** Robust standard deviations above the column's own daily ups and downs that are unusual. */
  deviations?: number;
  /** Days with fewer values are not judged, and say nothing of what is usual: of few machines few are running. */
  minValues?: number;
  /** Of the earlier days those of the judged day's weekday: a Sunday at rest is compared with Sundays too. */
  sameWeekday?: readonly (readonly number[])[];
}

export interface ShiftJudgement {
  kind: 'judged';
  /** What the index would be of endlessly many values: what chance alone makes is taken off. */
  psi: number;
  /** From where on it is unusual. */
  high: number;
  isUnusual: boolean;
}

export type ShiftVerdict = ShiftJudgement | { kind: 'too little history' };

const SHIFT_DEFAULTS = { maxPsi: 0.2, deviations: 6, minValues: 200 };
const LEAST_HISTORY = 14;
/** Days that a shift must stand out from as well. */
const RECENT_DAYS = 3;
/** Days of a weekday that say how it usually is. */
const LEAST_WEEKDAYS = 2;
/** What has happened twice is usual, and a little more of it too. */
const BEYOND_USUAL = 1.25;

/**
 * Judges whether the values of a day are spread otherwise than those of earlier days: more than `maxPsi` that chance does not
 * explain, and more than the days differ from each other anyway.
 *
 * @param history counts per bin of each earlier day; the bins are the same in all.
 */
export function judgeShift(
  history: readonly (readonly number[])[],
  current: readonly number[],
  options: ShiftOptions = {},
): ShiftVerdict {
  const { maxPsi, deviations, minValues, sameWeekday = [] } = { ...SHIFT_DEFAULTS, ...options };
  const days = history.filter((counts) => sumOf(counts) >= minValues);
  if (days.length < LEAST_HISTORY || sumOf(current) < minValues) return { kind: 'too little history' };
  const reference = total(days);
  const usual = days.map((day) =>
    corrected(
      reference.map((count, bin) => count - (day[bin] ?? 0)),
      day,
    ),
  );
  const psi = corrected(reference, current);
  const chance = chanceDeviation(reference, current);
  const spread = Math.max(chance, robustDeviation(usual));
  const high = Math.max(maxPsi, median(usual) + deviations * spread, BEYOND_USUAL * secondLargest(usual));
  // Wear shifts values too, but little from one day to the next.
  const jump = corrected(total(days.slice(-RECENT_DAYS)), current);
  const alike = sameWeekday.filter((counts) => sumOf(counts) >= minValues);
  const isUnlikeWeekday = alike.length < LEAST_WEEKDAYS || corrected(total(alike), current) > maxPsi;
  return { kind: 'judged', psi, high, isUnusual: psi > high && jump > maxPsi && isUnlikeWeekday };
}

function total(days: readonly (readonly number[])[]): number[] {
  return (days[0] ?? []).map((_, bin) => days.reduce((sum, day) => sum + (day[bin] ?? 0), 0));
}

/** Without what sampling adds: of equal distributions the index is (bins - 1)(1/n + 1/N) on average. */
function corrected(reference: readonly number[], current: readonly number[]): number {
  return populationStability(reference, current) - (reference.length - 1) * perValue(reference, current);
}

/** Of equal distributions the index is chi-squared but for the factor. */
function chanceDeviation(reference: readonly number[], current: readonly number[]): number {
  return Math.sqrt(2 * (reference.length - 1)) * perValue(reference, current);
}

function perValue(reference: readonly number[], current: readonly number[]): number {
  return 1 / sumOf(reference) + 1 / sumOf(current);
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
