import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withDuckDb } from '../../duckdb/connection';
import { sqlString } from '../../duckdb/sql-text';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { layoutOf, type Layout } from '../../warehouse/duckdb/layout';
import { storeSessions } from '../../warehouse/duckdb/store';
import { candidateRequest } from '../support/candidate-request';
import { scratchDir } from '../support/scratch';
import { BUILT, MATERIALS, WarehouseBench } from '../support/warehouse-bench';

/** One state folder with two publications, a rejected record, a held candidate and a build under way; damaged copies of it. */
let template: string;

beforeAll(async () => {
  const bench = new WarehouseBench((stateDir) => createDuckDbWarehouse(stateDir, 'test'));
  bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\nbad\n`);
  await bench.run();
  bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,steel,2\n`);
  const manifest = await bench.plan();
  await bench.load(manifest);
  await bench.warehouse.publish((await bench.candidate(manifest)).publication);
  await bench.candidate(manifest, { ...BUILT, status: 'HELD', failure: 'unique: 2 rows' });
  await bench.warehouse.saveQuality(manifest, []);
  await bench.warehouse.rollback(1, { actor: 'anna', reason: undefined });
  expect(await bench.warehouse.reconcile({ checksums: true })).toEqual([]);
  await bench.warehouse.createCandidate(candidateRequest(manifest, bench.system.tables));
  template = bench.stateDir;
}, 60_000);

const UNDER_WAY = 'INFO a build of run-2::r has not ended: entry 5 (under way, or left by a crash)';

/** What reconciling a damaged copy finds, besides the build that is under way. */
async function found(damage: (layout: Layout) => unknown, checksums = false): Promise<string[]> {
  const stateDir = path.join(scratchDir(), 'state');
  cpSync(template, stateDir, { recursive: true, verbatimSymlinks: true });
  await damage(layoutOf(stateDir));
  const disagreements = await createDuckDbWarehouse(stateDir, 'test').reconcile({ checksums });
  for (const { advice } of disagreements) expect(advice).toMatch(/^.{5,}$/);
  const lines = disagreements.map(({ severity, what }) => `${severity} ${what}`);
  expect(lines).toContain(UNDER_WAY);
  return lines.filter((line) => line !== UNDER_WAY);
}

const inStore = (sql: string) => (layout: Layout) => storeSessions(layout)((db) => db.run(sql));

/** Writes a Parquet file in place of a partition's. */
const rewritten = (loadSeq: number, select: (file: string) => string) => async (layout: Layout) => {
  const file = layout.partition('materials', String(loadSeq));
  await withDuckDb({ path: ':memory:' }, async (db) => {
    await db.run(`create table t as ${select(sqlString(file))}`);
    rmSync(file);
    await db.run(`copy t to ${sqlString(file)} (format parquet)`);
  });
};

describe('reconcile names', () => {
  it('nothing where nothing is wrong', async () => {
    expect(await found(() => undefined, true)).toEqual([]);
  });

  it.each<[string, (layout: Layout) => unknown, string]>([
    [
      'a lost partition',
      (l) => rmSync(l.partition('materials', '1')),
      'ERROR partition 1 of materials, 2026-03-01: its file is missing',
    ],
    [
      'lost rejected records',
      (l) => rmSync(l.rejects('materials', '1')),
      'ERROR what partition 1 of materials, 2026-03-01 rejected: its file is missing',
    ],
    [
      'a partition with other rows',
      rewritten(2, (file) => `from ${file} union all from ${file}`),
      'ERROR partition 2 of materials, 2026-03-02: its file has 2 rows, the ledger 1',
    ],
    [
      'a partition that is no Parquet file',
      (l) => {
        rmSync(l.partition('materials', '2'));
        writeFileSync(l.partition('materials', '2'), 'no parquet at all');
      },
      'ERROR partition 2 of materials, 2026-03-02: its file cannot be read (',
    ],
    [
      'a lost data set',
      (l) => rmSync(l.build(2), { recursive: true }),
      'ERROR data set 2 is PUBLISHED, but its file is missing',
    ],
    [
      'a lost candidate',
      (l) => rmSync(l.build(3), { recursive: true }),
      'ERROR data set 3 is HELD, but its file is missing',
    ],
    [
      'a data set that may be written',
      (l) => chmodSync(l.database(2), 0o644),
      'WARN data set 2 is PUBLISHED, but its file may be written',
    ],
    [
      'a data set of another number',
      (l) => {
        rmSync(l.database(2));
        cpSync(l.database(1), l.database(2));
        chmodSync(l.database(2), 0o444);
      },
      'ERROR builds/2 holds data set 1',
    ],
    [
      'a data set whose loads are not the log’s',
      inStore("insert into raw.raw_published_load values (1, null, 'materials', '2026-03-02', 2, 'run-2::r', 'ADDED')"),
      'ERROR data set 1 is not what the log says: it lacks materials 2026-03-02 2',
    ],
    [
      'a file that nobody knows',
      (l) => writeFileSync(path.join(l.raw, 'materials', 'x.csv'), ''),
      'WARN raw/materials/x.csv is not in the ledger',
    ],
    ['a build that nobody knows', (l) => mkdirSync(l.build(99)), 'WARN builds/99 is not in the publication log'],
    [
      'scratch that a crash left',
      (l) => mkdirSync(path.join(l.staging, '1'), { recursive: true }),
      'INFO staging/1 is scratch of an attempt that has ended',
    ],
    [
      'a link that points elsewhere',
      (l) => {
        rmSync(l.published);
        symlinkSync('builds/2', l.published);
      },
      'WARN the link published points to builds/2, but readers should see builds/1',
    ],
    [
      'a head that was never published',
      inStore("update raw.raw_publication set status = 'BUILT' where publication = 4"),
      'ERROR readers see entry 4, which the log has as BUILT',
    ],
    [
      'a head that is behind the log',
      inStore('update head set publication = 2'),
      'ERROR entry 4 is the newest published one, but readers see 2',
    ],
    [
      'a lost update',
      inStore('update raw.raw_publication set base = 1 where publication = 4'),
      'ERROR publication 4 was published on 1, but readers were on 2',
    ],
    [
      'two partitions of one load and day',
      inStore("update raw_partition set load_id = 'run-2::r', logical_date = '2026-03-02' where load_seq = 1"),
      'ERROR the load run-2::r has 2 sealed partitions of materials, 2026-03-02',
    ],
    [
      'records that do not add up',
      inStore('update raw_partition set rows_read = 9 where load_seq = 1'),
      'ERROR partition 1 of materials, 2026-03-01: 9 records read, but 1 loaded and 1 rejected',
    ],
    [
      'a seal without its audit',
      inStore("delete from raw.raw_load_audit where load_seq = 2 and status = 'LOADED'"),
      'ERROR partition 2 of materials, 2026-03-02 is sealed, but raw_load_audit has no event LOADED of it',
    ],
    [
      'an audit that says something else',
      inStore("update raw.raw_load_audit set checksum = '0' where load_seq = 2 and status = 'LOADED'"),
      'ERROR partition 2 of materials, 2026-03-02 is sealed, but raw_load_audit has other counts or another checksum',
    ],
    [
      'a load without its manifest',
      inStore(
        "delete from run_manifest where load_id = 'run-2::r'; delete from run_delivery where load_id = 'run-2::r'",
      ),
      'ERROR partition 2 of materials, 2026-03-02 is sealed, but its load run-2::r has no manifest',
    ],
    [
      'a published partition that was given up',
      inStore("update raw_partition set status = 'ABANDONED' where load_seq = 2"),
      'ERROR data set 2 names partition 2 of materials, 2026-03-02, which is ABANDONED',
    ],
    [
      'a broken model in a publication',
      inStore("update raw.dbt_run_audit set status = 'error' where publication = 2"),
      'ERROR publication 2 was published, but dbt_run_audit says of dim_material: error',
    ],
    [
      'missing nodes of a build',
      inStore('delete from raw.dbt_run_audit where publication = 2'),
      'WARN entry 2 says 1 models, but dbt_run_audit has 0',
    ],
    [
      'a retired partition that is needed',
      inStore('update raw_partition set retired_at = now()::timestamp, listed_until = 5 where load_seq = 1'),
      'ERROR data set 1 is kept, but its partition 1 was retired',
    ],
    [
      'a dropped data set that readers see',
      inStore('update raw.raw_publication set dropped_at = now()::timestamp where data_set = 1'),
      'ERROR data set 1 is dropped, but readers see it',
    ],
  ])('%s', async (_what, damage, line) => {
    expect((await found(damage)).some((other) => other.startsWith(line))).toBe(true);
  });

  it('changed bytes, when it reads them', async () => {
    const changed = rewritten(2, (file) => `select * replace ('9' as quantity) from ${file}`);
    expect(await found(changed)).toEqual([]);
    const [line, ...others] = await found(changed, true);
    expect(line).toMatch(/^ERROR partition 2 of materials, 2026-03-02: its content has changed \(\d+, was \d+\)$/);
    expect(others).toEqual([]);
    const [moved] = await found(
      rewritten(2, (file) => `select * replace (7::bigint as _load_seq) from ${file}`),
      true,
    );
    expect(moved).toMatch(/its content has changed \(_load_seq 7 to 7,/);
  });
});
