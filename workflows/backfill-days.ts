import { ApplicationFailure } from '@temporalio/common';
import { CancellationScope, continueAsNew, executeChild, workflowInfo } from '@temporalio/workflow';
import type { DataQualityResult } from '../contracts/quality';
import type { IngestionPlan, LoadCounts, RawIngestionResult, RunProgress } from '../contracts/run';
import type { RawIngestionInput } from '../contracts/workflow-inputs';
import { rootCause } from './failure';
import { addLoads, failedDatesOf, noLoads, tellFailed, whilePaused } from './steering';

/** Days of one execution: some ten events each, so that a history stays at a fiftieth of what the server allows. */
const DAYS_PER_EXECUTION = 100;

/** The workflow that a day is loaded by, and that continues as new: `mfgRawIngestion`, which imports this file. */
type RawIngestion = (input?: RawIngestionInput, carried?: CarriedDays) => Promise<RawIngestionResult>;

/** What a backfill that publishes each day hands to its next execution; `days` are those to come. */
export interface CarriedDays {
  plan: IngestionPlan;
  days: string[];
  isPaused: boolean;
  loadedDates: string[];
  failed: [date: string, error: string][];
  loads: LoadCounts;
  /** Of the newest day that was published. */
  last: Pick<RawIngestionResult, 'publication' | 'build' | 'warned'> & { quality: DataQualityResult | null };
}

/** A backfill of days, before its first one. */
export function daysToDo(plan: IngestionPlan, days: string[]): CarriedDays {
  const last = { publication: null, build: null, warned: [], quality: null };
  return { plan, days, isPaused: false, loadedDates: [], failed: [], loads: noLoads(), last };
}

/**
 * Loads and publishes each day as a child run of its own, `<workflow id>-<date>`, in the order of the dates. A day that fails
 * is told of and left pending. After a hundred days it continues as new, under the same LOAD_ID.
 *
 * @throws ApplicationFailure BackfillFailedError when no day could be loaded.
 */
export async function backfillEach(
  loadId: string,
  input: RawIngestionInput,
  carried: CarriedDays,
  progress: RunProgress,
): Promise<RawIngestionResult> {
  const { plan } = carried;
  const failed = new Map(carried.failed);
  const loadedDates = [...carried.loadedDates];
  let { loads, last } = carried;
  const daysBefore = loadedDates.length + failed.size;
  Object.assign(progress, {
    stage: 'backfilling',
    logicalDate: plan.logicalDate,
    loads,
    publication: last.publication,
  });
  Object.assign(progress, { days: daysBefore + carried.days.length, daysDone: daysBefore });
  for (const [date, error] of failed) tellFailed(progress, { date, error });
  for (const [index, day] of carried.days.entries()) {
    await whilePaused(progress);
    if (index === DAYS_PER_EXECUTION) {
      const days = carried.days.slice(index);
      const isPaused = progress.paused;
      await continueAsNew<RawIngestion>(input, {
        plan,
        days,
        isPaused,
        loadedDates,
        failed: [...failed],
        loads,
        last,
      });
    }
    try {
      const result = await loadDay(input, day);
      loads = addLoads(loads, result.loads);
      loadedDates.push(day);
      if (result.publication !== null) {
        const { publication, build, warned, quality } = result;
        last = { publication, build, warned, quality };
      }
    } catch (error) {
      if (CancellationScope.current().consideredCancelled) throw error;
      const cause = rootCause(error);
      failed.set(day, cause instanceof Error ? cause.message : String(cause));
      tellFailed(progress, { date: day, error: failed.get(day) ?? null });
    }
    progress.daysDone++;
    Object.assign(progress, { loads, publication: last.publication });
  }
  if (loadedDates.length === 0) throw allFailed(failed);
  return {
    loadId,
    sourceSystem: plan.sourceSystem,
    logicalDate: plan.logicalDate,
    logicalDates: loadedDates,
    ignoredFiles: plan.ignoredFiles,
    reused: 0,
    outcome: last.publication === null ? 'NOTHING_NEW' : 'PUBLISHED',
    loads,
    ...last,
    ...(failed.size > 0 && { failedDates: failedDatesOf(failed) }),
    ...(plan.unfinishedDates && { unfinishedDates: plan.unfinishedDates }),
  };
}

/** The day's own backfill: what is pending of it, or with `reload` all of it. */
async function loadDay(input: RawIngestionInput, day: string): Promise<RawIngestionResult> {
  const { dates: _dates, publish: _publish, ...rest } = input;
  const workflowId = `${workflowInfo().workflowId}-${day}`;
  const args: [RawIngestionInput] = [{ ...rest, from: day, to: day }];
  return executeChild<RawIngestion>('mfgRawIngestion', { workflowId, args, staticSummary: `Deliveries of ${day}` });
}

/** The sentence of a backfill of which no date could be loaded. */
export function allFailed(failed: Map<string, string>): ApplicationFailure {
  const [first] = failedDatesOf(failed);
  const which = failed.size === 1 ? 'the date' : `none of the ${failed.size} dates`;
  const verb = failed.size === 1 ? 'could not be loaded' : 'could be loaded';
  return ApplicationFailure.nonRetryable(
    `${which} ${verb}, readers keep what they had: ${first?.date}: ${first?.error}`,
    'BackfillFailedError',
  );
}
