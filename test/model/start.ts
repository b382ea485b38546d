import * as fc from 'fast-check';
import { dateOf } from './deliveries';
import type { Plant } from './plant';
import { pick, rarely, pickFrom } from './step';
import type { Start } from './steps';

/** A start whose date has been delivered. */
export const startOf = fc.record({ asks: rarely, exact: rarely, pick, tie: rarely });
/** As the model's plant has it. */
export function toStart(
  plant: Plant,
  { asks, exact, pick, tie }: { asks: boolean; exact: boolean; pick: number; tie: boolean },
): Start {
  const dates = [...new Set([...plant.delivered.keys()].map(dateOf))].sort();
  return { asked: asks || exact ? pickFrom(dates, pick) : undefined, exact, isTie: tie };
}
