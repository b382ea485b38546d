import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, type NativeConnection, Runtime, Worker, type LogEntry } from '@temporalio/worker';
import { createActivities } from '../activities';
import type { Config } from '../contracts/config';
import { codeVersion, DIST, venvProgram } from '../contracts/installation';
import { TASK_QUEUE } from '../contracts/task-queue';
import { assertDuckDbVersion, createDuckDbWarehouse } from '../warehouse/duckdb/duckdb-warehouse';
import { platformFile } from './platform-record';
import { terminalErrorInterceptor } from './terminal-error-interceptor';

const LOG_LIMIT_BYTES = 10_000_000;

/**
 * Sends what the SDK and the workflows log to `<stateDir>/worker.log`, one JSON object per line. Called once per
 * process, before the first connection; signals are left to the caller.
 */
export function installRuntime(config: Config): void {
  const file = platformFile(config, 'worker.log');
  mkdirSync(config.stateDir, { recursive: true });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
  const log = createWriteStream(file, { flags: 'a' });
  Runtime.install({
    logger: new DefaultLogger('INFO', (entry) => log.write(`${JSON.stringify(logLine(entry))}\n`)),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    shutdownSignals: [],
  });
}

/**
 * The worker of the platform's task queue, with workflows from the bundle that set-up made. `run()` it; `shutdown()`
 * stops polling and lets what is under way end: activities have five seconds (a load of a small file, a publication),
 * then they are cancelled and another worker takes them over; after twenty seconds the worker ends in any case.
 */
export async function createWorker(config: Config, connection: NativeConnection, namespace: string): Promise<Worker> {
  await assertDuckDbVersion();
  const version = codeVersion();
  return await Worker.create({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: path.join(DIST, 'workflow-bundle.js') },
    activities: createActivities({
      config,
      warehouse: createDuckDbWarehouse(config.stateDir, version),
      codeVersion: version,
      dbt: venvProgram('dbt'),
    }),
    interceptors: { activity: [() => ({ inbound: terminalErrorInterceptor })] },
    // Room for two runs at once; each run limits its own loads to `parallelLoads`.
    maxConcurrentActivityTaskExecutions: Math.max(8, 2 * config.parallelLoads),
    // Heartbeats go out each second as they come, so that a cancellation reaches an activity within about a second.
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: '5s',
    shutdownForceTime: '20s',
  });
}

function logLine({ level, timestampNanos, message, meta }: LogEntry): Record<string, unknown> {
  const at = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const error: unknown = meta?.error;
  return { at, level, message, ...meta, ...(error instanceof Error && { error: error.stack }) };
}
