import * as fc from 'fast-check';
import type { ModelBench } from './bench';
import { TABLES, DATES, dateOf, placeOf, type Content, type TableName } from './deliveries';
import { approve, rollback } from './people';
import type { Plant, Run } from './plant';
import { startOf, toStart } from './start';
import { pick, scope, date, content, shortText, pickFrom, canBuild, hasDeliveries, newestRun, type Step } from './step';
import {
  closeCandidate,
  deliver,
  loadRun,
  openCandidate,
  pauseLoad,
  publish,
  startRun,
  startTransform,
  wakeLoad,
} from './steps';

/** Whole runs, each from its delivery or its start to its publication. */

export const delivery = fc.tuple(date, content, fc.option(content)).map(([date, materials, readings]): Step => ({
  kind: 'deliver',
  text: `deliver ${date} materials ${shortText(materials)}${readings === null ? '' : `, readings ${shortText(readings)}`}`,
  isPossible: () => true,
  act: async (plant, bench) => {
    deliver(plant, bench, placeOf('materials', date), materials);
    if (readings !== null) deliver(plant, bench, placeOf('readings', date), readings);
  },
}));

export const correction = fc.tuple(pick, content).map(([n, content]): Step => ({
  kind: 'correct',
  text: `correct #${n} to ${shortText(content)}`,
  isPossible: hasDeliveries,
  act: async (plant, bench) => deliver(plant, bench, pickFrom([...plant.delivered.keys()].sort(), n), content),
}));

export const ingestion = fc.tuple(startOf, scope).map(([start, scope]): Step => ({
  kind: 'ingest',
  text: `ingest ${JSON.stringify(start)} ${scope}`,
  isPossible: hasDeliveries,
  act: async (plant, bench) => {
    const run = await startRun(plant, bench, toStart(plant, start));
    if (run.planned.size > 0) await finishRun(plant, bench, run, scope);
  },
}));

export const replacement = fc
  .tuple(startOf, scope, fc.subarray([...TABLES], { minLength: 1 }))
  .map(([start, scope, tables]): Step => ({
    kind: 'replace',
    text: `truncate_reload of ${tables.join(' and ')} ${JSON.stringify(start)} ${scope}`,
    isPossible: hasDeliveries,
    act: async (plant, bench) => {
      const replacedTables: TableName[] = tables;
      const run = await startRun(plant, bench, { ...toStart(plant, start), replacedTables });
      if (run.planned.size > 0) await finishRun(plant, bench, run, scope);
    },
  }));

export const backfill = fc
  .tuple(fc.nat({ max: 2 }), fc.integer({ min: 1, max: 2 }), scope, fc.boolean())
  .map(([first, days, scope, isBroken]): Step => ({
    kind: 'backfill',
    text: `backfill from ${DATES[first]} of ${days + 1} days ${scope}${isBroken ? ', one of which cannot be read' : ''}`,
    isPossible: (plant) => inRange(plant, first, days),
    act: async (plant, bench) => {
      const range = { from: DATES[first] as string, to: DATES[first + days] as string };
      const [date] = [...plant.delivered.keys()].map(dateOf).filter((d) => d >= range.from && d <= range.to);
      if (isBroken && date !== undefined) deliver(plant, bench, placeOf('readings', date), UNREADABLE);
      const run = await startRun(plant, bench, { range });
      await finishRun(plant, bench, run, scope);
    },
  }));

export const reset = fc.tuple(pick, scope).map(([n, scope]): Step => ({
  kind: 'reset',
  text: `reset run #-${n} to its start ${scope}`,
  isPossible: (plant) => plant.runs.length > 0,
  act: async (plant, bench) => finishRun(plant, bench, newestRun(plant, n), scope),
}));

export const transform = fc.tuple(fc.boolean(), scope).map(([isChanged, scope]): Step => ({
  kind: 'transform',
  text: `${isChanged ? 'change the code and ' : ''}transform ${scope}`,
  isPossible: (plant) => plant.head !== undefined,
  act: async (plant, bench) => {
    if (isChanged) plant.code += 1;
    await finishRun(plant, bench, startTransform(plant), scope);
  },
}));

export const overtaking = fc
  .tuple(fc.boolean(), fc.boolean(), scope, fc.option(content))
  .map(([isHeld, comesBack, scope, fresh]): Step => ({
    kind: 'overtake',
    text:
      `a run${isHeld ? ' that the gate holds' : ''} is overtaken ${scope} by one` +
      `${fresh === null ? '' : ` of ${shortText(fresh)}`}` +
      `${comesBack ? ', then readers go back to its base' : ''}`,
    isPossible: hasDeliveries,
    act: async (plant, bench) => {
      const newest = placeOf('materials', newestDate(plant));
      if (isHeld) deliver(plant, bench, newest, HELD);
      const slow = await startRun(plant, bench, {});
      await loadRun(plant, bench, slow);
      const entry = canBuild(plant, slow) ? await openCandidate(plant, bench, slow, scope) : undefined;
      if (isHeld || fresh !== null) deliver(plant, bench, newest, fresh ?? GOOD);
      const fast = await startRun(plant, bench, {});
      await finishRun(plant, bench, fast, 'FULL');
      if (entry === undefined) return;
      await closeCandidate(plant, bench, entry, false);
      if (comesBack && entry.base !== null) await rollback(plant, bench, entry.base);
      if (entry.status === 'BUILT') await publish(plant, bench, entry);
      else await approve(plant, bench, entry);
    },
  }));

export const zombie = fc.tuple(startOf, fc.boolean(), fc.boolean()).map(([start, isSwept, isRepeated]): Step => ({
  kind: 'zombie load',
  text:
    `a load pauses before it seals ${JSON.stringify(start)}${isSwept ? ', is swept' : ''}` +
    `${isRepeated ? ', is tried again' : ''} and wakes up`,
  isPossible: hasDeliveries,
  act: async (plant, bench) => {
    const run = await startRun(plant, bench, toStart(plant, start));
    if (run.planned.size === 0) return;
    const paused = await pauseLoad(plant, bench, run);
    if (isRepeated) await loadRun(plant, bench, run);
    if (paused !== undefined) await wakeLoad(plant, bench, paused, isSwept);
    await finishRun(plant, bench, run, 'FULL');
  },
}));

/** Load, build and publish what a run's manifest says, as far as they go. */
async function finishRun(plant: Plant, bench: ModelBench, run: Run, scope: 'FULL' | 'PARTIAL'): Promise<void> {
  await loadRun(plant, bench, run);
  if (!canBuild(plant, run)) return;
  const entry = await openCandidate(plant, bench, run, scope);
  if (entry === undefined) return;
  await closeCandidate(plant, bench, entry, false);
  if (entry.status === 'BUILT') await publish(plant, bench, entry);
}

/** Deliveries within the days of a backfill. */
function inRange(plant: Plant, first: number, days: number): boolean {
  const dates: readonly string[] = DATES.slice(first, first + days + 1);
  return [...plant.delivered.keys()].some((place) => dates.includes(dateOf(place)));
}

/** One that the gate holds, one that it lets pass, and one that cannot be loaded. */
const HELD: Content = { value: -1, rows: 1, rejects: 0, isReadable: true };
const GOOD: Content = { ...HELD, value: 2 };
const UNREADABLE: Content = { ...GOOD, isReadable: false };

function newestDate(plant: Plant): string {
  return [...plant.delivered.keys()].map(dateOf).sort().at(-1) ?? '';
}
