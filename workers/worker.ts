import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs';
import path from 'node:path';
import {
  DefaultLogger,
  type NativeConnection,
  Runtime,
  Worker,
  type LogEntry,
  type WorkerOptions,
} from '@temporalio/worker';
import { createActivities } from '../activities';
import { encryptingDataConverter } from '../client/payload-encryption';
import type { Config } from '../contracts/config';
import { ConfigurationError } from '../contracts/errors';
import { codeVersion, DIST, venvProgram } from '../contracts/installation';
import { TASK_QUEUE } from '../contracts/task-queue';
import { assertDuckDbVersion } from '../warehouse/duckdb/duckdb-warehouse';
import { openWarehouse } from '../warehouse/open-warehouse';
import { platformFile } from './platform-record';
import { statementContextInterceptor } from './statement-context-interceptor';
import { terminalErrorInterceptor } from './terminal-error-interceptor';

const LOG_LIMIT_BYTES = 10_000_000;

/**
 * Sends what the SDK and the workflows log to `<stateDir>/worker.log` or the error output, one JSON object per line, and
 * shows metrics to Prometheus when an address is configured. Called once per process, before the first connection;
 * signals are left to the caller.
 *
 * @throws ConfigurationError when the metrics' address cannot be used.
 */
export function installRuntime(config: Config): void {
  const log = config.workerLog === 'stderr' ? process.stderr : openLog(config);
  const bindAddress = config.metricsAddress;
  try {
    Runtime.install({
      logger: new DefaultLogger('INFO', (entry) => log.write(`${JSON.stringify(logLine(entry))}\n`)),
      telemetryOptions: {
        logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
        ...(bindAddress !== undefined && {
          metrics: {
            prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true },
          },
        }),
      },
      shutdownSignals: [],
    });
  } catch (error) {
    if (bindAddress === undefined) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(
      `MFG_METRICS_ADDRESS is '${bindAddress}', on which metrics cannot be shown (${reason}): name a free port of this machine, or leave it out.`,
      { cause: error },
    );
  }
}

function openLog(config: Config): WriteStream {
  const file = platformFile(config, 'worker.log');
  mkdirSync(config.stateDir, { recursive: true });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
  return createWriteStream(file, { flags: 'a' });
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
    ...workflowCode(config),
    ...deploymentOf(config, version),
    activities: createActivities({
      config,
      warehouse: await openWarehouse(config, version),
      codeVersion: version,
      dbt: venvProgram('dbt'),
    }),
    interceptors: {
      activity: [() => ({ inbound: terminalErrorInterceptor }), () => ({ inbound: statementContextInterceptor })],
    },
    // Room for two runs at once; each run limits its own loads to `parallelLoads`.
    maxConcurrentActivityTaskExecutions: Math.max(8, 2 * config.parallelLoads),
    // Heartbeats go out each second as they come, so that a cancellation reaches an activity within about a second.
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: '5s',
    shutdownForceTime: '20s',
  });
}

/** The prebuilt bundle leaves failures readable; encryption wants them encoded inside the workflow, so it bundles anew (seconds). */
function workflowCode(config: Config): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'dataConverter'> {
  const dataConverter = encryptingDataConverter(config.payloadKeys);
  if (dataConverter === undefined) return { workflowBundle: { codePath: path.join(DIST, 'workflow-bundle.js') } };
  return { workflowsPath: path.join(DIST, 'workflows', 'index.js'), dataConverter };
}

/** With a deployment, a run stays on the code that it began with: its version is this code's. */
function deploymentOf(config: Config, version: string): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  const deploymentName = config.workerDeployment;
  if (deploymentName === undefined) return {};
  return {
    workerDeploymentOptions: {
      version: { deploymentName, buildId: version },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'PINNED',
    },
  };
}

function logLine({ level, timestampNanos, message, meta }: LogEntry): Record<string, unknown> {
  const at = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const error: unknown = meta?.error;
  return { at, level, message, ...meta, ...(error instanceof Error && { error: error.stack }) };
}
