import { condition, defineQuery, defineUpdate, setHandler } from '@temporalio/workflow';
import type { FailedDate, LoadCounts, RunProgress } from '../contracts/run';

/** Where the run is: stage, batches and rows loaded so far. */
export const progressQuery = defineQuery<RunProgress>('progress');
/** Holds the run: what is under way ends, nothing new begins until `resume`. Repeating it changes nothing. */
export const pauseUpdate = defineUpdate<RunProgress>('pause');
/** Lets a held run go on. */
export const resumeUpdate = defineUpdate<RunProgress>('resume');

/** Stages that something can be held in. */
const HOLDABLE: readonly RunProgress['stage'][] = ['discovering', 'waiting', 'loading', 'backfilling', 'checking'];
/** Of failed dates, so many are told with their errors. */
const FAILED_DATES_SHOWN = 20;

/** Answers the query `progress` and the updates `pause` and `resume` from here on. */
export function steer(isPaused = false): RunProgress {
  const progress: RunProgress = {
    stage: 'discovering',
    paused: isPaused,
    logicalDate: null,
    waitingFor: [],
    batchesDone: 0,
    batches: 0,
    daysDone: 0,
    days: 0,
    loads: noLoads(),
    failedDateCount: 0,
    failedDates: [],
    publication: null,
  };
  const set = (paused: boolean) => {
    progress.paused = paused;
    return progress;
  };
  setHandler(progressQuery, () => progress, {
    description: 'Where the run is: stage, batches, days and rows so far, what it waits for, which dates failed.',
  });
  setHandler(pauseUpdate, () => set(true), {
    description: 'Holds the run between two batches or days: what is under way ends, nothing new begins.',
    validator: () => {
      if (HOLDABLE.includes(progress.stage)) return;
      throw new Error(
        `the run is ${progress.stage} already, so that there is nothing left to hold: cancel it, or let it end`,
      );
    },
  });
  setHandler(resumeUpdate, () => set(false), { description: 'Lets a run that was paused go on.' });
  return progress;
}

/** Holds the caller while the run is paused. */
export async function whilePaused(progress: RunProgress): Promise<void> {
  // Not awaited otherwise: the order of the commands of a run that is never paused stays what it was.
  if (progress.paused) await condition(() => !progress.paused);
}

/** Shows a failed date in the progress. */
export function tellFailed(progress: RunProgress, failed: FailedDate): void {
  progress.failedDateCount++;
  if (progress.failedDates.length < FAILED_DATES_SHOWN) progress.failedDates.push(failed);
}

/** Failed dates for a result, ascending: all of them, the first with their errors. */
export function failedDatesOf(failed: Map<string, string>): FailedDate[] {
  return [...failed]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([date, error], index) => ({ date, error: index < FAILED_DATES_SHOWN ? error : null }));
}

export function noLoads(): LoadCounts {
  return { partitions: 0, rowsRead: 0, rowsLoaded: 0, rowsRejected: 0, sizeBytes: 0 };
}

export function addLoads(a: LoadCounts, b: LoadCounts): LoadCounts {
  return {
    partitions: a.partitions + b.partitions,
    rowsRead: a.rowsRead + b.rowsRead,
    rowsLoaded: a.rowsLoaded + b.rowsLoaded,
    rowsRejected: a.rowsRejected + b.rowsRejected,
    sizeBytes: a.sizeBytes + b.sizeBytes,
  };
}
