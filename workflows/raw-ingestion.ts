import { ApplicationFailure } from '@temporalio/common';
import {
  CancellationScope,
  defineQuery,
  executeChild,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities';
import type {
  CandidateResult,
  CheckedLoads,
  DataQualityResult,
  IngestionPlan,
  LoadCounts,
  RawIngestionResult,
  RunProgress,
} from '../contracts/run';
import type { DataQualityMonitoringInput, RawIngestionInput } from '../contracts/workflow-inputs';
import { LOAD, METADATA } from './activity-options';
import { buildAndPublish, buildSummary } from './build-and-publish';
import { mfgDataQualityMonitoring } from './data-quality-monitoring';
import { rootCause, withPlainFailures } from './failure';
import { identify, scheduledAt, tagLogicalDate, tagOutcome } from './identity';

const { discoverDeliveries, checkLoad } = proxyActivities<Activities>(METADATA);
const { loadPartitions } = proxyActivities<Activities>(LOAD);

/** Where the run is: stage, batches and rows loaded so far. */
export const progressQuery = defineQuery<RunProgress>('progress');

/**
 * Ingestion and build: discover → load pending deliveries → gate → candidate → dbt build → gate → publish → monitor.
 *
 * Without input it loads the newest delivery (or, started by a schedule, the schedule's day) and every earlier one that is
 * pending, and builds all models. With `tables`, `select` or `reuse` it builds what they and changed code change, in a copy of
 * what is published. The LOAD_ID is `<workflowId>::<firstExecutionRunId>`.
 *
 * @throws ApplicationFailure with one sentence: InvalidInputError, MissingDeliveryError, HeaderMismatchError,
 * SchemaDriftError, UnreadableFileError, TooManyRejectedError, SourceChangedError, GateFailedError, BuildFailedError, MonitoringFailedError.
 */
export async function mfgRawIngestion(input?: RawIngestionInput): Promise<RawIngestionResult> {
  return withPlainFailures(async () => {
    const run = identify();
    const progress: RunProgress = {
      stage: 'discovering',
      logicalDate: null,
      batchesDone: 0,
      batches: 0,
      loads: noLoads(),
      publication: null,
    };
    setHandler(progressQuery, () => progress, { description: 'Where the run is: stage, batches and rows so far.' });

    const plan = await discoverDeliveries({ run, input, scheduledAt: scheduledAt() });
    tagLogicalDate(plan.logicalDate);
    Object.assign(progress, { stage: 'loading', logicalDate: plan.logicalDate, batches: plan.batches });

    await inWindow(plan.batches, plan.parallelLoads, async (batch) => {
      const summary = `batch ${batch + 1} of ${plan.batches}`;
      const loaded = await loadPartitions.executeWithOptions({ summary }, [{ run, batch }]);
      progress.batchesDone++;
      progress.loads = addLoads(progress.loads, loaded);
    });
    if (plan.batches === 0 && plan.buildAnyway !== true) {
      progress.stage = 'monitoring';
      const quality = await monitor({ sourceSystem: plan.sourceSystem, asOf: plan.asOf });
      return finish(run.loadId, plan, noLoads(), undefined, quality, progress);
    }

    progress.stage = 'checking';
    const loads = await checkLoad(run, input?.acceptSmaller);
    const candidate = await buildAndPublish({ ...run, build: plan.build }, (stage) => (progress.stage = stage));
    progress.publication = candidate.publication;

    progress.stage = 'monitoring';
    const quality = await monitor({
      publication: candidate.publication,
      sourceSystem: plan.sourceSystem,
      asOf: plan.asOf,
    });
    return finish(run.loadId, plan, loads, candidate, quality, progress);
  });
}

/** Checks the quality of what is published, as a child run of its own, so that it can be found and repeated by itself. */
async function monitor(input: DataQualityMonitoringInput): Promise<DataQualityResult> {
  try {
    const workflowId = `${workflowInfo().workflowId}-quality`;
    return await executeChild(mfgDataQualityMonitoring, { workflowId, args: [input] });
  } catch (error) {
    // Only when this run was cancelled: a child that was cancelled by itself leaves its parent to tell.
    if (CancellationScope.current().consideredCancelled) throw error;
    const cause = rootCause(error);
    const published = input.publication === undefined ? '' : `publication ${input.publication} stands, but `;
    throw ApplicationFailure.nonRetryable(
      `${published}its quality could not be checked: ${cause instanceof Error ? cause.message : String(cause)}`,
      'MonitoringFailedError',
    );
  }
}

function finish(
  loadId: string,
  plan: IngestionPlan,
  loads: CheckedLoads,
  candidate: CandidateResult | undefined,
  quality: DataQualityResult,
  progress: RunProgress,
): RawIngestionResult {
  progress.stage = 'done';
  const outcome = candidate === undefined ? 'NOTHING_NEW' : 'PUBLISHED';
  tagOutcome(quality.failed > 0 ? `${outcome}_CHECKS_FAILED` : outcome, candidate?.publication);
  return {
    loadId,
    sourceSystem: plan.sourceSystem,
    logicalDate: plan.logicalDate,
    logicalDates: plan.logicalDates,
    ignoredFiles: plan.ignoredFiles,
    outcome,
    publication: candidate?.publication ?? null,
    loads,
    reused: plan.reused ?? 0,
    build: candidate === undefined ? null : buildSummary(candidate),
    warned: candidate?.warned ?? [],
    quality,
  };
}

/** Runs `work` for 0 … count − 1, at most `window` at once: thousands of pending activities would fail the workflow task. */
async function inWindow(count: number, window: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(window, count) }, lane));
}

function noLoads(): LoadCounts {
  return { partitions: 0, rowsRead: 0, rowsLoaded: 0, rowsRejected: 0, sizeBytes: 0 };
}

function addLoads(a: LoadCounts, b: LoadCounts): LoadCounts {
  return {
    partitions: a.partitions + b.partitions,
    rowsRead: a.rowsRead + b.rowsRead,
    rowsLoaded: a.rowsLoaded + b.rowsLoaded,
    rowsRejected: a.rowsRejected + b.rowsRejected,
    sizeBytes: a.sizeBytes + b.sizeBytes,
  };
}
