/** Returns the next number of a stream, 0 ≤ n < 1. */
export type Random = () => number;

/**
 * An independent stream of pseudo-random numbers for each key: what is drawn for one order never shifts what is drawn for
 * another, so that a longer simulation begins with the same days as a shorter one.
 *
 * The generator is Mulberry32 (public domain, 32 bits of state): not for secrets, ample for a simulation. A hash of the key
 * is its start (FNV-1a, then MurmurHash3's finalizer, since keys that differ in their last character only must differ in
 * every bit).
 */
export function randomStream(seed: number, ...key: (string | number)[]): Random {
  let state = hash([seed, ...key].join('/'));
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A number between `from` and `to`. */
export function between(random: Random, from: number, to: number): number {
  return from + random() * (to - from);
}

/** One of `values`, all equally likely. */
export function pick<T>(random: Random, values: readonly [T, ...T[]]): T {
  return values[Math.floor(random() * values.length)] as T;
}

function hash(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of Buffer.from(text)) h = Math.imul(h ^ byte, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
