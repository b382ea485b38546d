import snowflake, { type Binds, type Connection, type ConnectionOptions } from 'snowflake-sdk';
import { closeAfterTests } from './scratch';

snowflake.configure({ logLevel: 'OFF' });
process.env.SNOWFLAKE_DISABLE_PLATFORM_DETECTION = 'true';

type Row = Record<string, unknown>;

/** A connection of the real driver to a peer, in the few ways the peer's own tests use it. */
export interface PeerConnection {
  /** A statement's rows; numbers are text. Rejects with the driver's error, whose `code` is Snowflake's. */
  run(sql: string, binds?: Binds): Promise<Row[]>;
  /** Starts a statement that will be canceled: gives what cancels it, and what it ends with. */
  start(sql: string): { ended: Promise<unknown>; cancel(): Promise<void> };
}

/** Connects to a peer; the connection is left to the peer's end. */
export async function connectToPeer(port: number, options: Partial<ConnectionOptions> = {}): Promise<PeerConnection> {
  const connection: Connection = snowflake.createConnection({
    account: 'peer',
    username: 'test',
    password: 'any',
    accessUrl: `http://127.0.0.1:${port}`,
    fetchAsString: ['Number'],
    retryTimeout: 5,
    ...options,
  });
  await connection.connectAsync();
  closeAfterTests(() => new Promise((resolve) => connection.destroy(() => resolve())));
  const execute = (sqlText: string, binds?: Binds) => {
    let statement: ReturnType<Connection['execute']> | undefined;
    const ended = new Promise<Row[]>((resolve, reject) => {
      statement = connection.execute({
        sqlText,
        binds,
        complete: (error, _statement, rows) => (error ? reject(error) : resolve(rows ?? [])),
      });
    });
    return { ended, statement };
  };
  return {
    run: (sql, binds) => execute(sql, binds).ended,
    start: (sql) => {
      const { ended, statement } = execute(sql);
      return {
        ended: ended.catch((error: unknown) => error),
        cancel: () =>
          new Promise((resolve, reject) => statement?.cancel((error) => (error ? reject(error) : resolve()))),
      };
    },
  };
}
