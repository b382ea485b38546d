import { ApplicationFailure } from '@temporalio/common';
import { CancellationScope, executeChild, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { DataQualityResult } from '../contracts/quality';
import type {
  ArrivalLook,
  CandidateResult,
  CheckedLoads,
  IngestionPlan,
  RawIngestionResult,
  RunIdentity,
  RunProgress,
} from '../contracts/run';
import type { DataQualityMonitoringInput, RawIngestionInput } from '../contracts/workflow-inputs';
import { LOAD, METADATA } from './activity-options';
import { allFailed, backfillEach, daysToDo, type CarriedDays } from './backfill-days';
import { buildAndPublish, buildSummary } from './build-and-publish';
import { mfgDataQualityMonitoring } from './data-quality-monitoring';
import { rootCause, withPlainFailures } from './failure';
import { identify, scheduledAt, tagLogicalDate, tagOutcome } from './identity';
import { ping } from './run-incidents';
import { addLoads, failedDatesOf, noLoads, steer, tellFailed, whilePaused } from './steering';
import { grouped, tellStory, type RunStory } from './story';

const { discoverDeliveries } = proxyActivities<Activities>({ ...METADATA, summary: 'look for deliveries' });
const { checkLoad } = proxyActivities<Activities>({ ...METADATA, summary: 'gate on the load' });
const { loadPartitions } = proxyActivities<Activities>(LOAD);

/**
 * Ingestion and build: discover → load pending deliveries → gate → candidate → dbt build → gate → publish → monitor.
 *
 * Without input it loads the newest delivery (or, started by a schedule, the schedule's day) and every earlier one that is
 * pending, and builds all models. With `tables`, `select` or `reuse` it builds what they and changed code change, in a copy of
 * what is published. While deliveries of its own date are still to come it waits. With a range or a list of dates it is a
 * backfill: a date that cannot be loaded is left out whole and told of, the others are published. The LOAD_ID is
 * `<workflowId>::<firstExecutionRunId>`.
 *
 * @param carried is handed over by continue-as-new only.
 * @throws ApplicationFailure with one sentence: InvalidInputError, MissingDeliveryError, DeliveryUnfinishedError,
 * HeaderMismatchError, SchemaDriftError, UnreadableFileError, TooManyRejectedError, SourceChangedError, GateFailedError,
 * BuildFailedError, BackfillFailedError, MonitoringFailedError.
 */
export async function mfgRawIngestion(input?: RawIngestionInput, carried?: CarriedDays): Promise<RawIngestionResult> {
  const ingest = async (): Promise<RawIngestionResult> => {
    const run = identify('discovering');
    const progress = steer(carried?.isPaused);
    const story = tellStory(run, (stage) => (progress.stage = stage));
    if (carried !== undefined) {
      story.stage('backfilling');
      return tagged(await backfillEach(run.loadId, input ?? {}, carried, progress), progress, story);
    }

    const plan = await onceDelivered(run, input, progress, story);
    tagLogicalDate(plan.logicalDate);
    if (plan.days !== undefined && plan.days.length > 0) {
      story.stage('backfilling', `${plan.days.length} days, each a run of its own`);
      const days = daysToDo(plan, plan.days);
      return tagged(await backfillEach(run.loadId, input ?? {}, days, progress), progress, story);
    }
    Object.assign(progress, { stage: 'loading', logicalDate: plan.logicalDate, batches: plan.batches });
    if (plan.batches > 0) story.stage('loading', `${plan.batches} batches of ${plan.logicalDate}`);
    const failed = await loadBatches(run, plan, progress, story);
    if (plan.batches === 0 && plan.buildAnyway !== true) {
      story.stage('monitoring');
      const quality = await monitor({ sourceSystem: plan.sourceSystem, ...asOf(plan) });
      story.checked(quality);
      return tagged(toResult(run.loadId, plan, noLoads(), undefined, quality, failed), progress, story);
    }
    story.remember();
    if (failed.size > 0 && plan.logicalDates.every((date) => failed.has(date))) throw allFailed(failed);

    story.stage('checking');
    await whilePaused(progress);
    const withoutDates = [...failed.keys()].sort();
    const loads = await checkLoad(run, input?.acceptSmaller, withoutDates);
    const { build, replacedTables = [] } = plan;
    const order = { ...run, build, withoutDates, replacedTables };
    const candidate = await buildAndPublish(order, story);
    progress.publication = candidate.publication;

    story.stage('monitoring');
    const quality = await monitor({
      publication: candidate.publication,
      sourceSystem: plan.sourceSystem,
      ...asOf(plan),
    });
    story.checked(quality);
    return tagged(toResult(run.loadId, plan, loads, candidate, quality, failed), progress, story);
  };
  const result = await withPlainFailures(ingest, input?.sourceSystem);
  await ping();
  return result;
}

/** Looks for deliveries until nothing has to be waited for any more; a durable timer lies between two looks. */
async function onceDelivered(
  run: RunIdentity,
  input: RawIngestionInput | undefined,
  progress: RunProgress,
  story: RunStory,
): Promise<IngestionPlan> {
  let look: ArrivalLook | undefined;
  for (;;) {
    const found = await discoverDeliveries({ run, input, scheduledAt: scheduledAt(), ...(look && { look }) });
    if (!('waitingFor' in found)) {
      progress.waitingFor = [];
      return found;
    }
    if (look === undefined) tagLogicalDate(found.logicalDate);
    look = found.look;
    const { logicalDate, waitingFor } = found;
    Object.assign(progress, { stage: 'waiting', logicalDate, waitingFor });
    story.stage('waiting', `for ${waitingFor[0]?.what} (${waitingFor[0]?.reason}), until ${waitingFor[0]?.until}`);
    await sleep(found.lookAgainInS * 1000, { summary: `waiting for ${waitingFor[0]?.what}` });
  }
}

/** Loads all batches. @returns dates of a backfill that cannot be loaded whole, with the first error of each. */
async function loadBatches(
  run: RunIdentity,
  plan: IngestionPlan,
  progress: RunProgress,
  story: RunStory,
): Promise<Map<string, string>> {
  const failed = new Map<string, string>();
  await inWindow(plan.batches, plan.parallelLoads, progress, async (batch) => {
    const summary = `load ${plan.batchLabels?.[batch] ?? `batch ${batch + 1}`} (${batch + 1} of ${plan.batches})`;
    const isGoingOn = plan.isBackfill && { isGoingOn: plan.isBackfill };
    const loaded = await loadPartitions.executeWithOptions({ summary }, [{ run, batch, ...isGoingOn }]);
    progress.batchesDone++;
    story.loaded(loaded);
    progress.loads = addLoads(progress.loads, loaded);
    for (const { table, logicalDate: date, error: reason } of loaded.failed ?? []) {
      if (failed.has(date)) continue;
      const error = `${table}: ${reason}`;
      failed.set(date, error);
      tellFailed(progress, { date, error });
    }
  });
  return failed;
}

/** Checks the quality of what is published, as a child run of its own, so that it can be found and repeated by itself. */
async function monitor(input: DataQualityMonitoringInput): Promise<DataQualityResult> {
  try {
    const workflowId = `${workflowInfo().workflowId}-quality`;
    const which = input.publication === undefined ? 'what readers see' : `publication ${input.publication}`;
    const staticSummary = `Quality checks of ${which}`;
    return await executeChild(mfgDataQualityMonitoring, { workflowId, args: [input], staticSummary });
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

/** Makes the run findable by its end. */
function tagged(result: RawIngestionResult, progress: RunProgress, story: RunStory): RawIngestionResult {
  progress.stage = 'done';
  const { outcome, publication, quality, failedDates = [] } = result;
  const but = failedDates.length > 0 ? '_DATES_FAILED' : (quality?.failed ?? 0) > 0 ? '_CHECKS_FAILED' : '';
  tagOutcome(`${outcome}${but}`, publication ?? undefined, result.loads.rowsLoaded);
  story.ended(endSentence(result));
  return result;
}

/** Once the outcome is known the stage says nothing more: it stays where the run was last. */
function endSentence({ outcome, publication, logicalDate, loads }: RawIngestionResult): string {
  if (outcome === 'NOTHING_NEW') return `${logicalDate}: there was nothing new to load`;
  return `Publication ${publication}: ${grouped(loads.rowsLoaded)} rows loaded, ${grouped(loads.rowsRejected)} rejected, as of ${logicalDate}`;
}

function toResult(
  loadId: string,
  plan: IngestionPlan,
  loads: CheckedLoads,
  candidate: CandidateResult | undefined,
  quality: DataQualityResult,
  failed: Map<string, string>,
): RawIngestionResult {
  const { lateTables, unfinishedDates } = plan;
  return {
    loadId,
    sourceSystem: plan.sourceSystem,
    logicalDate: plan.logicalDate,
    logicalDates: plan.logicalDates.filter((date) => !failed.has(date)),
    ignoredFiles: plan.ignoredFiles,
    outcome: candidate === undefined ? 'NOTHING_NEW' : 'PUBLISHED',
    publication: candidate?.publication ?? null,
    loads,
    reused: plan.reused ?? 0,
    build: candidate === undefined ? null : buildSummary(candidate),
    warned: candidate?.warned ?? [],
    quality,
    ...(failed.size > 0 && { failedDates: failedDatesOf(failed) }),
    ...(lateTables && { lateTables }),
    ...(unfinishedDates && { unfinishedDates }),
  };
}

/** Runs `work` for 0 … count − 1, at most `window` at once: thousands of pending activities would fail the workflow task. */
async function inWindow(
  count: number,
  window: number,
  progress: RunProgress,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      await whilePaused(progress);
      if (next < count) await work(next++);
    }
  };
  await Promise.all(Array.from({ length: Math.min(window, count) }, lane));
}

function asOf(plan: IngestionPlan): Pick<DataQualityMonitoringInput, 'asOf'> {
  return plan.asOf === undefined ? {} : { asOf: plan.asOf };
}
