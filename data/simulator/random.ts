/** Returns the next number of a stream, 0 ≤ n < 1. */
export type Random = () => number;

/**
 * An independent stream of pseudo-random numbers for each key: what is drawn for one work unit never shifts what is drawn
 * for another.
 *
 * The generator is Mulberry32 (public domain, 32 bits of state): not for secrets, ample for a simulation. A hash of the key
 * is its start (FNV-1a, then MurmurHash3's finalizer, since keys that differ in their last character only must differ in
 * every bit).
 */
export function randomStream(seed: number, ...key: (string | number)[]): Random {
  let state = hashText([seed, ...key].join('/'));
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

/** A whole number from `from` to `to`, both included. */
export function wholeBetween(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

/** One of `values`, all equally likely. */
export function pick<T>(random: Random, values: readonly [T, ...T[]]): T {
  return values[Math.floor(random() * values.length)] as T;
}

/** `count` different ones of `values`, or all of them if there are no more. */
export function sample<T>(random: Random, values: readonly T[], count: number): T[] {
  const left = [...values];
  const taken: T[] = [];
  while (taken.length < count && left.length > 0) {
    taken.push(...left.splice(Math.floor(random() * left.length), 1));
  }
  return taken;
}

/**
 * Roughly normal with mean 0 and deviation 1: a sum of `terms` uniform numbers. No logarithm or cosine, so that every
 * machine draws the same bits; 12 terms reach 6 deviations, 3 are enough for noise that nobody looks at the tails of.
 */
export function noise(random: Random, terms = 12): number {
  let sum = 0;
  for (let n = 0; n < terms; n++) sum += random();
  return (sum - terms / 2) * Math.sqrt(12 / terms);
}

/** Exponentially distributed with mean 1: the exposure until an event of a constant hazard. */
export function exposure(random: Random): number {
  return -Math.log(1 - random());
}

/** A 32-bit hash of a text. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of Buffer.from(text)) h = Math.imul(h ^ byte, 0x01000193);
  return finalize(h);
}

/** A number of [0, 1) that depends on every bit of `number` and `salt`: a decision about one of many numbered things. */
export function fraction(number: number, salt: number): number {
  return (finalize(Math.imul(number, 0x9e3779b1) ^ salt) >>> 0) / 2 ** 32;
}

function finalize(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
