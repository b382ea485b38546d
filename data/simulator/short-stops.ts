import type { Moment } from './days';
import type { WorkUnit } from './plant';
import { type Random, exposure, wholeBetween } from './random';

/** An interruption of a few minutes that the operator ends. */
export interface ShortStop {
  reason: string;
  endsAt: Moment;
}

const MEAN_PRODUCING_S = { production: 5400, packaging: 3000 };
const SHORTEST_S = 60;
const LONGEST_S = 600;

/** Cumulated shares of the reasons. */
const REASONS: Record<WorkUnit['kind'], readonly (readonly [number, string])[]> = {
  production: [
    [0.35, 'sensor_fault'],
    [0.65, 'operator'],
    [0.85, 'material_feed'],
    [1, 'overload'],
  ],
  packaging: [
    [0.5, 'jam'],
    [0.7, 'label_fault'],
    [0.85, 'sensor_fault'],
    [1, 'operator'],
  ],
};

/** Seconds of producing until the next short stop. */
export function drawStop(random: Random, kind: WorkUnit['kind']): number {
  return SHORTEST_S + Math.round(MEAN_PRODUCING_S[kind] * exposure(random));
}

export function shortStop(random: Random, kind: WorkUnit['kind'], at: Moment): ShortStop {
  const share = random();
  const [, reason] = REASONS[kind].find(([cumulated]) => share < cumulated) ?? [1, 'operator'];
  // Short ones are far more frequent.
  const seconds = Math.min(wholeBetween(random, SHORTEST_S, LONGEST_S), wholeBetween(random, SHORTEST_S, LONGEST_S));
  return { reason, endsAt: at + seconds };
}
