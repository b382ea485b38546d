import { GateFailedError } from '../contracts/errors';
import type { CheckedLoads, RunIdentity } from '../contracts/run';
import { readSourceContracts } from '../contracts/source-contract';
import { refuseShrunken } from '../ingestion/replaced-rows';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';
import { requireManifest } from './require-manifest';

export function createCheckLoad({ config, warehouse }: ActivityDependencies) {
  /**
   * Gate on the load: every delivery of the manifest has a sealed partition, records read = rows loaded + rejected, and no
   * delivery is far smaller than what it takes the place of.
   *
   * @param acceptSmaller tables whose smaller deliveries were asked for.
   * @param withoutDates dates of a backfill that are left out whole, since one of their deliveries could not be loaded.
   * @throws GateFailedError naming the delivery that is missing, or the counts that do not add up.
   */
  return async function checkLoad(
    run: RunIdentity,
    acceptSmaller: string[] = [],
    withoutDates: string[] = [],
  ): Promise<CheckedLoads> {
    return withHeartbeat(async () => {
      const unsealed = await warehouse.unsealedDeliveries(await requireManifest(warehouse, run));
      const missing = unsealed.find(({ logicalDate }) => !withoutDates.includes(logicalDate));
      if (missing !== undefined) {
        throw new GateFailedError(`${missing.table} of ${missing.logicalDate} was not loaded: nothing is published.`);
      }
      const counts = await warehouse.loadCounts(run.loadId, withoutDates);
      if (counts.rowsRead !== counts.rowsLoaded + counts.rowsRejected) {
        throw new GateFailedError(
          `${counts.rowsRead} records were read, but ${counts.rowsLoaded} rows loaded and ${counts.rowsRejected} rejected: ` +
            `nothing is published.`,
        );
      }
      const systems = await readSourceContracts(config.dbtDir);
      const tables = systems.flatMap((system) => system.tables);
      const replaced = await warehouse.replacedRows(run.loadId);
      const counting = replaced.filter(({ logicalDate }) => !withoutDates.includes(logicalDate));
      refuseShrunken(counting, tables, acceptSmaller);
      return counts;
    });
  };
}
