import * as fc from 'fast-check';
import type { ModelBench } from './bench';
import { DATES, type Content } from './deliveries';
import type { KillPoint } from './interruption';
import type { Plant, Run } from './plant';

/** A command: something that a run, a person or a kill does to the platform. */
export interface Step {
  /** Its row and column in the table of pairs. */
  kind: string;
  /** With its choices, for a counterexample. */
  text: string;
  /** Whether there is anything to do it to. */
  isPossible: (plant: Plant) => boolean;
  act: (plant: Plant, bench: ModelBench) => Promise<void>;
}

/** A place in a list that is only known when the command runs. */
export const pick = fc.nat({ max: 11 });
export const rarely = fc.nat({ max: 7 }).map((n) => n === 0);
export const killPoint = fc.constantFrom<KillPoint>('before', 'during', 'after');
export const scope = fc.constantFrom('FULL' as const, 'PARTIAL' as const);
export const date = fc.constantFrom(...DATES);
export const content = fc
  .record({
    value: fc.integer({ min: 1, max: 6 }),
    rows: fc.integer({ min: 1, max: 2 }),
    rejects: rarely,
    unreadable: fc.nat({ max: 19 }),
    held: fc.nat({ max: 9 }),
  })
  .map(({ value, rows, rejects, unreadable, held }): Content => ({
    value: held === 0 ? -value : value,
    rows,
    rejects: rejects ? 1 : 0,
    isReadable: unreadable !== 0,
  }));

/** For a counterexample. */
export const shortText = (content: Content) =>
  `${content.isReadable ? '' : 'unreadable '}${content.rows} × ${content.value}${content.rejects > 0 ? ' + a reject' : ''}`;

/** The n-th of a list, round and round. */
export function pickFrom<T>(list: readonly T[], n: number): T {
  const item = list[n % list.length];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** Entries that are builds, of whatever outcome. */
export const builds = (plant: Plant) => plant.log.filter((entry) => entry.kind === 'BUILD');
/** What a workflow would build: a load that is whole, or a backfill. */
export const canBuild = (plant: Plant, run: Run) => run.isBackfill || plant.isWhole(run);

export const hasDeliveries = (plant: Plant) => plant.delivered.size > 0;
export const newestRun = (plant: Plant, n: number) => pickFrom([...plant.runs].reverse(), n);
