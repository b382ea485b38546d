import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { InvalidInputError } from '../../../contracts/errors';
import type { RunProgress } from '../../../contracts/run';
import { connectClient } from '../../connection';
import { plural } from '../print';

/** `mfg runs`: what can be done to a run that is under way. */
export function addRuns(program: Command): void {
  const runs = program
    .command('runs')
    .summary('steer a run that is under way')
    .description('Holds an ingestion or a backfill between two batches or days, and lets it go on.')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg runs pause mfg-raw-ingestion-backfill-20260401T060000Z-1a2b
  npx mfg runs resume mfg-raw-ingestion-backfill-20260401T060000Z-1a2b`,
    );
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
