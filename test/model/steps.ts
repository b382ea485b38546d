import type { CandidateRequest } from '../../warehouse/warehouse';
import { placesOf, type ModelBench, type PausedLoad } from './bench';
import { dateOf, tableOf, type Content, type Place, type TableName } from './deliveries';
import type { KillPoint } from './interruption';
import { loadName, type DataSet, type Entry, type EntryStatus, type Plant, type Run } from './plant';
import { readStore } from './reader';
import { buildMarts, projectDigest } from './stand-in';

/** The steps of runs: each does one thing to the real warehouse and says what that means to the model. */

export const ACT = { actor: 'anna', reason: 'model' };

/** What a run is started with. */
export interface Start {
  asked?: string | undefined;
  exact?: boolean;
  /** A backfill: every delivery of these dates anew. */
  range?: { from: string; to: string };
  replacedTables?: TableName[];
  isTie?: boolean;
}

export function deliver(plant: Plant, bench: ModelBench, place: Place, content: Content): void {
  bench.deliver(place, content);
  plant.delivered.set(place, content);
}

/** Discovery: the manifest holds exactly what the model says is to be loaded. */
export async function startRun(plant: Plant, bench: ModelBench, start: Start): Promise<Run> {
  const startedAt = plant.clock(start.isTie ?? false);
  const loadId = `run-${plant.runs.length + 1}::r`;
  const { range } = start;
  const asked = start.asked;
  const exact = start.exact ?? false;
  const plan = await bench.plan(loadId, {
    ...(asked !== undefined && { logicalDate: asked }),
    ...(exact && { exact }),
    ...(range !== undefined && { ...range, reload: true }),
  });
  plant.session();
  const expected = range === undefined ? plant.plan(asked, exact) : plant.backfill(range.from, range.to);
  const { manifest } = plan;
  expect(manifest.logicalDate).toBe(expected.logicalDate);
  expect(placesOf(manifest.batches.flat()).sort()).toEqual([...expected.load].sort());
  expect(placesOf(plan.withdrawn).sort()).toEqual([...expected.withdrawn].sort());
  const planned = placesOf(manifest.batches.flat());
  const contents = new Map(planned.map((place) => [place, plant.delivered.get(place) as Content]));
  await bench.saveManifest({ ...manifest, startedAt }, contents);
  const run: Run = {
    loadId,
    startedAt,
    logicalDate: manifest.logicalDate,
    planned: contents,
    sealed: new Map(),
    isBackfill: range !== undefined,
    replacedTables: start.replacedTables ?? [],
    attempts: 0,
  };
  plant.runs.push(run);
  return run;
}

/** A run without a load of its own: it builds what is published by today's code. */
export function startTransform(plant: Plant): Run {
  const run: Run = {
    loadId: `transform-${plant.runs.length + 1}::r`,
    startedAt: plant.clock(false),
    logicalDate: null,
    planned: new Map(),
    sealed: new Map(),
    isBackfill: false,
    replacedTables: [],
    attempts: 0,
  };
  plant.runs.push(run);
  return run;
}

/** An attempt at a run's load, killed at a session on the store when told so. */
export async function loadRun(
  plant: Plant,
  bench: ModelBench,
  run: Run,
  kill?: { session: number; point: KillPoint },
): Promise<void> {
  if (run.planned.size === 0) return;
  const manifest = await bench.manifestOf(run.loadId);
  plant.session();
  run.attempts += 1;
  if (kill !== undefined) bench.interruption.arm(kill.session, kill.point);
  const errors = await bench.load(manifest, run.attempts, run.isBackfill);
  bench.interruption.disarm();
  const wasKilled = errors.some((error) => error.name === 'Killed');
  const loadable = plant.loadable(run);
  const isLoadable = [...run.planned.keys()].every((place) => run.sealed.has(place) || loadable.includes(place));
  if (isLoadable && !wasKilled) expect(errors).toEqual([]);
  if (!isLoadable && !wasKilled) expect(errors.length).toBeGreaterThan(0);
  await adoptSeals(bench, run, loadable);
  if (isLoadable && !wasKilled) expect(plant.isWhole(run)).toBe(true);
}

/** What an attempt sealed: nothing but what could be loaded. That what was sealed before stays so is seen after each step. */
async function adoptSeals(bench: ModelBench, run: Run, loadable: Place[]): Promise<void> {
  const { sealed } = await readStore(bench.db, bench.stateDir);
  for (const [place, content] of run.planned) {
    const isSealed = sealed.some((line) => line.startsWith(`${loadName(place, run.loadId)}:`));
    if (!isSealed || run.sealed.has(place)) continue;
    expect(loadable).toContain(place);
    run.sealed.set(place, content);
  }
}

/** An attempt at a run's first batch that is not whole stops before it seals. */
export async function pauseLoad(plant: Plant, bench: ModelBench, run: Run): Promise<PausedLoad | undefined> {
  const manifest = await bench.manifestOf(run.loadId);
  plant.session();
  const batch = manifest.batches.findIndex((deliveries) =>
    placesOf(deliveries).some((place) => !run.sealed.has(place)),
  );
  run.attempts += 1;
  const loadable = plant.loadable(run);
  const paused = await bench.pauseLoad(manifest, batch, run.attempts);
  if (paused !== undefined) plant.pausedLoads += 1;
  await adoptSeals(bench, run, loadable);
  return paused;
}

/** A paused attempt wakes up and seals; one that was swept before can seal nothing. */
export async function wakeLoad(plant: Plant, bench: ModelBench, load: PausedLoad, isSwept: boolean): Promise<void> {
  const run = plant.runs.find(({ loadId }) => loadId === load.loadId) as Run;
  const open = load.places.filter((place) => !run.sealed.has(place));
  if (isSwept) for (const loadSeq of load.loadSeqs) await bench.warehouse.failPartition(loadSeq, 'swept');
  const error = await load.wake();
  plant.session();
  if (isSwept && open.length > 0) expect(error).toBeInstanceOf(Error);
  await adoptSeals(bench, run, isSwept ? [] : load.places);
  bench.paused.splice(bench.paused.indexOf(load), 1);
  plant.pausedLoads -= 1;
}

/** Opens a candidate on the head; undefined when there is nothing to build. */
export async function openCandidate(
  plant: Plant,
  bench: ModelBench,
  run: Run,
  scope: CandidateRequest['scope'],
): Promise<Entry | undefined> {
  const expected = plant.candidate(run);
  const request = { ...requestOf(plant, run), scope, attempt: run.attempts };
  if (expected === undefined) {
    await expect(bench.open(run.loadId, request)).rejects.toThrow(/nothing is loaded yet/);
    plant.session();
    return undefined;
  }
  if (expected.isRetired) {
    await expect(bench.open(run.loadId, request)).rejects.toThrow(/is no longer kept/);
    plant.session();
    return undefined;
  }
  const candidate = await bench.open(run.loadId, request);
  plant.session();
  expect(candidate.base).toBe(plant.head?.publication ?? null);
  expect(candidate.publication).toBeGreaterThan(Math.max(0, ...plant.log.map((entry) => entry.publication)));
  const tables = new Set<string>(expected.changed.map(tableOf));
  if (plant.head !== undefined) expect(new Set(candidate.changedTables)).toEqual(tables);
  plant.open.add(candidate.publication);
  return addBuild(plant, run, candidate.publication, 'BUILDING', expected);
}

function requestOf(plant: Plant, run: Run): Partial<CandidateRequest> {
  return {
    projectDigest: projectDigest(plant.code),
    withoutDates: plant.withoutDates(run),
    replacedTables: run.replacedTables,
  };
}

function addBuild(plant: Plant, run: Run, publication: number, status: EntryStatus, dataSet: DataSet): Entry {
  const base = plant.head?.publication ?? null;
  const entry: Entry = {
    publication,
    kind: 'BUILD',
    base,
    target: null,
    loadId: run.loadId,
    dataSet: publication,
    status,
  };
  plant.log.push(entry);
  plant.dataSets.set(publication, dataSet);
  return entry;
}

/** Builds an open candidate and closes it: the gate holds what has a negative value. */
export async function closeCandidate(plant: Plant, bench: ModelBench, entry: Entry, isBroken: boolean): Promise<void> {
  const candidate = bench.candidates.get(entry.publication);
  const dataSet = plant.dataSets.get(entry.publication);
  if (candidate === undefined || dataSet === undefined) throw new Error('an open candidate is known');
  const build = await buildMarts(bench.db, candidate, dataSet.code, isBroken);
  const expected = isBroken ? 'FAILED' : isHeld(dataSet) ? 'HELD' : 'BUILT';
  expect(build.status).toBe(expected);
  await bench.warehouse.finishCandidate(candidate, build);
  plant.session();
  if (entry.status === 'BUILDING') entry.status = expected;
  plant.open.delete(entry.publication);
}

/** Whether a reader of the data set would see a negative value in the newest materials or in any readings. */
function isHeld({ holds }: DataSet): boolean {
  const newest = [...holds.keys()]
    .filter((place) => tableOf(place) === 'materials')
    .map(dateOf)
    .sort()
    .at(-1);
  return [...holds].some(
    ([place, { content }]) => content.value < 0 && (tableOf(place) === 'readings' || dateOf(place) === newest),
  );
}

/** A build that is killed somewhere between opening and closing: what it left can be anything but seen. */
export async function killBuild(
  plant: Plant,
  bench: ModelBench,
  run: Run,
  kill: { session: number; point: KillPoint },
): Promise<void> {
  const expected = plant.candidate(run);
  if (expected === undefined || expected.isRetired) return;
  const before = plant.log.length;
  bench.interruption.arm(kill.session, kill.point);
  try {
    const entry = await openCandidate(plant, bench, run, 'FULL');
    if (entry !== undefined) await closeCandidate(plant, bench, entry, false);
  } catch (error) {
    if ((error as Error).name !== 'Killed') throw error;
    if (kill.session > 1 || kill.point !== 'before') plant.session();
  } finally {
    bench.interruption.disarm();
  }
  const stored = (await readStore(bench.db, bench.stateDir)).entries.map(parseEntry);
  const known = new Set(plant.log.slice(0, before).map((entry) => entry.publication));
  const left = stored.find((entry) => !known.has(entry.publication));
  plant.log.splice(before);
  if (left === undefined) return;
  const allowed = ['BUILDING', isHeld(expected) ? 'HELD' : 'BUILT'];
  expect(allowed).toContain(left.status);
  addBuild(plant, run, left.publication, left.status, expected);
  // Nobody goes on with what a killed attempt wrote.
  plant.open.delete(left.publication);
}

function parseEntry(line: string): { publication: number; status: EntryStatus } {
  const words = line.split(' ');
  return { publication: Number(words[0]), status: words.at(-1) as EntryStatus };
}

/** Publishes a candidate in whatever state it is, killed when told so. */
export async function publish(plant: Plant, bench: ModelBench, entry: Entry, kill?: KillPoint): Promise<void> {
  const { publication } = entry;
  const canPublish = ['BUILT', 'SUPERSEDED', 'ABANDONED', 'PUBLISHED'].includes(entry.status);
  if (!canPublish) {
    await expect(bench.warehouse.publish(publication)).rejects.toThrow(/cannot be published/);
    plant.session();
    return;
  }
  if (kill !== undefined) bench.interruption.arm(1, kill);
  const result = await bench.warehouse.publish(publication).catch((error: unknown) => error);
  bench.interruption.disarm();
  if (kill !== undefined) expect((result as Error).name).toBe('Killed');
  if (kill === 'before') return;
  plant.session();
  if (kill === 'during') return;
  let outcome = 'PUBLISHED';
  if (entry.status === 'SUPERSEDED' || entry.status === 'ABANDONED') outcome = 'BASE_MOVED';
  if (entry.status === 'BUILT' && entry.base === (plant.head?.publication ?? null)) {
    entry.status = 'PUBLISHED';
    plant.moveHead(entry);
    plant.forgetWithdrawn(entry.dataSet);
    if (kill === undefined) plant.session();
  } else if (entry.status === 'BUILT') {
    entry.status = 'SUPERSEDED';
    outcome = 'BASE_MOVED';
  }
  if (kill === undefined) expect(result).toEqual({ publication, outcome });
}
