import path from 'node:path';
import { withDuckDb } from '../../duckdb/connection';
import { sqlString } from '../../duckdb/sql-text';
import { scratchDir } from '../support/scratch';
import { connectToPeer, type PeerConnection } from '../support/snowflake-connection';
import { startPeer, type Peer } from '../support/snowflake-peer';

/** What the peer mends of the emulator beneath it, seen through the real driver: each of these would hide a bug of ours. */
let peer: Peer;
let one: PeerConnection;
let other: PeerConnection;

beforeAll(async () => {
  peer = await startPeer({ idleLockSeconds: 1 });
  [one, other] = await Promise.all([connectToPeer(peer.port), connectToPeer(peer.port)]);
  await one.run('create database STORE');
  await one.run(
    'create table STORE.PUBLIC.T (ID number(38,0) not null, V varchar, AT timestamp_ntz, primary key (ID))',
  );
});

beforeEach(async () => {
  await peer.clearFaults();
  await one.run('delete from STORE.PUBLIC.T');
});

const values = async (connection: PeerConnection) =>
  (await connection.run('select V from STORE.PUBLIC.T order by V')).map((row) => row.V);

describe('values and names', () => {
  it('binds numbers, texts, booleans, nulls and rows of values, and keeps 38 digits', async () => {
    await one.run('insert into STORE.PUBLIC.T (ID, V) values (?, ?)', [1, "it's"]);
    const rows = await one.run('insert into STORE.PUBLIC.T (ID, V) values (?, ?)', [
      [2, null],
      [3, 'x'],
    ]);
    expect(rows).toEqual([{ 'number of rows inserted': '2' }]);
    await one.run("insert into STORE.PUBLIC.T (ID, V) select 12345678901234567890123456789012345678, 'big'");
    expect(await one.run('select ID, V from STORE.PUBLIC.T where ID <> ? order by ID', [3])).toEqual([
      { ID: '1', V: "it's" },
      { ID: '2', V: null },
      { ID: '12345678901234567890123456789012345678', V: 'big' },
    ]);
    expect(await one.run('select sum(ID) from STORE.PUBLIC.T where ID > 3 and ?', [true])).toEqual([
      { 'SUM(ID)': '12345678901234567890123456789012345678' },
    ]);
  });

  it('enforces no key, but NOT NULL', async () => {
    await one.run('insert into STORE.PUBLIC.T (ID) values (1), (1)');
    await expect(one.run('insert into STORE.PUBLIC.T (ID) values (null)')).rejects.toMatchObject({ code: '100072' });
  });

  it('knows its session', async () => {
    await one.run('use schema STORE.PUBLIC');
    const rows = await one.run(
      'select current_user() as U, current_database() as D, current_schema() as S, current_role() as R',
    );
    expect(rows).toEqual([{ U: 'test', D: 'STORE', S: 'PUBLIC', R: 'SYSADMIN' }]);
  });

  it('fetches several thousand rows', async () => {
    const sql = 'select value::int as N from table(flatten(array_generate_range(0, 5000)))';
    expect(await one.run(sql)).toHaveLength(5000);
  });

  it.each([
    ['select * from STORE.PUBLIC.NONE', '002003'],
    ['select * from NONE.PUBLIC.T', '002003'],
    ['select NONE from STORE.PUBLIC.T', '000904'],
    ['create table STORE.PUBLIC.T (ID int)', '002002'],
    ['create database STORE', '002002'],
    ['create database X clone NONE', '002003'],
    ['alter database STORE swap with NONE', '002003'],
    ['selec 1', '001003'],
    ['select 1/0', '100051'],
    ["select 'x'::int", '100038'],
    ['select 1; select 2', '000008'],
  ])('refuses %s with %s', async (sql, code) => {
    await expect(one.run(sql)).rejects.toMatchObject({ code });
  });
});

describe('databases', () => {
  it('clones, so that later changes of either do not touch the other and views read their own', async () => {
    await one.run('create transient database MFG_1');
    await one.run('create schema MFG_1.CORE');
    await one.run('create table MFG_1.CORE.A as select 1 as X');
    await one.run('create view MFG_1.CORE.V as select X from CORE.A');
    await one.run('create transient database MFG_2 clone MFG_1');
    await one.run('insert into MFG_1.CORE.A values (2)');
    expect(await one.run('select count(*) as N from MFG_1.CORE.V')).toEqual([{ N: '2' }]);
    expect(await one.run('select count(*) as N from MFG_2.CORE.V')).toEqual([{ N: '1' }]);
  });

  it('lists them by a pattern', async () => {
    await one.run('create database MFGX');
    const names = (await one.run("show databases like 'MFG\\\\_%'")).map((row) => row.name);
    expect(names).toEqual(['MFG_1', 'MFG_2']);
  });

  it('swaps at once: a reader of joined tables sees no mix and no gap', async () => {
    for (const [database, value] of Object.entries({ BLUE: 1, GREEN: 2 })) {
      await one.run(`create database ${database}`);
      for (const table of ['A', 'B']) await one.run(`create table ${database}.PUBLIC.${table} as select ${value} as X`);
    }
    await one.run('create database SHOWN clone BLUE');
    let reading = true;
    const seen = new Set<string>();
    const reader = (async () => {
      const sql = 'select a.X as A, b.X as B from SHOWN.PUBLIC.A as a cross join SHOWN.PUBLIC.B as b';
      while (reading) for (const { A, B } of await other.run(sql)) seen.add(`${String(A)}${String(B)}`);
    })();
    for (let round = 0; round < 20; round++) {
      await one.run(`create database NEXT clone ${round % 2 ? 'BLUE' : 'GREEN'}`);
      await one.run('alter database SHOWN swap with NEXT');
      await one.run('drop database NEXT');
    }
    reading = false;
    await reader;
    expect([...seen].sort()).toEqual(['11', '22']);
  });
});

describe('stages and COPY', () => {
  const copy = `copy into STORE.PUBLIC.T (ID, V) from (select $1:"id"::number, $1:v::varchar from @STORE.PUBLIC.LOADS/7/)
    files = ('a.parquet') file_format = (type = parquet)`;

  beforeAll(async () => {
    const file = path.join(scratchDir(), 'a.parquet');
    await withDuckDb({ path: ':memory:' }, (db) =>
      db.run(`copy (select i as id, 'v' || i as v from range(3) as r(i)) to ${sqlString(file)}`),
    );
    await one.run('create stage STORE.PUBLIC.LOADS');
    const put = `put 'file://${file}' @STORE.PUBLIC.LOADS/7/ auto_compress = false overwrite = true`;
    expect(await one.run(put)).toMatchObject([{ target: 'a.parquet', status: 'UPLOADED' }]);
  });

  it('loads a file once unless it is forced to, in the transaction that is open', async () => {
    expect(await one.run(`${copy} force = true`)).toMatchObject([{ file: 'loads/7/a.parquet', rows_loaded: '3' }]);
    expect(await one.run(copy)).toEqual([{ status: 'Copy executed with 0 files processed.' }]);
    await one.run('begin');
    await one.run(`${copy} force = true`);
    await one.run('rollback');
    expect(await values(one)).toEqual(['v0', 'v1', 'v2']);
  });

  it('matches columns by name', async () => {
    const sql = `copy into STORE.PUBLIC.T from @STORE.PUBLIC.LOADS/7/ file_format = (type = parquet)
      match_by_column_name = case_insensitive force = true`;
    expect(await one.run(sql)).toMatchObject([{ rows_loaded: '3' }]);
  });

  it('refuses a file that is not there, and one that a PUT lost', async () => {
    await expect(one.run(copy.replace('a.parquet', 'b.parquet'))).rejects.toMatchObject({ code: '091016' });
    await peer.addFault({ match: '^put', action: 'lose-put' });
    const file = path.join(scratchDir(), 'c.parquet');
    await withDuckDb({ path: ':memory:' }, (db) => db.run(`copy (select 1 as id) to ${sqlString(file)}`));
    const put = `put 'file://${file}' @STORE.PUBLIC.LOADS/7/ auto_compress = false`;
    expect(await one.run(put)).toMatchObject([{ status: 'UPLOADED' }]);
    expect(await one.run('list @STORE.PUBLIC.LOADS/7/c')).toEqual([]);
  });

  it('removes by prefix', async () => {
    expect(await one.run('remove @STORE.PUBLIC.LOADS/7')).toMatchObject([{ result: 'removed' }]);
    expect(await one.run('list @STORE.PUBLIC.LOADS')).toEqual([]);
  });
});

describe('unloading', () => {
  const COPY = 'copy into @STORE.PUBLIC.OUT/x/ from';
  const PARQUET = 'file_format = (type = parquet)';

  beforeAll(() => one.run('create stage STORE.PUBLIC.OUT'));
  beforeEach(() => one.run('remove @STORE.PUBLIC.OUT'));

  /** Fetches all files of a path, as rows of the driver's and of the files. */
  async function fetched(stagePath: string, sql = 'select * from files') {
    const folder = scratchDir();
    const files = await one.run(`get @STORE.PUBLIC.OUT/${stagePath} 'file://${folder}/'`);
    const rows = await withDuckDb({ path: ':memory:' }, (db) =>
      db.rows(sql.replace('files', `read_parquet(${sqlString(`${folder}/*.parquet`)})`)),
    );
    return { files, rows };
  }

  it('writes a query with its names to Parquet, and the driver gets it', async () => {
    const query = `select 1.50::number(9,2) as "price", 12345678901234567890 as BIG, true as "is_new", null::date as AT`;
    expect(await one.run(`${COPY} (${query}) ${PARQUET} header = true`)).toMatchObject([{ rows_unloaded: '1' }]);
    const described =
      'select typeof(price) as p, typeof("BIG") as b, typeof(is_new) as i, typeof("AT") as a, "BIG" as n from files';
    const { files, rows } = await fetched('x/', described);
    expect(files).toMatchObject([{ file: 'x/data_0_0_0.snappy.parquet', status: 'DOWNLOADED' }]);
    expect(rows).toEqual([
      { p: 'DECIMAL(9,2)', b: 'DECIMAL(38,0)', i: 'BOOLEAN', a: 'DATE', n: '12345678901234567890' },
    ]);
  });

  it('splits many rows into files, and writes none without rows', async () => {
    const many = 'select value::int as N from table(flatten(array_generate_range(0, 300000)))';
    await one.run(`${COPY} (${many}) ${PARQUET} header = true max_file_size = 200000`);
    const { files, rows } = await fetched('x/', 'select count(distinct "N") as n from files');
    expect(files.length).toBeGreaterThan(1);
    expect(rows).toEqual([{ n: '300000' }]);
    const none = await one.run(`${COPY.replace('/x/', '/y/')} (select 1 as N where false) ${PARQUET} header = true`);
    expect(none).toMatchObject([{ rows_unloaded: '0' }]);
    expect(await one.run('list @STORE.PUBLIC.OUT/y/')).toEqual([]);
    expect(await one.run(`get @STORE.PUBLIC.OUT/y/ 'file://${scratchDir()}/'`)).toEqual([]);
  });

  it('names columns by number without HEADER, a table as well as a query', async () => {
    await one.run("insert into STORE.PUBLIC.T (ID, V) values (1, 'x')");
    await one.run(`copy into @STORE.PUBLIC.OUT/t from STORE.PUBLIC.T ${PARQUET}`);
    const { files, rows } = await fetched('t');
    expect(files).toMatchObject([{ file: 't_0_0_0.snappy.parquet' }]);
    expect(rows).toEqual([{ _COL_0: '1', _COL_1: 'x', _COL_2: null }]);
  });

  it('refuses a path that has files, and timestamps with a zone', async () => {
    await one.run(`${COPY} (select 1 as N) ${PARQUET}`);
    await expect(one.run(`${COPY} (select 2 as N) ${PARQUET}`)).rejects.toMatchObject({ code: '001030' });
    await one.run(`${COPY} (select 2 as N) ${PARQUET} overwrite = true`);
    await expect(
      one.run(`${COPY.replace('/x/', '/z/')} (select current_timestamp() as AT) ${PARQUET}`),
    ).rejects.toMatchObject({ sqlState: '22023' });
  });
});

describe('transactions', () => {
  it('goes on after a failed statement, and commits what succeeded', async () => {
    await one.run('begin');
    await one.run("insert into STORE.PUBLIC.T (ID, V) values (1, 'kept')");
    await expect(one.run('select 1/0')).rejects.toMatchObject({ code: '100051' });
    await one.run("insert into STORE.PUBLIC.T (ID, V) values (2, 'too')");
    await one.run('commit');
    expect(await values(other)).toEqual(['kept', 'too']);
  });

  it('commits before DDL', async () => {
    await one.run('begin');
    await one.run("insert into STORE.PUBLIC.T (ID, V) values (1, 'kept')");
    await one.run('create or replace table STORE.PUBLIC.DDL (X int)');
    await one.run('rollback');
    expect(await values(other)).toEqual(['kept']);
  });

  it('reads what is committed, statement by statement', async () => {
    await one.run('begin');
    await one.run("insert into STORE.PUBLIC.T (ID, V) values (1, 'mine')");
    await other.run("insert into STORE.PUBLIC.T (ID, V) values (2, 'theirs')");
    expect(await values(one)).toEqual(['mine', 'theirs']);
    expect(await values(other)).toEqual(['theirs']);
    await one.run('rollback');
    expect(await values(one)).toEqual(['theirs']);
  });

  it('has a second UPDATE wait for the first transaction, then go on from its result', async () => {
    await one.run("insert into STORE.PUBLIC.T (ID, V) values (1, 'a')");
    await other.run('begin');
    expect(await values(other)).toEqual(['a']);
    await one.run('begin');
    await one.run("update STORE.PUBLIC.T set V = V || 'b'");
    const waiting = other.run("update STORE.PUBLIC.T set V = V || 'c'");
    await one.run('select 1');
    await one.run('commit');
    await waiting;
    await other.run('commit');
    expect(await values(one)).toEqual(['abc']);
  });

  it('ends the wait after LOCK_TIMEOUT, and a silent holder', async () => {
    await one.run("insert into STORE.PUBLIC.T (ID, V) values (1, 'a')");
    await one.run('begin');
    await one.run("update STORE.PUBLIC.T set V = 'lost'");
    await other.run('alter session set lock_timeout = 0.2');
    await expect(other.run("update STORE.PUBLIC.T set V = 'b'")).rejects.toMatchObject({ code: '000625' });
    await other.run('alter session unset lock_timeout');
    await other.run("update STORE.PUBLIC.T set V = 'b'");
    await expect(one.run('commit')).rejects.toMatchObject({ code: '000627' });
    expect(await values(one)).toEqual(['b']);
  });
});

describe('long statements', () => {
  const endless = `with n as (select value::int as v from table(flatten(array_generate_range(0, 30000))))
    select count(*) from n as a, n as b, n as c where a.v + b.v + c.v = 3`;

  it('cancels', async () => {
    const statement = one.start(endless);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await statement.cancel();
    expect(await statement.ended).toMatchObject({ code: '000604' });
  });

  it('times out', async () => {
    await one.run('alter session set statement_timeout_in_seconds = 1');
    await expect(one.run(endless)).rejects.toMatchObject({ code: '000630' });
    await one.run('alter session unset statement_timeout_in_seconds');
  });
});

describe('faults', () => {
  const insert = "insert into STORE.PUBLIC.T (ID, V) values (1, 'once')";

  it.each(['drop-before', 'drop-after', '503', 'expire-token'] as const)(
    '%s: the driver tries again, and it happens once',
    async (action) => {
      await peer.addFault({ match: '^insert', action });
      await one.run(insert);
      expect(await values(one)).toEqual(['once']);
    },
  );

  it('hold: executed, and not yet answered', async () => {
    await peer.addFault({ match: '^insert', action: 'hold' });
    const held = one.run(insert);
    while ((await peer.held()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await values(other)).toEqual(['once']);
    await peer.release();
    await held;
  });

  it('error: by text, tag and count', async () => {
    await one.run("alter session set query_tag = 'load 7'");
    const error = { code: '000625', sqlState: '57014', message: 'locked' };
    await peer.addFault({ match: '^insert', tag: 'load 7', nth: 2, action: 'error', error });
    await one.run(insert);
    await expect(one.run(insert)).rejects.toMatchObject({ code: '000625' });
    await one.run('alter session unset query_tag');
    const told = (await peer.statements()).filter((statement) => statement.queryTag === 'load 7');
    expect(told.map((statement) => statement.error)).toEqual([null, '000625', null]);
  });

  it('expire-session: the session is over, its transaction with it', async () => {
    const lost = await connectToPeer(peer.port);
    await lost.run('begin');
    await lost.run(insert);
    await peer.addFault({ match: '^commit', action: 'expire-session' });
    await expect(lost.run('commit')).rejects.toBeDefined();
    expect(await values(one)).toEqual([]);
  });
});

describe('a state folder', () => {
  it('keeps what was committed over SIGKILL', async () => {
    const state = scratchDir();
    const killed = await startPeer({ state });
    const before = await connectToPeer(killed.port);
    await before.run('create database KEPT');
    await before.run('create table KEPT.PUBLIC.A as select 1 as X');
    await before.run('create database COPIED clone KEPT');
    await before.run('alter database KEPT swap with COPIED');
    await before.run('insert into KEPT.PUBLIC.A values (2)');
    await before.run('begin');
    await before.run('insert into KEPT.PUBLIC.A values (3)');
    await killed.stop('SIGKILL');
    const after = await connectToPeer((await startPeer({ state })).port);
    expect(await after.run('select X from KEPT.PUBLIC.A order by X')).toEqual([{ X: '1' }, { X: '2' }]);
    expect(await after.run('select X from COPIED.PUBLIC.A')).toEqual([{ X: '1' }]);
  });
});
