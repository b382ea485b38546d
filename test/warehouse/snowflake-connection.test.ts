import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SnowflakeAccount, type SnowflakeConnection } from '../../warehouse/snowflake/connection';
import { snowflakeCode } from '../../warehouse/snowflake/errors';
import { scratchDir } from '../support/scratch';
import { startPeer, type Peer } from '../support/snowflake-peer';
import { peerSettings } from '../support/snowflake-settings';

describe('Snowflake connection', () => {
  let peer: Peer;
  let account: SnowflakeAccount;
  const work = <T>(what: (connection: SnowflakeConnection) => Promise<T>, signal?: AbortSignal) =>
    account.withConnection({ workflow: 'w', node: 'n' }, 'none', what, signal);

  beforeAll(async () => {
    peer = await startPeer();
    account = new SnowflakeAccount(peerSettings(peer), { maxConnections: 2 });
    await work(async (c) => {
      await c.run('CREATE DATABASE IF NOT EXISTS CONNECTION_TEST');
      await c.run('CREATE SCHEMA IF NOT EXISTS CONNECTION_TEST.S');
      await c.run('CREATE TABLE CONNECTION_TEST.S.T (N NUMBER(38, 0), TEXT VARCHAR)');
    });
  });

  afterEach(() => peer.clearFaults());
  afterAll(() => account.close());

  const count = () =>
    work(async (c) => (await c.rows('SELECT COUNT(*) AS N FROM CONNECTION_TEST.S.T'))[0]?.n as number);

  it('gives rows as DuckDB gives them', async () => {
    const [row] = await work((c) =>
      c.rows(`SELECT 1 AS ONE, 9007199254740993 AS BIG, 1.50::NUMBER(10, 2) AS AMOUNT, 1.5::DOUBLE AS RATIO, TRUE AS YES,
        NULL::NUMBER AS NO_NUMBER, NULL::VARCHAR AS NO_TEXT, 'NULL' AS TEXT, '2026-03-01'::DATE AS DAY,
        '2026-03-10 06:00:00'::TIMESTAMP_NTZ AS AT, '2026-03-10 06:00:00.120000'::TIMESTAMP_NTZ AS EXACTLY_AT,
        PARSE_JSON('{"a": 1}') AS JSON`),
    );
    expect(row).toEqual({
      one: 1,
      big: '9007199254740993',
      amount: 1.5,
      ratio: 1.5,
      yes: true,
      no_number: null,
      no_text: null,
      text: 'NULL',
      day: '2026-03-01',
      at: '2026-03-10 06:00:00',
      exactly_at: '2026-03-10 06:00:00.12',
      json: expect.stringMatching(/^\{\s*"a":\s*1\s*\}$/) as string,
    });
  });

  it('binds values that would be SQL if they were text', async () => {
    const hostile = `'; DROP TABLE x; -- \\' "é`;
    const rows = await work((c) => c.rows(`SELECT $2 AS A, $1 AS B, $2 AS C, '$1' AS D, $3 AS E`, [7, hostile, null]));
    expect(rows).toEqual([{ a: hostile, b: expect.anything() as unknown, c: hostile, d: '$1', e: null }]);
  });

  it('tags every statement and sets the session up', async () => {
    await peer.forgetStatements();
    const tag = { workflow: `o'clock \\`, load: 3 };
    await account.withConnection(tag, 'none', (c) => c.run('SELECT 42'));
    const statement = (await peer.statements()).find(({ sql }) => sql === 'SELECT 42');
    expect(JSON.parse(statement?.queryTag ?? '')).toEqual(tag);
    const [row] = await work((c) => c.rows("SHOW PARAMETERS LIKE 'TIMEZONE'"));
    expect(row?.value).toBe('UTC');
  });

  it('lends no more sessions than it may, and each to one piece of work', async () => {
    let lent = 0;
    let most = 0;
    const one = (n: number) =>
      work(async (c) => {
        most = Math.max(most, ++lent);
        const [row] = await c.rows('SELECT CAST($1 AS NUMBER) AS N', [n]);
        lent--;
        return row?.n;
      });
    expect(await Promise.all([1, 2, 3, 4, 5].map(one))).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });

  it('rolls back what a failed piece of work did, and drops its session', async () => {
    const before = await count();
    const failing = work(async (c) => {
      await c.run('BEGIN');
      await c.run('INSERT INTO CONNECTION_TEST.S.T (N) VALUES (1)');
      throw new Error('no more');
    });
    await expect(failing).rejects.toThrow('no more');
    expect(await count()).toBe(before);
  });

  it('refuses a piece of work that leaves its transaction open', async () => {
    const before = await count();
    const open = work(async (c) => {
      await c.run('BEGIN');
      await c.run('INSERT INTO CONNECTION_TEST.S.T (N) VALUES (1)');
    });
    await expect(open).rejects.toThrow('left its transaction open');
    expect(await count()).toBe(before);
  });

  it('cancels the running statement on the server', async () => {
    await peer.addFault({ match: 'SELECT 4711', action: 'slow', seconds: 30 });
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('the run was cancelled')), 300);
    const started = Date.now();
    await expect(work((c) => c.rows('SELECT 4711'), stop.signal)).rejects.toThrow('the run was cancelled');
    expect(Date.now() - started).toBeLessThan(8000);
    const cancelled = (await peer.statements()).find(({ sql }) => sql.includes('4711'));
    expect(cancelled === undefined || cancelled.error === '000604').toBe(true);
  });

  it('gives up waiting for a session when told to', async () => {
    const stop = new AbortController();
    let release = () => {};
    const busy = [1, 2].map(() => work(() => new Promise<void>((resolve) => (release = chain(release, resolve)))));
    const waiting = work((c) => c.rows('SELECT 1'), stop.signal);
    stop.abort(new Error('no longer'));
    await expect(waiting).rejects.toThrow('no longer');
    await new Promise((resolve) => setTimeout(resolve, 200));
    release();
    await Promise.all(busy);
    expect(await count()).toBeGreaterThanOrEqual(0);
  });

  it('survives the loss of an answer: the statement takes effect once', async () => {
    const before = await count();
    await peer.addFault({ match: 'INSERT INTO CONNECTION_TEST', action: 'drop-after' });
    await work((c) => c.run('INSERT INTO CONNECTION_TEST.S.T (N) VALUES ($1)', [1]));
    expect(await count()).toBe(before + 1);
  });

  it('meets an ended session with an error that is retried, and has a new one then', async () => {
    await peer.addFault({ match: 'SELECT 815', action: 'expire-session' });
    const ended = await work((c) => c.rows('SELECT 815')).catch((error: unknown) => error as Error);
    expect(ended).toMatchObject({ name: 'SnowflakeUnavailableError' });
    expect(await work((c) => c.rows('SELECT 1 AS N'))).toEqual([{ n: 1 }]);
  });

  it('tells terminal failures from those that pass, by their code', async () => {
    const failure = async (sql: string) => work((c) => c.rows(sql)).catch((error: unknown) => error as Error);
    const missing = await failure('SELECT * FROM CONNECTION_TEST.S.NOWHERE');
    expect([missing, snowflakeCode(missing)]).toMatchObject([{ name: 'WarehouseAccessError' }, '002003']);
    expect(await failure('SELEC 1')).toMatchObject({ name: 'WarehouseStatementError', code: '001003' });
    await peer.addFault({
      match: 'SELECT 99',
      action: 'error',
      error: { code: '000625', sqlState: '57014', message: 'lock' },
    });
    expect(await failure('SELECT 99')).toMatchObject({ name: 'SnowflakeUnavailableError', code: '000625' });
  });

  it('uploads a file, says so in a row, and writes no log file', async () => {
    const file = path.join(scratchDir(), 'a.csv');
    writeFileSync(file, 'n\n1\n');
    const rows = await work(async (c) => {
      await c.run('CREATE STAGE IF NOT EXISTS CONNECTION_TEST.S.FILES');
      return c.rows(`PUT 'file://${file}' @CONNECTION_TEST.S.FILES/one AUTO_COMPRESS=FALSE`);
    });
    expect(rows).toMatchObject([{ source: 'a.csv', status: 'UPLOADED' }]);
    expect(existsSync('snowflake.log')).toBe(false);
  });
});

function chain(first: () => void, second: () => void): () => void {
  return () => {
    first();
    second();
  };
}
