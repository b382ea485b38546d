import * as fc from 'fast-check';
import type { Entry, Plant, Run } from './plant';
import { startOf, toStart } from './start';
import {
  pick,
  rarely,
  killPoint,
  scope,
  pickFrom,
  builds,
  canBuild,
  hasDeliveries,
  newestRun,
  type Step,
} from './step';
import { closeCandidate, killBuild, loadRun, openCandidate, pauseLoad, publish, startRun, wakeLoad } from './steps';

/** Single steps of runs, so that those of several runs come in any order; and what kills leave between two of them. */

export const start = startOf.map((start): Step => ({
  kind: 'start',
  text: `start a run ${JSON.stringify(start)}`,
  isPossible: hasDeliveries,
  act: async (plant, bench) => void (await startRun(plant, bench, toStart(plant, start))),
}));

export const load = pick.map((n): Step => ({
  kind: 'load',
  text: `load of run #-${n}`,
  isPossible: (plant) => plant.runs.length > 0,
  act: async (plant, bench) => loadRun(plant, bench, newestRun(plant, n)),
}));

export const killedLoad = fc
  .tuple(pick, fc.integer({ min: 1, max: 4 }), killPoint)
  .map(([n, session, point]): Step => ({
    kind: 'kill load',
    text: `kill the load of run #-${n} ${point} session ${session}`,
    isPossible: (plant) => plant.runs.length > 0,
    act: async (plant, bench) => loadRun(plant, bench, newestRun(plant, n), { session, point }),
  }));

export const opening = fc.tuple(pick, scope).map(([n, scope]): Step => ({
  kind: 'open',
  text: `open a candidate of run #-${n} ${scope}`,
  isPossible: (plant) => openings(plant).length > 0,
  act: async (plant, bench) => void (await openCandidate(plant, bench, pickFrom(openings(plant).reverse(), n), scope)),
}));

export const closing = fc.tuple(pick, rarely).map(([n, isBroken]): Step => ({
  kind: 'close',
  text: `build candidate #-${n}${isBroken ? ', a model fails' : ''}`,
  isPossible: (plant) => openCandidates(plant).length > 0,
  act: async (plant, bench) => closeCandidate(plant, bench, pickFrom(openCandidates(plant).reverse(), n), isBroken),
}));

export const publishing = pick.map((n): Step => ({
  kind: 'publish',
  text: `publish candidate #-${n}`,
  isPossible: (plant) => builds(plant).length > 0,
  act: async (plant, bench) => publish(plant, bench, pickFrom(publishable(plant), n)),
}));

export const killedPublishing = fc.tuple(pick, killPoint).map(([n, kill]): Step => ({
  kind: 'kill publish',
  text: `kill the publishing of candidate #-${n} ${kill} its session`,
  isPossible: (plant) => builds(plant).length > 0,
  act: async (plant, bench) => publish(plant, bench, pickFrom(publishable(plant), n), kill),
}));

export const killedBuild = fc
  .tuple(pick, fc.integer({ min: 1, max: 4 }), killPoint)
  .map(([n, session, point]): Step => ({
    kind: 'kill build',
    text: `kill the build of run #-${n} ${point} session ${session}`,
    isPossible: (plant) => openings(plant).length > 0,
    act: async (plant, bench) => killBuild(plant, bench, pickFrom(openings(plant).reverse(), n), { session, point }),
  }));

export const pausing = pick.map((n): Step => ({
  kind: 'pause load',
  text: `pause a load of unfinished run #-${n} before it seals`,
  isPossible: (plant) => unfinished(plant).length > 0,
  act: async (plant, bench) => void (await pauseLoad(plant, bench, pickFrom(unfinished(plant), n))),
}));

export const waking = fc.tuple(pick, fc.boolean()).map(([n, isSwept]): Step => ({
  kind: 'wake load',
  text: `wake paused load #${n}${isSwept ? ', swept meanwhile' : ''}`,
  isPossible: (plant) => plant.pausedLoads > 0,
  act: async (plant, bench) => wakeLoad(plant, bench, pickFrom(bench.paused, n), isSwept),
}));

const openCandidates = (plant: Plant) => builds(plant).filter((entry) => plant.open.has(entry.publication));
const openings = (plant: Plant) => plant.runs.filter((run) => canBuild(plant, run));

/** Built candidates first, newest first; then all others, which a zombie might publish. */
function publishable(plant: Plant): Entry[] {
  const newest = builds(plant).reverse();
  const built = newest.filter((entry) => entry.status === 'BUILT');
  return built.length > 0 ? [...built, ...built, ...newest] : newest;
}

function unfinished(plant: Plant): Run[] {
  return plant.runs.filter((run) => !plant.isWhole(run)).reverse();
}
