import type * as SnowflakeSdk from 'snowflake-sdk';
import type { Column, Connection, ConnectionOptions, FileAndStageBindStatement, RowStatement } from 'snowflake-sdk';
import { isLoopback } from '../../contracts/snowflake-settings';
import type { BoundStatement } from './binds';
import { AS_TEXT } from './rows';

/** Attempts at a login in all; the driver's own waits between them would outlast an activity's heartbeat. */
const LOGIN_RETRIES = 2;
/** Snowflake answers a long statement within 45 seconds with "still running": silence beyond this is a dead connection. */
const REQUEST_TIMEOUT_MS = 90_000;

/** What one statement gives back. */
export interface StatementResult {
  columns: Column[];
  /** Cells in the columns' order: two columns may have one name. */
  rows: unknown[][];
}

type Driver = typeof SnowflakeSdk;

let driver: Promise<Driver> | undefined;

/**
 * Loads the driver at its first use, set so that it writes no file and calls no host but Snowflake's.
 *
 * Off: its log file; the probes of cloud metadata addresses while it loads; the telemetry of how a connection was configured;
 * the native library that only reports on itself. What remains with a real account, since transport needs it: stage files and
 * large results come from the account's own cloud storage, and OCSP asks the certificate's issuer (never for a local server).
 */
function loadDriver(host: string | undefined): Promise<Driver> {
  process.env.SNOWFLAKE_DISABLE_PLATFORM_DETECTION = 'true';
  process.env.SNOWFLAKE_DISABLE_MINICORE = 'true';
  process.env.SF_TELEMETRY_DISABLE_CONNECTION_SHAPE = 'true';
  driver ??= import('snowflake-sdk').then((module) => {
    const loaded = (module as unknown as { default: Driver }).default;
    loaded.configure({
      logLevel: 'OFF',
      additionalLogToConsole: false,
      disableOCSPChecks: host !== undefined && isLoopback(host),
      // JSON is read as text; the driver's own parser evaluates what is no valid JSON.
      jsonColumnVariantParser: (text: string) => JSON.parse(text) as unknown,
    });
    return loaded;
  });
  return driver;
}

/** Opens a session. @throws the driver's error. */
export async function connect(login: ConnectionOptions): Promise<Connection> {
  const { createConnection } = await loadDriver(login.host);
  const connection = createConnection({
    ...login,
    application: 'mfg_data_platform',
    clientSessionKeepAlive: false,
    sfRetryMaxLoginRetries: LOGIN_RETRIES,
    timeout: REQUEST_TIMEOUT_MS,
    // A null read as text would otherwise be the text NULL.
    representNullAsStringNull: false,
  });
  await new Promise<void>((resolve, reject) => {
    // The driver's promise settles before the login does: its callback is what counts.
    connection.connectAsync((error) => (error ? reject(error) : resolve())).catch(reject);
  });
  return connection;
}

/** Ends a session; one that is already gone is no failure. Waits so long at the most. */
export async function disconnect(connection: Connection, patienceMs: number): Promise<void> {
  await within(patienceMs, new Promise<void>((resolve) => connection.destroy(() => resolve())));
}

/** A statement that was sent: its result, and a way to end it on the server. */
export interface SentStatement {
  result: Promise<StatementResult>;
  /** Settles when Snowflake has taken the request, or when patience ends. */
  cancel(patienceMs: number): Promise<void>;
}

/** Sends one statement. @throws the driver's error when it refuses the statement itself. */
export function send(connection: Connection, { sqlText, binds }: BoundStatement): SentStatement {
  let statement: RowStatement | FileAndStageBindStatement | undefined;
  const result = new Promise<StatementResult>((resolve, reject) => {
    statement = connection.execute({
      sqlText,
      ...(binds !== undefined && { binds: binds }),
      rowMode: 'array',
      fetchAsString: AS_TEXT,
      complete: (error, done, rows) => {
        if (error) reject(error);
        // A statement without a result has no columns either.
        else resolve({ columns: done.getColumns() ?? [], rows: (rows ?? []) as unknown[][] });
      },
    });
  });
  const cancel = (patienceMs: number) =>
    within(patienceMs, new Promise<void>((resolve) => statement?.cancel(() => resolve()) ?? resolve()));
  return { result, cancel };
}

/** Waits for work that must not hold up what comes after it. */
export async function within(patienceMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
  await Promise.race([work, patience]);
  clearTimeout(timer);
}
