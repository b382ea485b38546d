import { createBuildCandidate } from './build-candidate';
import { createCheckGates } from './check-gates';
import { createCheckLoad } from './check-load';
import { createCheckQuality } from './check-quality';
import type { ActivityDependencies } from './dependencies';
import { createDiscoverDeliveries } from './discover-deliveries';
import { createLoadPartitions } from './load-partitions';
import { createParseTransformInput } from './parse-transform-input';
import { createPublish } from './publish';
import { createRetain } from './retain';

/** The registry of activities: made once per worker. */
export function createActivities(dependencies: ActivityDependencies) {
  return {
    discoverDeliveries: createDiscoverDeliveries(dependencies),
    loadPartitions: createLoadPartitions(dependencies),
    checkLoad: createCheckLoad(dependencies),
    buildCandidate: createBuildCandidate(dependencies),
    checkGates: createCheckGates(dependencies),
    publish: createPublish(dependencies),
    checkQuality: createCheckQuality(dependencies),
    retain: createRetain(dependencies),
    parseTransformInput: createParseTransformInput(dependencies),
  };
}

export type Activities = ReturnType<typeof createActivities>;
