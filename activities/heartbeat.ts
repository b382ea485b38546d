import { Context } from '@temporalio/activity';
import type { ActivityProgress } from '../contracts/run';

const HEARTBEAT_MS = 1_000;

/**
 * Runs an activity's work with a heartbeat each second, which is also how a cancellation reaches it.
 *
 * @param work gets a reporter of progress and a signal that is aborted on cancellation and worker shutdown.
 */
export async function withHeartbeat<T>(
  work: (report: (progress: ActivityProgress) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  let latest: ActivityProgress | undefined;
  const beat = () => context.heartbeat(latest);
  const timer = setInterval(beat, HEARTBEAT_MS);
  try {
    return await work((progress) => {
      latest = progress;
      beat();
    }, context.cancellationSignal);
  } finally {
    clearInterval(timer);
  }
}
