import { GateFailedError } from '../contracts/errors';
import type { LoadCounts, RunIdentity } from '../contracts/run';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';
import { requireManifest } from './require-manifest';

export function createCheckLoad({ warehouse }: ActivityDependencies) {
  /**
   * Gate on the load: every delivery of the manifest has a sealed partition, and records read = rows loaded + rejected.
   *
   * @throws GateFailedError naming the delivery that is missing, or the counts that do not add up.
   */
  return async function checkLoad(run: RunIdentity): Promise<LoadCounts> {
    return withHeartbeat(async () => {
      const [missing] = await warehouse.unsealedDeliveries(await requireManifest(warehouse, run));
      if (missing !== undefined) {
        throw new GateFailedError(`${missing.table} of ${missing.logicalDate} was not loaded: nothing is published.`);
      }
      const counts = await warehouse.loadCounts(run.loadId);
      if (counts.rowsRead !== counts.rowsLoaded + counts.rowsRejected) {
        throw new GateFailedError(
          `${counts.rowsRead} records were read, but ${counts.rowsLoaded} rows loaded and ${counts.rowsRejected} rejected: ` +
            `nothing is published.`,
        );
      }
      return counts;
    });
  };
}
