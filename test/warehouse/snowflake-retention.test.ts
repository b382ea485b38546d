import { mkdirSync, utimesSync, writeFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { candidateRequest } from '../support/candidate-request';
import { later } from '../support/later';
import { SnowflakeBench } from '../support/snowflake-bench';
import { startPeer, type Peer } from '../support/snowflake-peer';
import { BUILT, MATERIALS } from '../support/warehouse-bench';

const ACT = { actor: 'anna', reason: undefined };
const HOUR_MS = 3_600_000;

let peer: Peer;
beforeAll(async () => {
  peer = await startPeer();
});
afterEach(async () => {
  jest.useRealTimers();
  await peer.clearFaults();
});

const kinds = (spaces: { kind: string; items: number }[]) => spaces.map(({ kind, items }) => [kind, items]);

/** The tests go on where the one before ended: a publication takes its time on the peer. */
describe('retention on Snowflake', () => {
  let bench: SnowflakeBench;
  beforeAll(() => {
    bench = new SnowflakeBench(peer, 'MFG_KEPT');
  });

  it('drops what no kept publication needs, and then its rows, when no kept data set lists them', async () => {
    await bench.day('2026-03-01', '1');
    await bench.day('2026-03-01', '2');
    const first = await bench.retain();
    expect(first).toMatchObject({ keptDataSets: 1, droppedDataSets: [1], retiredPartitions: 1 });
    expect(kinds(first.removed)).toEqual([['data sets', 1]]);
    expect(await bench.databases()).toEqual(['2']);
    // Data set 2 lists what it superseded, in raw.materials_run: its rows wait.
    expect(await bench.loadSeqs()).toEqual({ rows: [1, 2], rejects: [1, 2] });
    expect(kinds(first.waiting)).toEqual([
      ['partitions', 1],
      ['rejected records', 1],
    ]);
    expect(await bench.values('select count(*) from raw.materials_run')).toEqual(['2']);

    await bench.day('2026-03-01', '3');
    const second = await bench.retain();
    expect(second).toMatchObject({ droppedDataSets: [2], retiredPartitions: 1 });
    expect(kinds(second.removed)).toEqual([
      ['data sets', 1],
      ['partitions', 1],
      ['rejected records', 1],
    ]);
    expect(await bench.loadSeqs()).toEqual({ rows: [2, 3], rejects: [2, 3] });
    expect(await bench.values('select count(*) from raw.materials_run')).toEqual(['2']);
    expect(await bench.retain()).toMatchObject({ droppedDataSets: [], retiredPartitions: 0, removed: [] });
    expect(await bench.warehouse.reconcile({ checksums: false })).toEqual([]);
  });

  it('keeps what a pin or a number keeps, changes nothing in a dry run, and tells the same', async () => {
    await bench.day('2026-03-01', '4');
    await bench.warehouse.pin(3, ACT);
    expect(await bench.retain({ dryRun: true })).toMatchObject({ keptDataSets: 2, droppedDataSets: [] });
    await bench.warehouse.unpin(3, ACT);
    expect(await bench.retain({ dryRun: true, keepPublications: 2 })).toMatchObject({ droppedDataSets: [] });
    const dry = await bench.retain({ dryRun: true });
    expect(dry).toMatchObject({ droppedDataSets: [3], retiredPartitions: 1 });
    expect(kinds(dry.removed)).toEqual([
      ['data sets', 1],
      ['partitions', 1],
      ['rejected records', 1],
    ]);
    expect(await bench.databases()).toEqual(['3', '4']);
    expect(await bench.loadSeqs()).toMatchObject({ rows: [2, 3, 4] });
  });

  it('waits for the grace period: a reader of an older data set goes on meanwhile, people cannot go there', async () => {
    const waiting = await bench.retain({ graceHours: 24 });
    expect(waiting).toMatchObject({ droppedDataSets: [3], removed: [] });
    expect(kinds(waiting.waiting)[0]).toEqual(['data sets', 1]);
    expect(await bench.look(`select quantity from ${bench.names.dataSet(3)}.raw.materials`)).toEqual([
      { quantity: '3' },
    ]);
    const sentence = /^the data set of publication 3 is no longer kept \(retention\)/;
    await expect(bench.warehouse.rollback(3, ACT)).rejects.toThrow(sentence);
    await expect(bench.warehouse.pin(3, ACT)).rejects.toThrow(sentence);
    const target = { kind: 'publication', publication: 3 } as const;
    await expect(bench.warehouse.query(target, 'select 1 as a')).rejects.toThrow(sentence);
    later(23);
    expect(await bench.retain({ graceHours: 24 })).toMatchObject({ removed: [] });
    later(2);
    expect(kinds((await bench.retain({ graceHours: 24 })).removed)).toContainEqual(['data sets', 1]);
    expect(await bench.databases()).toEqual(['4']);
    expect(await bench.values('select quantity from raw.materials')).toEqual(['4']);
  });

  it('is finished by the next run when it is killed between any two steps', async () => {
    await bench.day('2026-03-01', '5');
    await bench.retain();
    await bench.day('2026-03-01', '6');
    const steps = [
      'commit', // marks
      'drop database',
      'delete from .*materials_run',
      'delete from .*rejected_record',
      'update raw_partition set removed_at',
      'delete from build_artifact',
    ];
    for (const match of steps) {
      const error = { code: '000604', sqlState: '57014', message: 'killed' };
      await peer.addFault({ match: `^${match}`, action: 'error', error, times: 0 });
      await expect(bench.retain()).rejects.toThrow(/killed/);
      await peer.clearFaults();
      // What readers see stands at every moment, superseded partitions too.
      const sql = 'select (select quantity from raw.materials) as q, (select count(*) from raw.materials_run) as n';
      expect([match, await bench.rows(sql)]).toEqual([match, [{ q: '6', n: '2' }]]);
    }
    await bench.retain();
    expect(await bench.databases()).toEqual(['6']);
    expect(await bench.loadSeqs()).toEqual({ rows: [5, 6], rejects: [5, 6] });
    expect(await bench.look('select count(*) as n from build_artifact')).toEqual([{ n: 1 }]);
    expect(await bench.warehouse.reconcile({ checksums: false })).toEqual([]);
  });

  it('refuses a load whose partitions are gone, with what to do', async () => {
    bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,steel,7\n`);
    const manifest = await bench.plan();
    await bench.load(manifest);
    await bench.warehouse.publish((await bench.candidate(manifest)).publication);
    await bench.warehouse.rollback(6, ACT);
    await bench.retain();
    await expect(bench.candidate(manifest)).rejects.toThrow(
      /^what .* loaded is no longer kept \(retention; materials of 2026-03-02\): start a new run/,
    );
  });
});

describe('retention of what crashes left on Snowflake', () => {
  let bench: SnowflakeBench;
  /** An attempt that died after it had copied its rows and before its seal. */
  let zombie: bigint;
  let dead: number;
  let held: number;

  beforeAll(async () => {
    bench = new SnowflakeBench(peer, 'MFG_LEFT');
    await bench.day('2026-03-01', '1');
    const manifest = await bench.plan('2026-03-01');
    const [started] = await bench.warehouse.startPartitions(manifest, manifest.batches.flat(), 1);
    zombie = started?.loadSeq ?? 0n;
    await bench.load(manifest, 2);
    // The worker of one build died; another was built, but nobody asked for it again.
    dead = (await bench.warehouse.createCandidate(candidateRequest(manifest, bench.system.tables))).publication;
    held = (await bench.candidate(manifest, { ...BUILT, status: 'HELD', failure: 'unique: 2 rows' })).publication;
    await bench.change(
      `insert into raw.materials_run select 'x', 'y', 'z', ${zombie}, _load_id, _logical_date, _source_file,
         _source_row_number, _loaded_at from raw.materials_run where _load_seq = 1`,
      `insert into raw.rejected_record select table_name, ${zombie}, _load_id, _logical_date, _source_file,
         _source_row_number, reason, raw_record from raw.rejected_record where _load_seq = 1`,
      `create database ${bench.prefix}_NEXT_1_ABC`,
      `create database ${bench.prefix}_2024`,
      `create database ${bench.prefix}_NOT_OURS`,
    );
    for (const [folder, name] of [
      [`materials/${zombie}`, 'rows.parquet'],
      ['elsewhere', 'notes.txt'],
    ] as const) {
      const file = path.join(bench.stateDir, name);
      writeFileSync(file, 'half');
      await bench.change(`put 'file://${file}' @${bench.names.stage}/${folder}/ auto_compress = false`);
    }
  });

  const staged = async () => (await bench.look(`list @${bench.names.stage}`)).map((row) => String(row.name));

  it('gives up builds without an end, and leaves alone what may be under way or belong to others', async () => {
    const result = await bench.retain({ keepDays: 1 });
    expect(result).toMatchObject({ abandonedBuilds: [dead], abandonedLoads: 0, droppedDataSets: [dead] });
    expect(result.unknownFiles).toEqual([`database ${bench.prefix}_2024`, 'staged file loads/elsewhere/notes.txt']);
    expect(kinds(result.waiting)).toEqual([
      ['leftovers', 1],
      ['unknown files', 1],
    ]);
    const candidates = await bench.databases();
    expect(candidates).toEqual(['1', '2024', String(held), 'NEXT_1_ABC', 'NOT_OURS'].sort());
    expect(await bench.loadSeqs()).toMatchObject({ rows: expect.arrayContaining([Number(zombie)]) as number[] });
    expect(await staged()).toHaveLength(2);
  });

  it('gives up loads that are over for hours, with their rows, staged files and clones; keeps what they rejected', async () => {
    const scratch = path.join(bench.stateDir, 'snowflake', 'builds', '99');
    mkdirSync(scratch, { recursive: true });
    const yesterday = new Date(Date.now() - 25 * HOUR_MS);
    utimesSync(scratch, yesterday, yesterday);
    later(7);
    const result = await bench.retain({ keepDays: 1 });
    expect(result).toMatchObject({ abandonedBuilds: [], abandonedLoads: 1 });
    expect(await bench.databases()).toEqual(['1', '2024', String(held), 'NOT_OURS'].sort());
    const { rows, rejects } = await bench.loadSeqs();
    expect(rows).not.toContain(Number(zombie));
    expect(rejects).toContain(Number(zombie));
    expect(await staged()).toEqual([]);
    expect(existsSync(scratch)).toBe(false);
    expect(
      await bench.values(`select error from raw.raw_load_audit where load_seq = ${zombie} and status = 'FAILED'`),
    ).toEqual(['given up by retention: its attempt ended without a word (a crash)']);
  });

  it('keeps a held candidate and what failed loads rejected for their days', async () => {
    later(27);
    expect(await bench.retain({ keepDays: 1 })).toMatchObject({ droppedDataSets: [held] });
    await expect(bench.warehouse.approve(held, ACT)).rejects.toThrow(/is no longer kept \(retention\)/);
    expect((await bench.loadSeqs()).rejects).not.toContain(Number(zombie));
    expect(await bench.values('select quantity from raw.materials')).toEqual(['1']);
    expect(await bench.databases()).toEqual(['1', '2024', 'NOT_OURS']);
    expect(await bench.warehouse.reconcile({ checksums: false })).toMatchObject([
      { severity: 'WARN', what: `database ${bench.prefix}_2024 is not in the publication log` },
    ]);
  });
});
