import type { Client } from '@temporalio/client';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import type { Config } from '../contracts/config';
import { encryptingDataConverter } from './payload-encryption';
import { leasePlatform, type Lease } from './platform';
import { openConnection } from './temporal-connection';

/** A client of the Temporal server that the configuration names, embedded or not. */
export interface ConnectedClient {
  client: Client;
  address: string;
  namespace: string;
  /** Base address of the Web UI; undefined when an external server's is not configured. */
  uiUrl: string | undefined;
  /** Of the embedded platform; undefined with an external server. */
  lease: Lease | undefined;
  close(): Promise<void>;
}

/** What connects to an external server, from `TEMPORAL_*` variables or a profile of Temporal's configuration file. */
export interface ExternalServer {
  address: string;
  namespace: string;
  connectionOptions: ClientConnectConfig['connectionOptions'];
}

/**
 * The server that `TEMPORAL_ADDRESS` or a profile (`TEMPORAL_PROFILE`, `TEMPORAL_CONFIG_FILE`) names, with namespace,
 * TLS and API key as Temporal's environment configuration reads them; undefined means the embedded platform. A default
 * profile that happens to be on the machine is not enough: nobody should reach a production cluster by `npm start`.
 */
export function externalServer(config: Config, env: NodeJS.ProcessEnv = process.env): ExternalServer | undefined {
  const { TEMPORAL_ADDRESS: _, ...others } = env;
  const named = config.temporalAddress ?? (env.TEMPORAL_PROFILE || env.TEMPORAL_CONFIG_FILE);
  if (named === undefined || named === '') return undefined;
  const overrideEnvVars = Object.fromEntries(
    Object.entries({ ...others, TEMPORAL_ADDRESS: config.temporalAddress }).filter(([, value]) => Boolean(value)),
  ) as Record<string, string>;
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars });
  const address = connectionOptions.address ?? '127.0.0.1:7233';
  return { address, namespace: namespace ?? 'default', connectionOptions: { ...connectionOptions, address } };
}

/**
 * Connects to the configured server, or leases the embedded platform.
 *
 * @throws TemporalUnreachableError, PlatformError, ConfigurationError: one sentence each.
 */
export async function connectClient(config: Config): Promise<ConnectedClient> {
  const dataConverter = encryptingDataConverter(config.payloadKeys);
  const external = externalServer(config);
  const leasing = external ? undefined : leasePlatform(config);
  leasing?.catch(() => undefined);
  // Loading the client takes as long as the platform's start: both at once.
  const { Client } = await import('@temporalio/client');
  const lease = await leasing;
  const { address, namespace, connectionOptions } = external ?? {
    address: lease?.address ?? '',
    namespace: 'default',
    connectionOptions: { address: lease?.address },
  };
  try {
    const remedy = 'TEMPORAL_ADDRESS and the other TEMPORAL_ variables';
    const connection = await openConnection({ ...connectionOptions, address }, remedy);
    return {
      client: new Client({ connection, namespace, dataConverter }),
      address,
      namespace,
      uiUrl: lease?.uiUrl ?? config.temporalUiUrl,
      lease,
      close: async () => {
        await connection.close();
        await lease?.release();
      },
    };
  } catch (error) {
    await lease?.release();
    throw error;
  }
}

/** Connects as `connectClient` does, for as long as the work takes. */
export async function withServer<T>(config: Config, work: (server: ConnectedClient) => Promise<T>): Promise<T> {
  const server = await connectClient(config);
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}
