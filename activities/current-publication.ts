import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

export function createCurrentPublication({ warehouse }: ActivityDependencies) {
  /** Number of the publication that readers see; undefined before the first. */
  return async function currentPublication(): Promise<number | undefined> {
    return withHeartbeat(() => warehouse.head());
  };
}
