/** A tenth of the reference lies in each bin. */
const BINS = 10;
/** Added to each bin's count, so that an empty one has a logarithm. */
const SMOOTHING = 0.5;
/** Shifts that are tried each way to find where a day is most like the others. */
const STEPS = 25;

/** The inner edges of a sample's deciles. */
export function decileEdges(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return Array.from({ length: BINS - 1 }, (_, bin) => sorted[Math.floor(((bin + 1) * sorted.length) / BINS)] as number);
}

/** Population stability index of a sample against the one whose deciles the edges are: 0 for equal, 0.2 for a shift to look at. */
export function stabilityIndex(
  edges: readonly number[],
  reference: readonly number[],
  sample: readonly number[],
): number {
  const expected = shares(edges, reference);
  const observed = shares(edges, sample);
  return observed.reduce((sum, share, bin) => {
    const other = expected[bin] as number;
    return sum + (share - other) * Math.log(share / other);
  }, 0);
}

/**
 * The amount to add to a day's values so that their stability index against the history is `target`, whatever the day itself is like
 * beside other days. What sampling adds to the index of so few values is no part of the target.
 */
export function shiftToIndex(history: readonly number[], day: readonly number[], target: number): number {
  const edges = decileEdges(history);
  const sampling = (BINS - 1) * (1 / day.length + 1 / history.length);
  const indexOf = (shift: number) => {
    const moved = day.map((value) => value + shift);
    return stabilityIndex(edges, history, moved) - sampling;
  };
  const width = (edges.at(-1) as number) - (edges[0] as number);
  const shifts = Array.from({ length: 2 * STEPS + 1 }, (_, step) => ((step - STEPS) / STEPS) * width);
  // From where the day is most like the others upwards.
  let low = shifts.reduce((best, shift) => (indexOf(shift) < indexOf(best) ? shift : best));
  let high = low + 2 * width;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (indexOf(middle) < target) low = middle;
    else high = middle;
  }
  return high;
}

function shares(edges: readonly number[], values: readonly number[]): number[] {
  const counts = new Array<number>(BINS).fill(SMOOTHING);
  for (const value of values) {
    const bin = edges.filter((edge) => value >= edge).length;
    counts[bin] = (counts[bin] as number) + 1;
  }
  const total = values.length + BINS * SMOOTHING;
  return counts.map((count) => count / total);
}
