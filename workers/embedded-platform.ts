import { msToTs } from '@temporalio/common/lib/time';
import type { NativeConnection } from '@temporalio/worker';
import type { Config } from '../contracts/config';
import { PlatformError } from '../contracts/errors';
import { addMissingSearchAttributes } from './search-attributes';
import { startTemporalServer, type TemporalServer } from './temporal-server';

/** A Temporal server, its Web UI and a worker, in one process of ours and one of Temporal's. */
export interface EmbeddedPlatform {
  address: string;
  uiUrl: string;
  /** Settles when worker and server have ended; rejects when either failed and did not come back. */
  ended: Promise<void>;
  /** Lets the worker end what it does, then stops the server. */
  stop(): Promise<void>;
}

const NAMESPACE = 'default';
/** Closed runs are kept this long: resets, links and audits need their histories. The server's own default is one day. */
const RETENTION = '30 days';
const CONNECT_PATIENCE_MS = 30_000;
/** A server that fails this often is not brought back any more. */
const MAX_RESTARTS = 5;

/**
 * Starts the embedded platform. The server comes up while the worker's modules are loaded; one that dies is started
 * again on the same ports, where workers and clients find it.
 */
export async function startEmbeddedPlatform(config: Config): Promise<EmbeddedPlatform> {
  const starting = startTemporalServer(config);
  starting.catch(() => undefined);
  const { installRuntime, createWorker } = await import('./worker.js');
  installRuntime(config);
  let server = await starting;
  try {
    const connection = await connectWhenReady(server.address);
    await keepHistories(connection);
    await addMissingSearchAttributes(connection, NAMESPACE);
    // Nobody makes a version current on this server: versioned workers would get no work.
    const temporalUiUrl = config.temporalUiUrl ?? server.uiUrl;
    const worker = await createWorker({ ...config, temporalUiUrl, workerDeployment: undefined }, connection, NAMESPACE);
    let stopping = false;
    const running = worker.run();
    const serving = (async () => {
      for (let restarts = 0; ; restarts++) {
        await server.ended;
        if (stopping) return;
        if (restarts === MAX_RESTARTS) throw new PlatformError(`The Temporal server ended ${restarts + 1} times.`);
        console.error(`The Temporal server ended unexpectedly: starting it again at ${server.address}.`);
        server = await startTemporalServer(config, portsOf(server));
      }
    })();
    const stop = async () => {
      stopping = true;
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running.catch((error: unknown) => console.error(error));
      await connection.close();
      await server.stop();
    };
    const { address, uiUrl } = server;
    return { address, uiUrl, ended: Promise.all([running, serving]).then(() => undefined), stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The port is open a moment before the server answers on it. */
async function connectWhenReady(address: string): Promise<NativeConnection> {
  const { NativeConnection } = await import('@temporalio/worker');
  const deadline = Date.now() + CONNECT_PATIENCE_MS;
  for (;;) {
    try {
      return await NativeConnection.connect({ address });
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

async function keepHistories({ workflowService }: NativeConnection): Promise<void> {
  const deadline = Date.now() + CONNECT_PATIENCE_MS;
  for (;;) {
    try {
      await workflowService.updateNamespace({
        namespace: NAMESPACE,
        config: { workflowExecutionRetentionTtl: msToTs(RETENTION) },
      });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

function portsOf({ address, uiUrl }: TemporalServer): { port: number; uiPort: number } {
  return { port: Number(address.split(':')[1]), uiPort: Number(new URL(uiUrl).port) };
}
