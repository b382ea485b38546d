/** Makes the median absolute deviation of a normal distribution its standard deviation. */
const MAD_TO_DEVIATION = 1.4826;

/** Middle of some numbers, in any order; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/**
 * Standard deviation that up to half of the values, however wrong they are, cannot spoil: the median absolute deviation from
 * `centre`, scaled.
 */
export function robustDeviation(values: readonly number[], centre = median(values)): number {
  return MAD_TO_DEVIATION * median(values.map((value) => Math.abs(value - centre)));
}

/** What has happened twice is usual; what happened once may have been wrong. 0 of fewer than two. */
export function secondLargest(values: readonly number[]): number {
  return [...values].sort((a, b) => b - a)[1] ?? 0;
}
