import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { ActivityProgress, AwaitedDelivery, RunProgress } from '../../contracts/run';
import { readSnapshot, type Snapshot } from '../run-progress';
import type { RunHandle, WorkflowType } from '../start-runs';
import { duration, number, plural, visible } from './print';

/** A snapshot in words: `step` changes seldom, `detail` often; `trouble` only when something is tried again. */
export interface ProgressWords {
  step: string;
  detail: string;
  trouble: string | undefined;
}

const STEPS: Record<RunProgress['stage'], string> = {
  discovering: 'Looking for deliveries',
  waiting: 'Waiting',
  loading: 'Loading',
  backfilling: 'Loading and publishing day by day',
  checking: 'Checking the load',
  building: 'Building and testing with dbt',
  publishing: 'Publishing',
  monitoring: "Checking the data's quality",
  done: 'Done',
};

/** For workflows that answer no query: what the activity at work means. */
const STAGE_OF_ACTIVITY: Record<string, RunProgress['stage']> = {
  discoverDeliveries: 'discovering',
  loadPartitions: 'loading',
  checkLoad: 'checking',
  buildCandidate: 'building',
  publish: 'publishing',
  checkQuality: 'monitoring',
};

/** Puts a snapshot in words. */
export function progressWords({ run, pending }: Snapshot): ProgressWords {
  const stage = run?.stage ?? pending.map((work) => STAGE_OF_ACTIVITY[work.activity]).find(Boolean);
  const at = pending.flatMap(({ progress }) => (progress === undefined ? [] : [wordsOf(progress)]));
  const failing = pending.find((work) => work.lastFailure !== undefined);
  return {
    step: stage === undefined ? 'Starting' : held(run) + STEPS[stage] + counted(stage, run),
    detail: at.join('; '),
    trouble:
      failing &&
      `${failing.activity} failed and is tried again (attempt ${failing.attempt}): ${firstLine(failing.lastFailure)}`,
  };
}

/**
 * Shows what a run does, about twice a second, until `until` is aborted: one line that changes on a terminal, a line per
 * step elsewhere. It asks the server only; a question that is not answered in time is asked again.
 */
export async function showProgress<T extends WorkflowType>(
  client: Client,
  handle: RunHandle<T>,
  answersQuery: boolean,
  until: AbortSignal,
  stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'> = process.stderr,
): Promise<void> {
  const show = stream.isTTY ? changingLine(stream) : linePerStep(stream);
  const started = Date.now();
  let last: Snapshot = { run: undefined, pending: [] };
  while (!until.aborted) {
    last = await client.withAbortSignal(AbortSignal.any([until]), () =>
      readSnapshot(client, handle, answersQuery, last),
    );
    if (until.aborted) break;
    show(progressWords(last), Date.now() - started);
    await sleep(POLL_MS, undefined, { signal: until }).catch(() => undefined);
  }
  if (stream.isTTY) stream.write(CLEAR_LINE);
}

const POLL_MS = 500;
const CLEAR_LINE = '\r\u001b[2K';

function changingLine(stream: Pick<NodeJS.WriteStream, 'write' | 'columns'>) {
  let told: string | undefined;
  return ({ step, detail, trouble }: ProgressWords, elapsedMs: number): void => {
    stream.write(CLEAR_LINE);
    if (trouble !== undefined && trouble !== told) stream.write(`${visible(trouble)}\n`);
    told = trouble;
    const line = [step, detail, duration(elapsedMs)].filter(Boolean).join(' · ');
    stream.write(visible(line).slice(0, (stream.columns || 80) - 1));
  };
}

function linePerStep(stream: Pick<NodeJS.WriteStream, 'write'>) {
  const told = new Set<string>();
  return ({ step, trouble }: ProgressWords): void => {
    for (const line of [step, trouble]) {
      if (line === undefined || told.has(line)) continue;
      told.add(line);
      stream.write(`${visible(line)}\n`);
    }
  };
}

function held(run: RunProgress | undefined): string {
  return run?.paused ? 'Paused (`mfg runs resume` lets it go on): ' : '';
}

function counted(stage: RunProgress['stage'], run: RunProgress | undefined): string {
  if (run === undefined) return '';
  if (stage === 'waiting') return awaited(run.waitingFor);
  const rows = run.loads.rowsLoaded === 0 ? '' : `, ${number(run.loads.rowsLoaded)} rows`;
  const failed = run.failedDateCount > 0 ? `, ${plural(run.failedDateCount, 'date')} failed` : '';
  if (stage === 'loading') return `: ${run.batchesDone} of ${plural(run.batches, 'batch')} done${rows}${failed}`;
  if (stage === 'backfilling') return `: ${run.daysDone} of ${plural(run.days, 'day')} done${rows}${failed}`;
  return '';
}

/** What a run waits for, and until when, in local time. */
function awaited([first, ...others]: AwaitedDelivery[]): string {
  if (first === undefined) return '';
  const until = new Date(first.until).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short' });
  const more = others.length > 0 ? ` and ${plural(others.length, 'other')}` : '';
  return ` for ${first.what}${more} (${first.reason}), at most until ${until}`;
}

function wordsOf({ at, done, of }: ActivityProgress): string {
  return `${done} of ${of}, ${at}`;
}

function firstLine(text: string | undefined): string {
  return text?.split('\n')[0] ?? '';
}
