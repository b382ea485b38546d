import { NativeConnection } from '@temporalio/worker';
import { externalServer } from '../client/connection';
import { loadConfig, loadDotenvIntoProcess } from '../contracts/config';
import { ConfigurationError, TemporalUnreachableError, TerminalError } from '../contracts/errors';
import { TASK_QUEUE } from '../contracts/task-queue';
import { addMissingSearchAttributes } from './search-attributes';
import { createWorker, installRuntime } from './worker';

/** `npm run worker`: a worker for the Temporal server that the environment names, until SIGTERM or Ctrl-C. */
async function main(): Promise<void> {
  loadDotenvIntoProcess();
  const config = loadConfig();
  const server = externalServer(config);
  if (server === undefined) {
    throw new ConfigurationError(
      'TEMPORAL_ADDRESS is not set: name the Temporal server to work for, or run `npm run dev`, which brings its own.',
    );
  }
  installRuntime(config);
  const connection = await NativeConnection.connect(server.connectionOptions).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TemporalUnreachableError(`No Temporal server answers at ${server.address} (${reason}).`, {
      cause: error,
    });
  });
  await addMissingSearchAttributes(connection, server.namespace);
  const worker = await createWorker(config, connection, server.namespace);
  const stop = (): void => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const running = worker.run();
  console.log(
    `Polling task queue '${TASK_QUEUE}' in namespace '${server.namespace}' at ${server.address}; Ctrl-C drains and stops.`,
  );
  await running;
  await connection.close();
  console.log('Drained and stopped.');
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof TerminalError ? error.message : error);
    process.exit(error instanceof ConfigurationError ? 2 : 1);
  },
);
