import * as fc from 'fast-check';
import { approve, retain, rollback, setPin } from './people';
import type { Entry, Plant } from './plant';
import { pick, killPoint, pickFrom, builds, type Step } from './step';

/** What people do with the publication log. */

export const goingBack = fc
  .tuple(fc.option(pick, { freq: 2 }), fc.option(killPoint, { freq: 1 }))
  .map(([n, kill]): Step => ({
    kind: kill === null ? 'roll back' : 'kill roll back',
    text: `roll back${n === null ? '' : ` to publication #${n}`}${kill === null ? '' : `, killed ${kill} its session`}`,
    isPossible: (plant) => plant.head !== undefined,
    act: async (plant, bench) =>
      rollback(plant, bench, n === null ? undefined : pickFrom(plant.log, n).publication, kill ?? undefined),
  }));

export const approval = fc.tuple(pick, fc.option(killPoint, { freq: 1 })).map(([n, kill]): Step => ({
  kind: 'approve',
  text: `approve held candidate #-${n}${kill === null ? '' : `, killed ${kill} its session`}`,
  isPossible: (plant) => builds(plant).length > 0,
  act: async (plant, bench) => approve(plant, bench, pickFrom(approvable(plant), n), kill ?? undefined),
}));

export const pinning = fc.tuple(pick, fc.boolean()).map(([n, isPinned]): Step => ({
  kind: isPinned ? 'pin' : 'unpin',
  text: `${isPinned ? 'pin' : 'unpin'} publication #${n}`,
  isPossible: (plant) => plant.log.length > 0,
  act: async (plant, bench) => setPin(plant, bench, pickFrom(plant.log, n), isPinned),
}));

export const retention = fc.integer({ min: 1, max: 3 }).map((keepPublications): Step => ({
  kind: 'retain',
  text: `retention that keeps ${keepPublications} publications`,
  isPossible: (plant) => plant.log.length > 0,
  act: async (plant, bench) => retain(plant, bench, keepPublications),
}));

function approvable(plant: Plant): Entry[] {
  const newest = builds(plant).reverse();
  const held = newest.filter((entry) => entry.status === 'HELD');
  return [...held, ...held, ...newest];
}
