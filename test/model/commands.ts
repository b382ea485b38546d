import * as fc from 'fast-check';
import type { ModelBench } from './bench';
import type { Coverage } from './coverage';
import { DATES, TABLES, dateOf, placeOf, type Content, type TableName } from './deliveries';
import type { KillPoint } from './interruption';
import { approve, rollback, setPin } from './people';
import type { Entry, Plant, Run } from './plant';
import { expectReadersSeeTheModel } from './readers';
import {
  closeCandidate,
  deliver,
  killBuild,
  loadRun,
  openCandidate,
  pauseLoad,
  publish,
  startRun,
  startTransform,
  wakeLoad,
  type Start,
} from './steps';

/** A command: something that a run, a person or a kill does to the platform. */
interface Step {
  /** Its row and column in the table of pairs. */
  kind: string;
  /** With its choices, for a counterexample. */
  text: string;
  /** Whether there is anything to do it to. */
  isPossible: (plant: Plant) => boolean;
  act: (plant: Plant, bench: ModelBench) => Promise<void>;
}

/** Does a step, then looks at everything a reader can see. */
class Command implements fc.AsyncCommand<Plant, ModelBench> {
  constructor(
    private readonly step: Step,
    private readonly coverage: Coverage,
  ) {}

  check(plant: Plant): boolean {
    return this.step.isPossible(plant);
  }

  async run(plant: Plant, bench: ModelBench): Promise<void> {
    this.coverage.count(bench, this.step.kind);
    await this.step.act(plant, bench);
    await expectReadersSeeTheModel(plant, bench);
  }

  toString(): string {
    return this.step.text;
  }
}

/** A place in a list that is only known when the command runs. */
const pick = fc.nat({ max: 11 });
const rarely = fc.nat({ max: 7 }).map((n) => n === 0);
const killPoint = fc.constantFrom<KillPoint>('before', 'during', 'after');
const scope = fc.constantFrom('FULL' as const, 'PARTIAL' as const);
const date = fc.constantFrom(...DATES);
const content = fc
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

const SHORT = (content: Content) =>
  `${content.isReadable ? '' : 'unreadable '}${content.rows} × ${content.value}${content.rejects > 0 ? ' + a reject' : ''}`;

function pickFrom<T>(list: readonly T[], n: number): T {
  const item = list[n % list.length];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

const builds = (plant: Plant) => plant.log.filter((entry) => entry.kind === 'BUILD');
const isOpen = (bench: ModelBench, entry: Entry) => bench.candidates.has(entry.publication);
/** What a workflow would build: a load that is whole, or a backfill. */
const canBuild = (plant: Plant, run: Run) => run.isBackfill || plant.isWhole(run);

/** Load, build and publish what a run's manifest says, as far as they go. */
async function finishRun(plant: Plant, bench: ModelBench, run: Run, scope: 'FULL' | 'PARTIAL'): Promise<void> {
  await loadRun(plant, bench, run);
  if (!canBuild(plant, run)) return;
  const entry = await openCandidate(plant, bench, run, scope);
  if (entry === undefined) return;
  await closeCandidate(plant, bench, entry, false);
  if (entry.status === 'BUILT') await publish(plant, bench, entry);
}

/** A start whose date has been delivered. */
const startOf = fc.record({ asks: rarely, exact: rarely, pick, tie: rarely });
function toStart(
  plant: Plant,
  { asks, exact, pick, tie }: { asks: boolean; exact: boolean; pick: number; tie: boolean },
): Start {
  const dates = [...new Set([...plant.delivered.keys()].map(dateOf))].sort();
  return { asked: asks || exact ? pickFrom(dates, pick) : undefined, exact, isTie: tie };
}

const hasDeliveries = (plant: Plant) => plant.delivered.size > 0;
const newestRun = (plant: Plant, n: number) => pickFrom([...plant.runs].reverse(), n);

/** All commands, the frequent ones several times. */
export function commands(coverage: Coverage): fc.Arbitrary<fc.AsyncCommand<Plant, ModelBench>>[] {
  const command = (step: Step) => new Command(step, coverage);
  const delivery = fc.tuple(date, content, fc.option(content)).map(([date, materials, readings]) =>
    command({
      kind: 'deliver',
      text: `deliver ${date} materials ${SHORT(materials)}${readings === null ? '' : `, readings ${SHORT(readings)}`}`,
      isPossible: () => true,
      act: async (plant, bench) => {
        deliver(plant, bench, placeOf('materials', date), materials);
        if (readings !== null) deliver(plant, bench, placeOf('readings', date), readings);
      },
    }),
  );
  const correction = fc.tuple(pick, content).map(([n, content]) =>
    command({
      kind: 'correct',
      text: `correct #${n} to ${SHORT(content)}`,
      isPossible: hasDeliveries,
      act: async (plant, bench) => deliver(plant, bench, pickFrom([...plant.delivered.keys()].sort(), n), content),
    }),
  );
  const ingestion = fc.tuple(startOf, scope).map(([start, scope]) =>
    command({
      kind: 'ingest',
      text: `ingest ${JSON.stringify(start)} ${scope}`,
      isPossible: hasDeliveries,
      act: async (plant, bench) => {
        const run = await startRun(plant, bench, toStart(plant, start));
        if (run.planned.size > 0) await finishRun(plant, bench, run, scope);
      },
    }),
  );
  const replacement = fc
    .tuple(startOf, scope, fc.subarray([...TABLES], { minLength: 1 }))
    .map(([start, scope, tables]) =>
      command({
        kind: 'replace',
        text: `truncate_reload of ${tables.join(' and ')} ${JSON.stringify(start)} ${scope}`,
        isPossible: hasDeliveries,
        act: async (plant, bench) => {
          const replacedTables: TableName[] = tables;
          const run = await startRun(plant, bench, { ...toStart(plant, start), replacedTables });
          if (run.planned.size > 0) await finishRun(plant, bench, run, scope);
        },
      }),
    );
  const backfill = fc.tuple(fc.nat({ max: 2 }), fc.integer({ min: 1, max: 2 }), scope).map(([first, days, scope]) =>
    command({
      kind: 'backfill',
      text: `backfill from ${DATES[first]} of ${days + 1} days ${scope}`,
      isPossible: (plant) => inRange(plant, first, days),
      act: async (plant, bench) => {
        const range = { from: DATES[first] as string, to: DATES[first + days] as string };
        const run = await startRun(plant, bench, { range });
        await finishRun(plant, bench, run, scope);
      },
    }),
  );
  const start = startOf.map((start) =>
    command({
      kind: 'start',
      text: `start a run ${JSON.stringify(start)}`,
      isPossible: hasDeliveries,
      act: async (plant, bench) => void (await startRun(plant, bench, toStart(plant, start))),
    }),
  );
  const load = pick.map((n) =>
    command({
      kind: 'load',
      text: `load of run #-${n}`,
      isPossible: (plant) => plant.runs.length > 0,
      act: async (plant, bench) => loadRun(plant, bench, newestRun(plant, n)),
    }),
  );
  const killedLoad = fc.tuple(pick, fc.integer({ min: 1, max: 4 }), killPoint).map(([n, session, point]) =>
    command({
      kind: 'kill load',
      text: `kill the load of run #-${n} ${point} session ${session}`,
      isPossible: (plant) => plant.runs.length > 0,
      act: async (plant, bench) => loadRun(plant, bench, newestRun(plant, n), { session, point }),
    }),
  );
  const openings = (run: Plant) => run.runs.filter((candidate) => canBuild(run, candidate));
  const opening = fc.tuple(pick, scope).map(([n, scope]) =>
    command({
      kind: 'open',
      text: `open a candidate of run #-${n} ${scope}`,
      isPossible: (plant) => openings(plant).length > 0,
      act: async (plant, bench) =>
        void (await openCandidate(plant, bench, pickFrom(openings(plant).reverse(), n), scope)),
    }),
  );
  const closing = fc.tuple(pick, rarely).map(([n, isBroken]) =>
    command({
      kind: 'close',
      text: `build candidate #-${n}${isBroken ? ', a model fails' : ''}`,
      isPossible: (plant) => builds(plant).some((entry) => entry.status === 'BUILDING'),
      act: async (plant, bench) => {
        const open = builds(plant)
          .filter((entry) => isOpen(bench, entry))
          .reverse();
        if (open.length > 0) await closeCandidate(plant, bench, pickFrom(open, n), isBroken);
      },
    }),
  );
  const publishing = pick.map((n) =>
    command({
      kind: 'publish',
      text: `publish candidate #-${n}`,
      isPossible: (plant) => builds(plant).length > 0,
      act: async (plant, bench) => publish(plant, bench, pickFrom(publishable(plant), n)),
    }),
  );
  const killedPublishing = fc.tuple(pick, killPoint).map(([n, kill]) =>
    command({
      kind: 'kill publish',
      text: `kill the publishing of candidate #-${n} ${kill} its session`,
      isPossible: (plant) => builds(plant).length > 0,
      act: async (plant, bench) => publish(plant, bench, pickFrom(publishable(plant), n), kill),
    }),
  );
  const killedBuild = fc.tuple(pick, fc.integer({ min: 1, max: 4 }), killPoint).map(([n, session, point]) =>
    command({
      kind: 'kill build',
      text: `kill the build of run #-${n} ${point} session ${session}`,
      isPossible: (plant) => openings(plant).length > 0,
      act: async (plant, bench) => killBuild(plant, bench, pickFrom(openings(plant).reverse(), n), { session, point }),
    }),
  );
  const pausing = pick.map((n) =>
    command({
      kind: 'pause load',
      text: `pause a load of unfinished run #-${n} before it seals`,
      isPossible: (plant) => unfinished(plant).length > 0,
      act: async (plant, bench) => void (await pauseLoad(plant, bench, pickFrom(unfinished(plant), n))),
    }),
  );
  const waking = fc.tuple(pick, fc.boolean()).map(([n, isSwept]) =>
    command({
      kind: 'wake load',
      text: `wake paused load #${n}${isSwept ? ', swept meanwhile' : ''}`,
      isPossible: (plant) => unfinished(plant).length > 0 || plant.runs.length > 0,
      act: async (plant, bench) => {
        if (bench.paused.length > 0) await wakeLoad(plant, bench, pickFrom(bench.paused, n), isSwept);
      },
    }),
  );
  const reset = fc.tuple(pick, scope).map(([n, scope]) =>
    command({
      kind: 'reset',
      text: `reset run #-${n} to its start ${scope}`,
      isPossible: (plant) => plant.runs.length > 0,
      act: async (plant, bench) => finishRun(plant, bench, newestRun(plant, n), scope),
    }),
  );
  const transform = fc.tuple(fc.boolean(), scope).map(([isChanged, scope]) =>
    command({
      kind: 'transform',
      text: `${isChanged ? 'change the code and ' : ''}transform ${scope}`,
      isPossible: (plant) => plant.head !== undefined,
      act: async (plant, bench) => {
        if (isChanged) plant.code += 1;
        await finishRun(plant, bench, startTransform(plant), scope);
      },
    }),
  );
  const goingBack = fc.tuple(fc.option(pick, { freq: 2 }), fc.option(killPoint, { freq: 1 })).map(([n, kill]) =>
    command({
      kind: kill === null ? 'roll back' : 'kill roll back',
      text: `roll back${n === null ? '' : ` to publication #${n}`}${kill === null ? '' : `, killed ${kill} its session`}`,
      isPossible: (plant) => plant.head !== undefined,
      act: async (plant, bench) =>
        rollback(plant, bench, n === null ? undefined : pickFrom(plant.log, n).publication, kill ?? undefined),
    }),
  );
  const approval = fc.tuple(pick, fc.option(killPoint, { freq: 1 })).map(([n, kill]) =>
    command({
      kind: 'approve',
      text: `approve held candidate #-${n}${kill === null ? '' : `, killed ${kill} its session`}`,
      isPossible: (plant) => builds(plant).length > 0,
      act: async (plant, bench) => approve(plant, bench, pickFrom(approvable(plant), n), kill ?? undefined),
    }),
  );
  const pinning = fc.tuple(pick, fc.boolean()).map(([n, isPinned]) =>
    command({
      kind: isPinned ? 'pin' : 'unpin',
      text: `${isPinned ? 'pin' : 'unpin'} publication #${n}`,
      isPossible: (plant) => plant.log.length > 0,
      act: async (plant, bench) => setPin(plant, bench, pickFrom(plant.log, n), isPinned),
    }),
  );
  const overtaking = fc
    .tuple(startOf, fc.boolean(), scope, fc.option(content))
    .map(([start, comesBack, scope, fresh]) =>
      command({
        kind: 'overtake',
        text:
          `a run${isHeld ? ' that the gate holds' : ''} is overtaken ${scope} by one` +
          `${fresh === null ? '' : ` of ${SHORT(fresh)}`}` +
          `${comesBack ? ', then readers go back to its base' : ''}`,
        isPossible: hasDeliveries,
        act: async (plant, bench) => {
          const slow = await startRun(plant, bench, toStart(plant, start));
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
      }),
    );
  const zombie = fc.tuple(startOf, fc.boolean(), fc.boolean()).map(([start, isSwept, isRepeated]) =>
    command({
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
    }),
  );
  return [
    ...[overtaking, overtaking, zombie, zombie],
    ...[delivery, delivery, delivery, correction, correction, ingestion, ingestion, ingestion, ingestion],
    ...[replacement, backfill, backfill, start, start, load, load, killedLoad, opening, opening, closing, closing],
    ...[publishing, publishing, killedPublishing, killedBuild, pausing, waking, waking, reset, reset, transform],
    ...[goingBack, goingBack, goingBack, approval, approval, pinning],
  ];
}

/** One that the gate holds, and one that it lets pass. */
const HELD: Content = { value: -1, rows: 1, rejects: 0, isReadable: true };
const GOOD: Content = { ...HELD, value: 2 };

function newestDate(plant: Plant): string {
  return [...plant.delivered.keys()].map(dateOf).sort().at(-1) ?? '';
}

/** Deliveries within the days of a backfill. */
function inRange(plant: Plant, first: number, days: number): boolean {
  const dates: readonly string[] = DATES.slice(first, first + days + 1);
  return [...plant.delivered.keys()].some((place) => dates.includes(dateOf(place)));
}

/** Built candidates first, newest first; then all others, which a zombie might publish. */
function publishable(plant: Plant): Entry[] {
  const newest = builds(plant).reverse();
  const built = newest.filter((entry) => entry.status === 'BUILT');
  return built.length > 0 ? [...built, ...built, ...newest] : newest;
}

function approvable(plant: Plant): Entry[] {
  const newest = builds(plant).reverse();
  const held = newest.filter((entry) => entry.status === 'HELD');
  return [...held, ...held, ...newest];
}

function unfinished(plant: Plant): Run[] {
  return plant.runs.filter((run) => !plant.isWhole(run)).reverse();
}
