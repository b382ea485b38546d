import { DateTime } from 'luxon';
import type { IngestionPlan, RunIdentity, RunManifest } from '../contracts/run';
import { readSourceContracts, type SourceSystem } from '../contracts/source-contract';
import { parseWorkflowInput, rawIngestionInputSchema } from '../contracts/workflow-inputs';
import { planRun } from '../ingestion/plan-run';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

/** Input of `discoverDeliveries`. `input` is the workflow's own, not yet validated. */
export interface DiscoverDeliveriesInput {
  run: RunIdentity;
  input: unknown;
  scheduledAt: string | undefined;
}

export function createDiscoverDeliveries({ config, warehouse, codeVersion }: ActivityDependencies) {
  /**
   * Validates the workflow's input and fixes what the run loads: writes its manifest, or reads the one that its first
   * execution wrote.
   */
  return async function discoverDeliveries({
    run,
    input,
    scheduledAt,
  }: DiscoverDeliveriesInput): Promise<IngestionPlan> {
    return withHeartbeat(async (_report, signal) => {
      const parsed = parseWorkflowInput(rawIngestionInputSchema, 'mfgRawIngestion', input);
      const systems = await readSourceContracts(config.dbtDir);
      const standing = await warehouse.readManifest(run.loadId);
      if (standing !== undefined) return toPlan(standing, systems, [], config.parallelLoads);
      const known = await warehouse.knownDeliveries();
      const { sourceDir } = config;
      const plan = await planRun({
        run,
        input: parsed,
        scheduledAt,
        systems,
        sourceDir,
        known,
        codeVersion,
        signal,
      });
      const manifest = await warehouse.saveManifest(plan.manifest);
      return toPlan(manifest, systems, plan.ignoredFiles, config.parallelLoads);
    });
  };
}

function toPlan(
  manifest: RunManifest,
  systems: SourceSystem[],
  ignoredFiles: string[],
  parallelLoads: number,
): IngestionPlan {
  const deliveries = manifest.batches.flat();
  const files = deliveries.flatMap((delivery) => delivery.files);
  const timeZone = systems.find((system) => system.name === manifest.sourceSystem)?.timeZone ?? 'UTC';
  const endOfDate = DateTime.fromISO(manifest.logicalDate, { zone: timeZone }).plus({ days: 1 }).toUTC().toISO() ?? '';
  return {
    sourceSystem: manifest.sourceSystem,
    logicalDate: manifest.logicalDate,
    logicalDateOrigin: manifest.logicalDateOrigin,
    batches: manifest.batches.length,
    parallelLoads,
    deliveries: deliveries.length,
    files: files.length,
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    logicalDates: [...new Set(deliveries.map((delivery) => delivery.logicalDate))].sort(),
    ignoredFiles: ignoredFiles.slice(0, 20),
    asOf: manifest.logicalDateOrigin === 'schedule' ? manifest.startedAt : endOfDate,
  };
}
