import type { Material } from './materials';
import type { WorkUnit } from './plant';
import { type Random, between, fraction } from './random';

const MEAN_S = { production: 1500, packaging: 800 };
const PAIRS_SALT = 0x5e70;

/**
 * Seconds of setting up from one material for another: none for the same one, more for a difficult one, and of some pairs
 * (light after dark) up to twice as much.
 */
export function setupTimeS(from: Material | undefined, to: Material, kind: WorkUnit['kind'], random: Random): number {
  if (from === to) return 0;
  const pair = fraction((from?.number ?? 0) * 1000 + to.number, PAIRS_SALT);
  return Math.round(MEAN_S[kind] * to.setupDifficulty * (pair < 0.25 ? 1.8 : 0.9) * between(random, 0.8, 1.2));
}
