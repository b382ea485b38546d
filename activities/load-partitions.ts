import path from 'node:path';
import { Context } from '@temporalio/activity';
import type { BatchResult, RunIdentity } from '../contracts/run';
import { readSourceContracts } from '../contracts/source-contract';
import { loadBatch } from '../ingestion/load-batch';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';
import { requireManifest } from './require-manifest';

/** Input of `loadPartitions`: a batch of the run's manifest, by its index. */
export interface LoadPartitionsInput {
  run: RunIdentity;
  batch: number;
  /** Of a backfill: a delivery that no retry can load is told of in the result, and the others are loaded. */
  isGoingOn?: true;
}

export function createLoadPartitions({ config, warehouse }: ActivityDependencies) {
  /** Loads one batch of deliveries into sealed partitions. Sealed ones of an earlier attempt are not touched again. */
  return async function loadPartitions({ run, batch, isGoingOn }: LoadPartitionsInput): Promise<BatchResult> {
    return withHeartbeat(async (report, signal) => {
      const manifest = await requireManifest(warehouse, run);
      const systems = await readSourceContracts(config.dbtDir);
      return loadBatch(warehouse, {
        manifest,
        batch,
        attempt: Context.current().info.attempt,
        tables: systems.flatMap((system) => system.tables),
        sourceDir: config.sourceDir,
        landingDir: config.landingDir,
        isGoingOn,
        stagingDir: path.join(config.stateDir, 'staging'),
        threads: config.threads,
        signal,
        onProgress: (done, of, delivery) => report({ at: `${delivery.table} ${delivery.logicalDate}`, done, of }),
      });
    });
  };
}
