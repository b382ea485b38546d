/** A tenth of the reference lies in each bin. */
const BINS = 10;
/** Added to each bin's count, so that an empty one has a logarithm. */
const SMOOTHING = 0.5;

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
 * The amount by which a whole population must move for its stability index against itself to be `target`. The population and not
 * one day's sample is measured, so that a sample's own noise is no part of the fault's size.
 */
export function shiftOfIndex(population: readonly number[], target: number): number {
  const edges = decileEdges(population);
  const indexOf = (shift: number) =>
    stabilityIndex(
      edges,
      population,
      population.map((value) => value + shift),
    );
  let [low, high] = [0, (edges.at(-1) as number) - (edges[0] as number)];
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
