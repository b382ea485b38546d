import type { Connection } from 'snowflake-sdk';
import type { JsonRow } from '../../duckdb/connection';
import { sqlIdentifier } from '../../duckdb/sql-text';
import type { SnowflakeSettings, WarehouseUse } from '../../contracts/snowflake-settings';
import { bindStatement, type Bind } from './binds';
import { connect, disconnect, send, within } from './driver';
import { snowflakeError } from './errors';
import { assertUnattended, loginOptions, warnOfPassword } from './login';
import { toJsonRows } from './rows';
import { snowflakeString } from './sql-text';

export type { Bind } from './binds';

/** One Snowflake session, lent for a piece of work. One statement at a time. */
export interface SnowflakeConnection {
  /**
   * Runs one statement. `$1`, `$2`, … name binds (only when binds are given). Column names are in lower case; whole numbers are
   * numbers, or text beyond 2^53; other numbers are numbers; dates and timestamps are text as DuckDB writes it; JSON is text.
   *
   * @throws SnowflakeUnavailableError for what passes, a WarehouseError for what stays; `snowflakeCode` tells its code.
   */
  rows(sql: string, binds?: readonly Bind[]): Promise<JsonRow[]>;
  /** As `rows`, for its effect. */
  run(sql: string, binds?: readonly Bind[]): Promise<void>;
}

/** How an account is used by this process. */
export interface AccountOptions {
  /** Sessions at once; whoever comes later waits for a free one. */
  maxConnections?: number;
  /** A person sits at the screen: a login may open a browser. */
  isAttended?: boolean;
}

/** What a query tag says about the work that a statement belongs to. */
export type QueryTag = Record<string, string | number>;

const MOST_CONNECTIONS = 8;
/** A statement that waits for another's lock longer than this fails with a code that is retried. */
const LOCK_TIMEOUT_S = 60;
/** How long the end of a session, or of a statement, is waited for when the work has failed anyway. */
const PATIENCE_MS = 10_000;
/** An idle session is closed after this, so that a new key or grant comes to be used, and none is kept for nothing. */
const IDLE_MS = 5 * 60_000;
const LONGEST_TAG = 2000;

/** The state of every session, whatever the account's and the user's defaults say. */
const SESSION_PARAMETERS = [
  "TIMEZONE = 'UTC'",
  'AUTOCOMMIT = TRUE',
  'ABORT_DETACHED_QUERY = TRUE',
  `LOCK_TIMEOUT = ${LOCK_TIMEOUT_S}`,
  "TIMESTAMP_TYPE_MAPPING = 'TIMESTAMP_NTZ'",
  "DATE_OUTPUT_FORMAT = 'YYYY-MM-DD'",
  "TIMESTAMP_OUTPUT_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6'",
  "TIMESTAMP_NTZ_OUTPUT_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6'",
];

/** A session of ours, in use or idle. */
interface Session {
  connection: Connection;
  /** The virtual warehouse and the tag that it has now. */
  warehouse: string | undefined;
  tag: string;
  isInTransaction: boolean;
  idleSince: number;
}

/**
 * A Snowflake account as one user sees it: lends sessions, at most so many at once.
 *
 * Whatever fails in a lent session ends it: its transaction is rolled back and nobody meets a state that another left.
 */
export class SnowflakeAccount {
  private readonly idle: Session[] = [];
  private readonly waiting: (() => void)[] = [];
  private free: number;
  private isClosed = false;

  /** @throws ConfigurationError when the login would need a person at the screen and nobody attends. */
  constructor(
    private readonly settings: SnowflakeSettings,
    { maxConnections = MOST_CONNECTIONS, isAttended = false }: AccountOptions = {},
  ) {
    if (!isAttended) assertUnattended(settings);
    this.free = maxConnections;
  }

  /**
   * Lends a session for a piece of work.
   *
   * @param tag becomes the QUERY_TAG, as JSON, of every statement.
   * @param use decides on the virtual warehouse; 'none' for what needs none.
   * @param signal ends the running statement on the server, and the work with the signal's reason.
   * @throws what `work` throws; errors of the login.
   */
  async withConnection<T>(
    tag: QueryTag,
    use: WarehouseUse | 'none',
    work: (connection: SnowflakeConnection) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    await this.takeTurn(signal);
    let session: Session | undefined;
    try {
      session = await this.session(signal);
      await prepare(session, JSON.stringify(tag), this.warehouseOf(use), signal);
      const result = await work(lend(session, signal));
      if (session.isInTransaction) throw new Error('a piece of work left its transaction open');
      signal?.throwIfAborted();
      await this.putBack(session);
      return result;
    } catch (error) {
      if (session !== undefined) await drop(session);
      signal?.throwIfAborted();
      throw error;
    } finally {
      this.endTurn();
    }
  }

  /** Ends all idle sessions, and those that are lent when their work is done. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.idle.splice(0).map(({ connection }) => disconnect(connection, PATIENCE_MS)));
  }

  private warehouseOf(use: WarehouseUse | 'none'): string | undefined {
    return use === 'none' ? undefined : this.settings.names.warehouses[use];
  }

  private async takeTurn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.isClosed) throw new Error('the Snowflake account was closed');
    if (this.free > 0) {
      this.free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        this.waiting.splice(this.waiting.indexOf(turn), 1);
        reject(signal?.reason as Error);
      };
      const turn = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      this.waiting.push(turn);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  private endTurn(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free++;
  }

  /** An idle session, the youngest first, else a new one. */
  private async session(signal: AbortSignal | undefined): Promise<Session> {
    const oldest = Date.now() - IDLE_MS;
    for (let session = this.idle.pop(); session !== undefined; session = this.idle.pop()) {
      if (session.idleSince > oldest && session.connection.isUp()) return session;
      await disconnect(session.connection, PATIENCE_MS);
    }
    return open(this.settings, signal);
  }

  private async putBack(session: Session): Promise<void> {
    if (this.isClosed) return disconnect(session.connection, PATIENCE_MS);
    session.idleSince = Date.now();
    this.idle.push(session);
  }
}

async function open(settings: SnowflakeSettings, signal: AbortSignal | undefined): Promise<Session> {
  warnOfPassword(settings);
  const connecting = connect(loginOptions(settings));
  const connection = await orAborted(connecting, signal).catch((error: unknown) => {
    // A login that comes to an end after it was given up leaves no session behind.
    connecting.then((late) => disconnect(late, PATIENCE_MS)).catch(() => undefined);
    signal?.throwIfAborted();
    throw snowflakeError(`The login to Snowflake as ${settings.user ?? settings.authenticator}`, error);
  });
  const session = { connection, warehouse: undefined, tag: '', isInTransaction: false, idleSince: 0 };
  try {
    const parameters = [`STATEMENT_TIMEOUT_IN_SECONDS = ${settings.statementTimeoutS}`, ...SESSION_PARAMETERS];
    await execute(session, `ALTER SESSION SET ${parameters.join(' ')}`, undefined, signal);
    return session;
  } catch (error) {
    await drop(session);
    throw error;
  }
}

/** Gives a session the tag and the virtual warehouse of the next piece of work. */
async function prepare(
  session: Session,
  tag: string,
  warehouse: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (tag.length > LONGEST_TAG) throw new Error(`a query tag has ${LONGEST_TAG} characters at the most`);
  if (session.tag !== tag) {
    await execute(session, `ALTER SESSION SET QUERY_TAG = ${snowflakeString(tag)}`, undefined, signal);
    session.tag = tag;
  }
  if (warehouse !== undefined && session.warehouse !== warehouse) {
    await execute(session, `USE WAREHOUSE ${sqlIdentifier(warehouse)}`, undefined, signal);
    session.warehouse = warehouse;
  }
}

function lend(session: Session, signal: AbortSignal | undefined): SnowflakeConnection {
  return {
    async rows(sql, binds) {
      const { columns, rows } = await execute(session, sql, binds, signal);
      return toJsonRows(columns, rows);
    },
    async run(sql, binds) {
      await execute(session, sql, binds, signal);
    },
  };
}

async function execute(
  session: Session,
  sql: string,
  binds: readonly Bind[] | undefined,
  signal: AbortSignal | undefined,
) {
  signal?.throwIfAborted();
  const sent = send(session.connection, bindStatement(sql, binds));
  followTransaction(session, sql);
  try {
    return await orAborted(sent.result, signal);
  } catch (error) {
    if (signal?.aborted) {
      sent.result.catch(() => undefined);
      await sent.cancel(PATIENCE_MS);
      throw signal.reason;
    }
    throw snowflakeError('A statement', error);
  }
}

/** Remembers whether a transaction is open, as far as our own statements open and end it. */
function followTransaction(session: Session, sql: string): void {
  if (/^\s*(BEGIN|START\s+TRANSACTION)\b/i.test(sql)) session.isInTransaction = true;
  if (/^\s*(COMMIT|ROLLBACK)\b/i.test(sql)) session.isInTransaction = false;
}

/** Ends a session after a failure; the end of the session would roll back too, but later when the network is slow. */
async function drop({ connection, isInTransaction }: Session): Promise<void> {
  if (isInTransaction && connection.isUp()) {
    const { result } = send(connection, { sqlText: 'ROLLBACK' });
    await within(
      PATIENCE_MS,
      result.catch(() => undefined),
    );
  }
  await disconnect(connection, PATIENCE_MS);
}

/** The result, or the signal's reason as soon as it is given. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let giveUp = () => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
