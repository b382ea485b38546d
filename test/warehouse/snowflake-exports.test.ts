import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { withDuckDb } from '../../duckdb/connection';
import { sqlString } from '../../duckdb/sql-text';
import { later } from '../support/later';
import { scratchDir } from '../support/scratch';
import { connectToPeer } from '../support/snowflake-connection';
import { startPeer, type Peer } from '../support/snowflake-peer';
import { peerSettings, snowflakeUnderTest } from '../support/snowflake-under-test';
import { WarehouseBench } from '../support/warehouse-bench';
import { exported } from './exports-contract';

let peer: Peer;
beforeAll(async () => {
  peer = await startPeer();
});

/** Where rows pass through the stage and through Snowflake's own Parquet. */
describe('exports of Snowflake alone', () => {
  const TYPES = `create table marts.types as
      select 12.50::number(9, 2) as price, 7::number(5, 0) as small, 12345678901234567890::number(38, 0) as big,
        0.1::float as ratio, true as is_new, '2026-03-01'::date as on_day, '10:11:12'::time as at_time,
        '2026-03-01 10:11:12.123456'::timestamp_ntz as at, '2026-03-01 10:11:12+02:00'::timestamp_tz as at_zoned,
        parse_json('{"a": 1}') as facts, null as nothing;
    create table marts.none as select * from marts.types where false;
    create view marts.broken as select 'x'::int as n`;
  let bench: WarehouseBench;

  beforeAll(async () => {
    bench = new WarehouseBench((stateDir) => snowflakeUnderTest(peerSettings(peer, 'MFG_EXPORTS'), stateDir));
    await bench.runWithMarts('2026-03-01', 'm1,steel,2\n', TYPES);
  });

  it('keep each type by the column, not by its values', async () => {
    const file = path.join(scratchDir(), 'types.csv');
    await exported(bench, 'types', file);
    expect(readFileSync(file, 'utf8').split('\r\n')).toEqual([
      'price,small,big,ratio,is_new,on_day,at_time,at,at_zoned,facts,nothing',
      '12.50,7,12345678901234567890,0.1,true,2026-03-01,10:11:12,2026-03-01 10:11:12.123456,2026-03-01 08:11:12+00,"{""a"":1}",',
      '',
    ]);
    const parquet = path.join(scratchDir(), 'none.parquet');
    expect(await exported(bench, 'none', parquet)).toMatchObject({ rows: 0 });
    const described = await withDuckDb({ path: ':memory:' }, (db) => db.rows(`describe from ${sqlString(parquet)}`));
    expect(described.slice(0, -1).map((row) => row.column_type)).toEqual([
      ...['DECIMAL(9,2)', 'BIGINT', 'DECIMAL(38,0)', 'DOUBLE', 'BOOLEAN', 'DATE', 'TIME', 'TIMESTAMP'],
      ...['TIMESTAMP WITH TIME ZONE', 'JSON'],
    ]);
  });

  it('leave nothing on the stage and in the scratch folder, also when they fail', async () => {
    const file = path.join(scratchDir(), 'x.csv');
    await exported(bench, 'types', file);
    await expect(exported(bench, 'broken', file)).rejects.toThrow(/x\.csv was not written: /);
    const error = { code: '000603', sqlState: '57014', message: 'an incident' };
    await peer.addFault({ match: '^get', action: 'error', error, times: 0 });
    await expect(exported(bench, 'types', file)).rejects.toThrow(/x\.csv was not written: /);
    await peer.clearFaults();
    const driver = await connectToPeer(peer.port);
    expect(await driver.run('list @MFG_EXPORTS_STORE.RAW.LOADS')).toEqual([]);
    expect(readdirSync(path.join(bench.stateDir, 'staging')).filter((name) => name.startsWith('export'))).toEqual([]);
    expect(existsSync(file)).toBe(true);
  });

  it('are refused when a file is lost on the way, and stand when the stage cannot be cleared', async () => {
    const file = path.join(scratchDir(), 'x.csv');
    await peer.addFault({ match: '^get', action: 'lose-get' });
    await expect(exported(bench, 'types', file)).rejects.toThrow(/x\.csv was not written: 0 of 1 rows arrived/);
    expect(existsSync(file)).toBe(false);
    const error = { code: '000603', sqlState: '57014', message: 'an incident' };
    await peer.addFault({ match: '^remove', action: 'error', error });
    await expect(exported(bench, 'types', file)).resolves.toMatchObject({ rows: 1 });
  });
});

/** `mfg dbt` works on these. */
describe('ad hoc copies on Snowflake', () => {
  it("are a person's own, kept until something new is published, and swept", async () => {
    const bench = new WarehouseBench((stateDir) => snowflakeUnderTest(peerSettings(peer, 'MFG_BY_HAND'), stateDir));
    const { warehouse } = bench;
    const driver = await connectToPeer(peer.port);
    const own = async (person: string) => (await warehouse.adHocCopy(person)).environment.MFG_DBT_DATABASE;
    await bench.runWithMarts('2026-03-01', 'm1,steel,2\n', 'create table marts.one as select 1 as x');
    expect(await warehouse.adHocCopy('ada')).toMatchObject({
      copyOf: '1',
      place: 'the database MFG_BY_HAND_ADHOC_ADA',
      environment: { SNOWFLAKE_ACCOUNT: 'peer', MFG_DBT_DATABASE: 'MFG_BY_HAND_ADHOC_ADA' },
    });
    const [hostile, other] = [await own('a"; drop database x; --'), await own('a,; drop database x; --')];
    expect(hostile).toMatch(/^MFG_BY_HAND_ADHOC_A___DROP_DATABASE_X_____[0-9A-F]{8}$/);
    expect(other).not.toBe(hostile);

    await driver.run('create or replace table MFG_BY_HAND_ADHOC_ADA.MARTS.ONE as select 2 as X');
    await own('ada');
    expect(await driver.run('select X from MFG_BY_HAND_ADHOC_ADA.MARTS.ONE')).toEqual([{ X: '2' }]);
    expect(await bench.values('select x from marts.one')).toEqual(['1']);
    await bench.runWithMarts('2026-03-02', 'm1,steel,2\n', 'create table marts.one as select 3 as x');
    expect(await warehouse.adHocCopy('ada')).toMatchObject({ copyOf: '2' });
    expect(await driver.run('select X from MFG_BY_HAND_ADHOC_ADA.MARTS.ONE')).toEqual([{ X: '3' }]);

    expect(await warehouse.reconcile({ checksums: false })).toEqual([]);
    const rules = { keepPublications: 5, keepDays: 30, graceHours: 24, dryRun: false };
    expect((await warehouse.retain(rules)).removed).toEqual([]);
    later(25);
    const result = await warehouse.retain(rules);
    jest.useRealTimers();
    // The copies of three persons, and this worker's folders of two builds.
    expect(result.removed).toEqual([{ kind: 'leftovers', items: 5, bytes: null }]);
    expect(await driver.run("show databases like 'MFG\\\\_BY\\\\_HAND\\\\_ADHOC%'")).toEqual([]);
    expect(await bench.values('select x from marts.one')).toEqual(['3']);
  });
});
