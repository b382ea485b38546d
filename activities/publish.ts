import type { PublishResult } from '../contracts/run';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

export function createPublish({ warehouse }: ActivityDependencies) {
  /** Makes a built candidate what readers see, if nobody published since it was opened. */
  return async function publish(publication: number): Promise<PublishResult> {
    return withHeartbeat(() => warehouse.publish(publication));
  };
}
