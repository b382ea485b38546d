import { encryptingDataConverter } from '../client/payload-encryption';
import type { Config } from '../contracts/config';
import { ConfigurationError, PlatformError } from '../contracts/errors';
import { codeVersion } from '../contracts/installation';
import { listIncidents } from '../incidents/list-incidents';
import { openWarehouse } from '../warehouse/open-warehouse';
import { hostPlatform, PlatformRunsAlreadyError, type HostedPlatform } from './hosted-platform';
import { serveReport, type ReportServer } from './report-server';

/**
 * Runs the embedded platform in the foreground until Ctrl-C or SIGTERM: Temporal server, Web UI and worker. It then lets
 * the worker end what it does and leaves nothing running; a second Ctrl-C ends at once.
 *
 * @param print where the lines for the user go.
 * @throws PlatformError when it cannot start, or a platform of this state folder runs already.
 */
export async function runDev(config: Config, print: (line: string) => void = console.log): Promise<void> {
  if (config.temporalAddress !== undefined) {
    throw new ConfigurationError(
      `TEMPORAL_ADDRESS is ${config.temporalAddress}: start a worker for that server with \`npm run worker\`, or unset it to run the embedded one.`,
    );
  }
  const told = signalled(() => print('Stopping: the worker ends what it does (Ctrl-C again ends at once).'));
  const platform = await hostPlatform(config).catch((error: unknown) => {
    if (!(error instanceof PlatformRunsAlreadyError)) throw error;
    throw new PlatformError(`${error.message.slice(0, -1)}: use that one, or stop it first.`);
  });
  print(`Temporal server  ${platform.address}`);
  print(`Web UI           ${platform.uiUrl}`);
  const report = await startReport(config, platform);
  print(`Report           ${report.url}`);
  print(`State folder     ${config.stateDir}`);
  print('In another terminal: npx mfg ingest, npx mfg status. Ctrl-C stops everything.');
  try {
    await Promise.race([told, platform.ended]);
  } finally {
    await report.close();
    await platform.stop();
  }
  print('Stopped.');
}

/** The report page of this platform's data, with its incidents and links to its Web UI. */
async function startReport(config: Config, { address, uiUrl }: HostedPlatform): Promise<ReportServer> {
  const { Client, Connection } = await import('@temporalio/client');
  const connection = Connection.lazy({ address });
  const dataConverter = encryptingDataConverter(config.payloadKeys);
  const client = new Client({ connection, dataConverter });
  const warehouse = await openWarehouse(config, codeVersion());
  const webUi = { url: config.temporalUiUrl ?? uiUrl, namespace: 'default' };
  const server = await serveReport(
    warehouse,
    { webUi, openIncidents: () => listIncidents(client, false) },
    config.reportPort,
  );
  const close = async () => {
    await server.close();
    await warehouse.close();
    await connection.close();
  };
  return { ...server, close };
}

function signalled(onFirst: () => void): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    const note = (): void => {
      signals += 1;
      if (signals > 1) process.exit(130);
      onFirst();
      resolve();
    };
    process.on('SIGINT', note).on('SIGTERM', note);
  });
}
