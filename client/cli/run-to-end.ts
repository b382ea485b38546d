import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../contracts/config';
import { InvalidInputError, TemporalUnreachableError } from '../../contracts/errors';
import { runUrl } from '../../contracts/run-url';
import { connectClient, type ConnectedClient } from '../connection';
import { untilAlertsAreOut } from '../incidents';
import { runFailureOf } from '../run-failure';
import { answersProgress } from '../run-progress';
import { startRun, type ResultOf, type RunHandle, type RunRequest, type WorkflowType } from '../start-runs';
import { assertWorkerPolls } from '../worker-polls';
import { CommandFailure, EXIT } from './failures';
import { configuredWarehouse } from './configured-warehouse';
import { fields } from './print';
import { askOnInterrupt } from './interrupt-question';
import { showProgress } from './progress';
import { cancelCommand, startCommand } from './temporal-command';
import { publicationOf } from './warehouse-facts';

/** What every command that starts a run may be told. */
export interface RunOptions {
  /** Start the run and end. */
  detach?: boolean;
  /** One JSON object on stdout instead of text; no progress. */
  json?: boolean;
}

/** A run as it was started. */
export interface StartedRun {
  workflowId: string;
  runId: string;
  loadId: string;
  /** The run in the Web UI; undefined when nothing says where that is. */
  uiUrl: string | undefined;
  /** The same start as a command of Temporal's own. */
  command: string;
}

/** A run that ended well. Times in milliseconds since the epoch. */
export interface FinishedRun<T extends WorkflowType> {
  started: StartedRun;
  result: ResultOf<T>;
  /** How long it took until the platform, or the connection to another server, was ready. */
  connectMs: number;
  startedAt: number;
  endedAt: number;
  /** False when the Web UI ends with this command. */
  uiStays: boolean;
}

/** A run that has just been started, or set back. */
export interface BegunRun<T extends WorkflowType> {
  handle: RunHandle<T>;
  /** Its own run id, which after a reset is not that of its LOAD_ID. */
  runId: string;
  /** The same as a command of Temporal's own. */
  command: string;
}

/** The end of an embedded run that was cancelled: the workflow ends at once, its dbt within seconds. */
const CANCEL_PATIENCE_MS = 30_000;
/** npm passes a Ctrl-C on that the terminal has already sent: two within this time are one. */
const SAME_KEY_PRESS_MS = 500;

/**
 * Starts a run, shows its progress, waits for its end and shows its result. With `detach` it ends once the run is started.
 *
 * Ctrl-C asks on a terminal whether to cancel the run or to leave it; elsewhere it cancels a run on a platform that ends with this
 * command and leaves any other going. Either way it says so.
 *
 * @param begin what begins the run; by default it is started.
 * @throws CommandFailure with the run's own sentence when it failed; TerminalError when it could not be started.
 */
export async function runToEnd<T extends WorkflowType>(
  config: Config,
  request: RunRequest<T>,
  options: RunOptions,
  show: (run: FinishedRun<T>) => Promise<void>,
  begin: (connected: ConnectedClient, request: RunRequest<T>) => Promise<BegunRun<T>> = start,
): Promise<void> {
  const connectStarted = Date.now();
  const connected = await connectClient(config);
  let closing: Promise<void> | undefined;
  const end = async () => {
    if (connected.lease?.staysUp === false) await untilAlertsAreOut(connected.client).catch(() => undefined);
    await connected.close();
  };
  const close = () => (closing ??= end());
  try {
    if (options.detach) refuseToLeave(connected);
    await assertWorkerPolls(connected);
    const connectMs = Date.now() - connectStarted;
    const { handle, ...begun } = await begin(connected, request);
    const started = describeStart(connected, handle, begun);
    if (!options.json) console.log(startText(started, connected));
    if (options.detach) {
      console.log(options.json ? JSON.stringify(started, null, 2) : 'Started; it goes on by itself.');
      return;
    }
    const ended = await waitFor(connected, request, handle, options);
    if (ended.outcome === 'completed') {
      const { startTime, closeTime } = await handle.describe();
      const finished: FinishedRun<T> = {
        started,
        result: ended.result,
        connectMs,
        startedAt: startTime.getTime(),
        endedAt: (closeTime ?? new Date()).getTime(),
        uiStays: connected.lease?.staysUp ?? true,
      };
      // The embedded platform needs a second or two to end: the result is shown meanwhile.
      await Promise.all([show(finished), close()]);
      return;
    }
    if (ended.outcome === 'cancelled') {
      await close();
      throw new CommandFailure(await cancelledSentence(config, request.workflowId));
    }
    const { type, message } = ended;
    if (options.json) console.log(JSON.stringify({ ...started, error: { type, message } }, null, 2));
    throw new CommandFailure(message, type === InvalidInputError.name ? EXIT.usage : EXIT.failed);
  } finally {
    await close();
  }
}

type RunEnd<T extends WorkflowType> =
  | { outcome: 'completed'; result: ResultOf<T> }
  | { outcome: 'cancelled' }
  | { outcome: 'failed'; type: string; message: string };

async function waitFor<T extends WorkflowType>(
  { client, lease, ...server }: ConnectedClient,
  request: RunRequest<T>,
  handle: RunHandle<T>,
  options: RunOptions,
): Promise<RunEnd<T>> {
  // Ends what is still asked of the server, before the connection is closed.
  const following = new AbortController();
  // The client adds a listener for each of its polls, three a minute.
  setMaxListeners(0, following.signal);
  const watching = new AbortController();
  const interrupts = onInterrupt();
  const answersQuery = answersProgress(request.workflowType);
  const progress = options.json ? undefined : showProgress(client, handle, answersQuery, watching.signal);
  try {
    const ended = client
      .withAbortSignal(following.signal, () => handle.result())
      .then(
        (result): RunEnd<T> => ({ outcome: 'completed', result }),
        (error: unknown): RunEnd<T> => endOf(error, server.address),
      );
    const lost = lease?.lost.then(() => 'lost' as const) ?? new Promise<never>(() => undefined);
    const first = await Promise.race([ended, lost, interrupts.first]);
    watching.abort();
    await progress;
    if (first === 'lost') {
      throw new CommandFailure(
        'The platform ended before the run did (platform.log in the state folder says why): the run goes on when it is started again, for example by `npm run dev`.',
      );
    }
    if (first !== 'interrupted') return first;
    const staysUp = lease === undefined || lease.staysUp;
    const answer = await Promise.race([ended, askOnInterrupt(staysUp, following.signal)]);
    if (typeof answer === 'object') return answer;
    if (answer === 'leave') {
      const goesOn = staysUp
        ? 'The run goes on without this command.'
        : 'The platform ends with this command: the run goes on when one is up again, for example by `npm run dev`.';
      const cancelIt = staysUp
        ? cancelCommand(server, request.workflowId)
        : `npx mfg runs cancel ${request.workflowId}`;
      throw new CommandFailure(`${goesOn} To cancel it: ${cancelIt}`, EXIT.interrupted);
    }
    console.error('Cancelling the run (Ctrl-C again leaves at once).');
    await handle.cancel();
    const late: RunEnd<T> = {
      outcome: 'failed',
      type: 'NotCancelledYet',
      message: `The run has not ended ${CANCEL_PATIENCE_MS / 1000} seconds after it was cancelled: it ends when the platform is next started.`,
    };
    return await Promise.race([ended, sleep(CANCEL_PATIENCE_MS, late, { ref: false })]);
  } finally {
    interrupts.dispose();
    watching.abort();
    following.abort();
    await progress;
  }
}

/** @throws TemporalUnreachableError when it is not the run that ended, but the connection. */
function endOf(
  error: unknown,
  address: string,
): { outcome: 'cancelled' } | { outcome: 'failed'; type: string; message: string } {
  const failure = runFailureOf(error);
  if (failure === undefined) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TemporalUnreachableError(
      `The Temporal server at ${address} stopped answering (${reason}): the run goes on when it is back.`,
      { cause: error },
    );
  }
  if (failure.ending === 'CANCELLED') return { outcome: 'cancelled' };
  return { outcome: 'failed', type: failure.kind, message: failure.message };
}

async function start<T extends WorkflowType>(connected: ConnectedClient, request: RunRequest<T>): Promise<BegunRun<T>> {
  const handle = await startRun(connected.client, request);
  return { handle, runId: handle.firstExecutionRunId, command: startCommand(connected, request) };
}

function describeStart<T extends WorkflowType>(
  { uiUrl, namespace }: ConnectedClient,
  { workflowId, firstExecutionRunId }: RunHandle<T>,
  { runId, command }: Omit<BegunRun<T>, 'handle'>,
): StartedRun {
  const loadId = `${workflowId}::${firstExecutionRunId}`;
  return { workflowId, runId, loadId, uiUrl: runUrl(uiUrl, namespace, { workflowId, runId }), command };
}

function startText(started: StartedRun, { lease }: ConnectedClient): string {
  const whileUp = lease?.staysUp === false ? ' (while this command runs)' : '';
  return fields([
    ['workflow id', started.workflowId],
    ['run id', started.runId],
    ['LOAD_ID', started.loadId],
    ['Web UI', started.uiUrl && `${started.uiUrl}${whileUp}`],
    ['the same as', started.command],
  ]);
}

function refuseToLeave({ lease }: ConnectedClient): void {
  if (lease === undefined || lease.staysUp) return;
  throw new InvalidInputError(
    '--detach needs a platform that outlives this command: start `npm run dev` in another terminal first, or leave --detach out.',
  );
}

/** The log of publications knows what a cancellation came too late for. */
export async function cancelledSentence(config: Config, workflowId: string): Promise<string> {
  const publication = await publicationOf(await configuredWarehouse(config), workflowId).catch(() => undefined);
  return publication === undefined
    ? 'Cancelled: the run published nothing, readers keep what they had.'
    : `Cancelled after publication ${publication}, which stands; its quality was not checked to the end.`;
}

function onInterrupt() {
  let note = (): void => undefined;
  const first = new Promise<'interrupted'>((resolve) => {
    let since: number | undefined;
    note = () => {
      since ??= Date.now();
      if (Date.now() - since > SAME_KEY_PRESS_MS) process.exit(EXIT.interrupted);
      resolve('interrupted');
    };
  });
  process.on('SIGINT', note).on('SIGTERM', note);
  return { first, dispose: () => void process.off('SIGINT', note).off('SIGTERM', note) };
}
