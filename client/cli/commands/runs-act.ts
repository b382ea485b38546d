import { Option, InvalidArgumentError, type Command } from 'commander';
import { loadConfig, type Config } from '../../../contracts/config';
import { InvalidInputError } from '../../../contracts/errors';
import type { RunProgress } from '../../../contracts/run';
import { connectClient, type ConnectedClient } from '../../connection';
import { findRun, summaryOf, type RunType } from '../../runs/find-runs';
import { beforeItsBuild, cancelRun, requestAgain, resetTo, type ResetPoint } from '../../runs/steer-runs';
import type { RunHandle } from '../../start-runs';
import { personalAct } from '../actor';
import { configuredWarehouse } from '../configured-warehouse';
import { CommandFailure } from '../failures';
import { plural } from '../print';
import { cancelledSentence, runToEnd, type BegunRun, type FinishedRun, type RunOptions } from '../run-to-end';
import { failOnFailedChecks, failOnWhatFailed, showIngestion, showQuality, showTransformation } from '../show-results';
import { resetCommand } from '../temporal-command';
import { showRetention } from './retention';

const CANCEL_PATIENCE_S = 60;

/** `mfg runs retry|cancel|pause|resume`. */
export function addRunActs(runs: Command): void {
  runs
    .command('retry')
    .summary('the same work again, from its start or from its build')
    .description(
      'Starts the work of a run that has ended anew, under a LOAD_ID of its own: with its input, and with its logical date where a schedule or the deliveries gave that. With --from build the run itself is set back to before its build: its loads stand under their LOAD_ID and are not made again.',
    )
    .argument('<workflow id>', 'as `npx mfg runs list` prints it')
    .option('--run-id <id>', 'an earlier one under the same workflow id')
    .addOption(
      new Option('--from <step>', 'set the run back to before this step, instead of starting it anew').choices([
        'build',
      ]),
    )
    .option('--detach', 'start the run, print its ids and end (needs `npm run dev` or TEMPORAL_ADDRESS)')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg runs retry nightly-ingestion-2026-03-11T02:30:00Z                  the delivery was corrected
  npx mfg runs retry nightly-ingestion-2026-03-11T02:30:00Z --from build     a model was mended`,
    )
    .action(retry);
  runs
    .command('cancel')
    .summary('end a run; readers keep what they have')
    .description(
      'Asks a run to cancel and waits until it has ended: dbt is stopped, what it loaded counts for nothing, readers keep what they had.',
    )
    .argument('<workflow id>', 'as `npx mfg runs list` prints it')
    .option('--wait <seconds>', 'how long to wait for its end', asSeconds, CANCEL_PATIENCE_S)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', '\nExamples:\n  npx mfg runs cancel mfg-raw-ingestion-backfill-20260401T060000Z-1a2b')
    .action(cancel);
  for (const [update, summary, description] of [
    ['pause', 'hold it', 'What is under way ends, nothing new begins until `resume`. Repeating it changes nothing.'],
    ['resume', 'let it go on', 'Lets a run that was paused go on. Repeating it changes nothing.'],
  ] as const) {
    runs
      .command(update)
      .summary(summary)
      .description(description)
      .argument('<workflow id>', 'as the command that started it printed it')
      .option('--json', 'print one JSON object instead of text')
      .action((workflowId: string, options: { json?: true }) => steer(update, workflowId, options));
  }
}

interface RetryOptions extends RunOptions {
  runId?: string;
  from?: 'build';
}

async function retry(workflowId: string, options: RetryOptions): Promise<void> {
  const config = loadConfig();
  // Held until the run has ended: the platform that is asked is the one that runs it.
  const asked = await connectClient(config);
  try {
    const run = await findRun(asked.client, workflowId, options.runId);
    const show = (finished: FinishedRun<RunType>) => showFinished(config, finished, options);
    if (options.from === undefined) {
      await runToEnd(config, await requestAgain(asked.client, run), options, show);
      return;
    }
    const point = await beforeItsBuild(asked.client, run);
    const [, firstRunId = run.runId] = summaryOf(run).loadId?.split('::') ?? [];
    const request = { workflowType: point.type, workflowId, input: {} };
    await runToEnd(config, request, options, show, (server) => reset(server, point, firstRunId));
  } finally {
    await asked.close();
  }
}

async function reset(
  server: ConnectedClient,
  point: ResetPoint,
  firstExecutionRunId: string,
): Promise<BegunRun<RunType>> {
  const reason = `set back to its build by ${personalAct(undefined).actor}`;
  const runId = await resetTo(server.client, point, reason);
  const { workflowId } = point.run;
  const handle = Object.assign(server.client.workflow.getHandle(workflowId, runId), { firstExecutionRunId });
  return { handle: handle as RunHandle<RunType>, runId, command: resetCommand(server, point) };
}

async function showFinished(
  config: Config,
  { started, result }: FinishedRun<RunType>,
  options: RunOptions,
): Promise<void> {
  if (options.json) console.log(JSON.stringify({ ...started, ...result }, null, 2));
  if ('sourceSystem' in result) {
    if (!options.json) await showIngestion(await configuredWarehouse(config), result, 'of the run before');
    failOnWhatFailed(result);
  } else if ('checks' in result) {
    if (!options.json) showQuality(result);
    failOnFailedChecks(result);
  } else if (!options.json) {
    if ('rules' in result) showRetention(result);
    else showTransformation(result);
  }
}

async function cancel(workflowId: string, { wait, json }: { wait: number; json?: true }): Promise<void> {
  const config = loadConfig();
  const server = await connectClient(config);
  try {
    const run = await findRun(server.client, workflowId);
    const ended = summaryOf(await cancelRun(server.client, run, wait * 1000));
    const said = {
      running: `${workflowId} was asked to cancel and has not ended within ${plural(wait, 'second')}: it ends when what it waits for ends, or when a worker is there again.`,
      cancelled: await cancelledSentence(config, workflowId),
    }[ended.status];
    if (json) console.log(JSON.stringify(ended, null, 2));
    else
      console.log(
        said ??
          `${workflowId} came to its end before: ${ended.status}${ended.outcome === null ? '' : `, ${ended.outcome}`}.`,
      );
    if (ended.status === 'running') throw new CommandFailure('');
  } finally {
    await server.close();
  }
}

async function steer(update: 'pause' | 'resume', workflowId: string, options: { json?: true }): Promise<void> {
  const connected = await connectClient(loadConfig());
  try {
    const handle = connected.client.workflow.getHandle(workflowId);
    const progress = await handle.executeUpdate<RunProgress, []>(update);
    console.log(options.json ? JSON.stringify({ workflowId, ...progress }, null, 2) : stateText(workflowId, progress));
  } catch (error) {
    throw new InvalidInputError(`${workflowId} cannot be told to ${update}: ${reasonOf(error)}.`, { cause: error });
  } finally {
    await connected.close();
  }
}

function stateText(workflowId: string, { paused, stage, ...run }: RunProgress): string {
  const done =
    run.days > 0
      ? `${run.daysDone} of ${plural(run.days, 'day')} done`
      : `${run.batchesDone} of ${plural(run.batches, 'batch')} done`;
  return `${workflowId} ${paused ? 'is paused' : 'goes on'} (${stage}, ${done}).`;
}

/** The innermost sentence: that of the run itself, or of the server. */
function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  // The server's answer has its sentence in `details`; a failure of the run has values there, and the sentence as its message.
  const { details, message } = inner as { details?: unknown; message: string };
  return (typeof details === 'string' && details !== '' ? details : message).replace(/\.$/, '');
}

function asSeconds(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('It must be a number of seconds, such as 60.');
  return Number(text);
}
