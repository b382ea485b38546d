import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { ConfigurationError } from '../../../contracts/errors';
import { TASK_QUEUE } from '../../../contracts/task-queue';
import { connectClient, externalServer } from '../../connection';
import { assertWorkerPolls } from '../../worker-polls';

/** `mfg worker`, which is `npm run worker`. */
export function addWorker(program: Command): void {
  program
    .command('worker')
    .summary('a worker for the Temporal server of TEMPORAL_ADDRESS')
    .description('Runs a worker for the Temporal server that TEMPORAL_ADDRESS names, until Ctrl-C or SIGTERM.')
    .option('--check', 'run none, but tell whether one of this host (this container) polls: exit code 0, else 1')
    .addHelpText(
      'after',
      `
Examples:
  TEMPORAL_ADDRESS=temporal.example:7233 npx mfg worker
  npx mfg worker --check     the health check of a container`,
    )
    .action(async ({ check }: { check?: true }) => {
      if (check) return checkWorker();
      await import('../../../workers/main.js');
      // Its module is a program of its own: it ends this process.
      await new Promise<never>(() => undefined);
    });
}

async function checkWorker(): Promise<void> {
  const config = loadConfig();
  // Never the embedded platform: a check brings nothing up.
  if (externalServer(config) === undefined) {
    throw new ConfigurationError('TEMPORAL_ADDRESS is not set: name the Temporal server that the worker works for.');
  }
  const connected = await connectClient(config);
  try {
    await assertWorkerPolls(connected, true);
    console.log(`A worker of this host polls task queue '${TASK_QUEUE}' at ${connected.address}.`);
  } finally {
    await connected.close();
  }
}
