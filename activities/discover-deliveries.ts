import { DateTime } from 'luxon';
import type { ArrivalLook, Delivery, IngestionPlan, RunIdentity, RunManifest, Waiting } from '../contracts/run';
import { readSourceContracts, type SourceSystem } from '../contracts/source-contract';
import {
  isBackfillInput,
  parseWorkflowInput,
  rawIngestionInputSchema,
  type RawIngestionInput,
} from '../contracts/workflow-inputs';
import { awaitedDeliveries } from '../ingestion/arrival';
import { landFile } from '../ingestion/landing';
import { planRun, type RunPlan } from '../ingestion/plan-run';
import { surveyRun } from '../ingestion/survey-run';
import { isUpToDate } from '../transform/build-candidate';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';
import { planBuild } from './plan-build';

/** Input of `discoverDeliveries`. `input` is the workflow's own, not yet validated. */
export interface DiscoverDeliveriesInput {
  run: RunIdentity;
  input: unknown;
  scheduledAt: string | undefined;
  /** What the run's last look saw, when it has to look again. */
  look?: ArrivalLook;
}

export function createDiscoverDeliveries(dependencies: ActivityDependencies) {
  const { config, warehouse, codeVersion } = dependencies;
  /**
   * Validates the workflow's input and fixes what the run loads and builds: writes its manifest, or reads the one that its first
   * execution wrote. While deliveries are still to come, it says what they are instead, and fixes nothing.
   */
  return async function discoverDeliveries({
    run,
    input,
    scheduledAt,
    look,
  }: DiscoverDeliveriesInput): Promise<IngestionPlan | Waiting> {
    return withHeartbeat(async (report, signal) => {
      const parsed = parseWorkflowInput(rawIngestionInputSchema, 'mfgRawIngestion', input);
      const systems = await readSourceContracts(config.dbtDir);
      const tables = systems.flatMap((system) => system.tables);
      const isReusing = (parsed.onUnchanged ?? config.onUnchanged) === 'reuse';
      const planTheBuild = () => planBuild(dependencies, { ...parsed, isReusing }, signal);
      // At the first look, so that a selection that names nothing is refused before a long wait, not after it.
      const early = look === undefined ? await planTheBuild() : undefined;
      const parallelLoads = parsed.parallel ?? config.parallelLoads;
      const complete = async (manifest: RunManifest, found?: RunPlan): Promise<IngestionPlan> => ({
        ...toPlan(manifest, parsed, systems, parallelLoads, found),
        build: early ?? (await planTheBuild()),
        buildAnyway:
          parsed.select !== undefined ||
          (isReusing && !(await isUpToDate(warehouse, { run, tables, dbtDir: config.dbtDir }))),
      });
      const standing = await warehouse.readManifest(run.loadId);
      if (standing !== undefined) return complete(standing);
      const { sourceDir, landingDir, strategy } = config;
      const request = {
        run,
        input: parsed,
        scheduledAt,
        systems,
        sourceDir,
        settled: look,
        strategy,
        codeVersion,
        onUnchanged: config.onUnchanged,
        signal,
      };
      const survey = await surveyRun(request);
      const waiting = awaitedDeliveries(survey, look, new Date());
      if (waiting !== undefined) return waiting;
      const plan = await planRun({ ...request, known: await warehouse.knownDeliveries() }, survey);
      if (parsed.publish === 'each') return eachDay(plan, parsed, systems);
      if (survey.system.landing === 'copy') {
        const files = plan.manifest.batches.flat().flatMap((delivery) => delivery.files);
        for (const [done, file] of files.entries()) {
          report({ at: file.path, done, of: files.length });
          await landFile(sourceDir, landingDir, file, signal);
        }
      }
      const manifest = await warehouse.saveManifest(plan.manifest);
      return complete(manifest, plan);
    });
  };
}

/** Nothing is loaded under the run's own LOAD_ID, so that it has no manifest: each day has its own. */
function eachDay(plan: RunPlan, input: RawIngestionInput, systems: SourceSystem[]): IngestionPlan {
  const { logicalDates, ...whole } = toPlan(plan.manifest, input, systems, 1, plan);
  return { ...whole, batches: 0, batchLabels: [], logicalDates, days: logicalDates };
}

const IGNORED_FILES_TOLD = 20;
const DATES_TOLD = 20;

/** `found` is what the first look found besides the manifest; later attempts of the run no longer know it. */
function toPlan(
  manifest: RunManifest,
  input: RawIngestionInput,
  systems: SourceSystem[],
  parallelLoads: number,
  found?: RunPlan,
): IngestionPlan {
  const deliveries = manifest.batches.flat();
  const files = deliveries.flatMap((delivery) => delivery.files);
  const { replacedTables } = manifest;
  const { lateTables = [], unfinishedDates = [], ignoredFiles = [] } = found ?? {};
  return {
    sourceSystem: manifest.sourceSystem,
    logicalDate: manifest.logicalDate,
    logicalDateOrigin: manifest.logicalDateOrigin,
    batches: manifest.batches.length,
    batchLabels: manifest.batches.map(labelOf),
    parallelLoads,
    deliveries: deliveries.length,
    files: files.length,
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    logicalDates: [...new Set(deliveries.map((delivery) => delivery.logicalDate))].sort(),
    reused: manifest.reused.length,
    ignoredFiles: ignoredFiles.slice(0, IGNORED_FILES_TOLD),
    ...(isBackfillInput(input) ? { isBackfill: true } : { asOf: asOf(manifest, systems) }),
    ...(lateTables.length > 0 && { lateTables }),
    ...(unfinishedDates.length > 0 && { unfinishedDates: unfinishedDates.slice(0, DATES_TOLD) }),
    ...(replacedTables.length > 0 && { replacedTables }),
  };
}

/** What a batch holds, for people. */
function labelOf(deliveries: Delivery[]): string {
  const [first, ...others] = deliveries;
  if (first === undefined) return 'nothing';
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return `${first.table} ${first.logicalDate}${more}`;
}

function asOf(
  { sourceSystem, logicalDate, logicalDateOrigin, startedAt }: RunManifest,
  systems: SourceSystem[],
): string {
  if (logicalDateOrigin === 'schedule') return startedAt;
  const timeZone = systems.find((system) => system.name === sourceSystem)?.timeZone ?? 'UTC';
  return DateTime.fromISO(logicalDate, { zone: timeZone }).plus({ days: 1 }).toUTC().toISO() ?? '';
}
