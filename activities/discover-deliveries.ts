import { DateTime } from 'luxon';
import type { IngestionPlan, RunIdentity, RunManifest } from '../contracts/run';
import { readSourceContracts, type SourceSystem } from '../contracts/source-contract';
import { parseWorkflowInput, rawIngestionInputSchema } from '../contracts/workflow-inputs';
import { planRun } from '../ingestion/plan-run';
import { isUpToDate } from '../transform/build-candidate';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';
import { planBuild } from './plan-build';

/** Input of `discoverDeliveries`. `input` is the workflow's own, not yet validated. */
export interface DiscoverDeliveriesInput {
  run: RunIdentity;
  input: unknown;
  scheduledAt: string | undefined;
}

export function createDiscoverDeliveries(dependencies: ActivityDependencies) {
  const { config, warehouse, codeVersion } = dependencies;
  /**
   * Validates the workflow's input and fixes what the run loads and builds: writes its manifest, or reads the one that its first
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
      const tables = systems.flatMap((system) => system.tables);
      const isReusing = (parsed.onUnchanged ?? config.onUnchanged) === 'reuse';
      const build = await planBuild(dependencies, { ...parsed, isReusing }, signal);
      const complete = async (manifest: RunManifest, ignoredFiles: string[]): Promise<IngestionPlan> => ({
        ...toPlan(manifest, systems, ignoredFiles, config.parallelLoads),
        build,
        buildAnyway:
          parsed.select !== undefined ||
          (isReusing && !(await isUpToDate(warehouse, { run, tables, dbtDir: config.dbtDir }))),
      });
      const standing = await warehouse.readManifest(run.loadId);
      if (standing !== undefined) return complete(standing, []);
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
        onUnchanged: config.onUnchanged,
        signal,
      });
      const manifest = await warehouse.saveManifest(plan.manifest);
      return complete(manifest, plan.ignoredFiles);
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
    reused: manifest.reused.length,
    asOf: manifest.logicalDateOrigin === 'schedule' ? manifest.startedAt : endOfDate,
  };
}
