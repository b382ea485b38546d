import { median, robustDeviation } from './robust';

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

/** Values of a day, and of an earlier one that it is compared with, counted in the same bins. */
export interface BinnedDays {
  before: number[];
  now: number[];
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

/** Robust standard deviations above the usual index that are unusual. */
const DEVIATIONS = 5;
/** Days judged before, from which on it is known what is usual. */
const LEAST_HISTORY = 14;

/**
 * Judges whether a day's values are spread otherwise than those of the days just before, from each of them: by more than `maxPsi` that
 * chance does not explain, and by more than earlier days differed from those before them. The day after a shift that lasted one day is
 * like the one before it.
 *
 * @param usual each earlier day beside the days just before it.
 */
export function judgeShift(
  usual: readonly (readonly BinnedDays[])[],
  current: readonly BinnedDays[],
  maxPsi: number,
): ShiftVerdict {
  const indexes = usual.filter((compared) => compared.length > 0).map(leastIndex);
  if (indexes.length < LEAST_HISTORY || current.length === 0) return { kind: 'too little history' };
  const psi = leastIndex(current);
  const spread = Math.max(...current.map(chanceDeviation), robustDeviation(indexes));
  const high = Math.max(maxPsi, median(indexes) + DEVIATIONS * spread);
  return { kind: 'judged', psi, high, isUnusual: psi > high };
}

function leastIndex(comparisons: readonly BinnedDays[]): number {
  return Math.min(...comparisons.map(corrected));
}

/** Without what sampling adds: of equal distributions the index is (bins - 1)(1/n + 1/N) on average. */
function corrected({ before, now }: BinnedDays): number {
  return populationStability(before, now) - (now.length - 1) * perValue(before, now);
}

/** Of equal distributions the index is chi-squared but for the factor. */
function chanceDeviation({ before, now }: BinnedDays): number {
  return Math.sqrt(2 * (now.length - 1)) * perValue(before, now);
}

function perValue(reference: readonly number[], current: readonly number[]): number {
  return 1 / sumOf(reference) + 1 / sumOf(current);
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
