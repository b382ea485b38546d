import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time';
import { TemporalUnreachableError } from '../contracts/errors';
import { TASK_QUEUE } from '../contracts/task-queue';
import { serverReason } from './temporal-connection';

/** A poll lasts a minute at most, and the server remembers pollers for five: an older one has gone. */
const POLLER_IS_GONE_AFTER_MS = 70_000;

/**
 * Makes sure that what is started will be taken up.
 *
 * @param server its address is for the sentence only.
 * @param ofThisHost only a worker that runs on this host (in this container) counts.
 * @throws TemporalUnreachableError when no worker polls the platform's task queue, or the namespace does not exist.
 */
export async function assertWorkerPolls(
  { client, address, namespace }: { client: Client; address: string; namespace: string },
  ofThisHost = false,
): Promise<void> {
  const oldest = Date.now() - POLLER_IS_GONE_AFTER_MS;
  const polls = async (taskQueueType: 1 | 2) => {
    const taskQueue = { name: TASK_QUEUE };
    const answer = await client.workflowService.describeTaskQueue({ namespace, taskQueue, taskQueueType });
    return (answer.pollers ?? []).some(
      ({ lastAccessTime, identity }) =>
        tsToMs(lastAccessTime) > oldest && (!ofThisHost || identity?.endsWith(`@${hostname()}`)),
    );
  };
  let bothPoll: boolean;
  try {
    bothPoll = (await Promise.all([polls(1), polls(2)])).every(Boolean);
  } catch (error) {
    throw new TemporalUnreachableError(
      `The namespace '${namespace}' at ${address} cannot be used (${serverReason(error)}): correct the namespace (TEMPORAL_NAMESPACE) and the credentials.`,
      { cause: error },
    );
  }
  if (!bothPoll) {
    throw new TemporalUnreachableError(
      `No worker ${ofThisHost ? 'of this host ' : ''}polls task queue '${TASK_QUEUE}' at ${address}: start one with \`npm run worker\`.`,
    );
  }
}
