import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DIST } from '../../contracts/installation';
import type { RetentionResult, RetentionRules } from '../../contracts/run';
import { withDuckDb, type DuckDb } from '../../duckdb/connection';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { partitionsOf } from '../../warehouse/store/data-sets';
import { layoutOf } from '../../warehouse/duckdb/layout';
import { neededPartitions } from '../../warehouse/store/needed-partitions';
import { storeSessions } from '../../warehouse/duckdb/store';
import { candidateRequest } from '../support/candidate-request';
import { later } from '../support/later';
import { scratchDir } from '../support/scratch';
import { BUILT, MATERIALS, WarehouseBench } from '../support/warehouse-bench';

jest.mock('node:fs/promises', () => ({ __esModule: true, ...jest.requireActual<object>('node:fs/promises') }));

const ACT = { actor: 'anna', reason: undefined };
const RULES: RetentionRules = { keepPublications: 1, keepDays: 0, graceHours: 0, dryRun: false };
const HOUR_MS = 3_600_000;

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** The bench with what these tests look at. */
class RetentionBench extends WarehouseBench {
  readonly layout = layoutOf(this.stateDir);
  readonly store = storeSessions(this.layout);

  constructor() {
    super((stateDir) => createDuckDbWarehouse(stateDir, 'test'));
  }

  /** Publishes a day's materials. */
  async day(date: string, quantity: string): Promise<number> {
    this.deliver(`${date}/materials.csv`, `${MATERIALS}m1,steel,${quantity}\nbad\n`);
    return this.run(date);
  }

  retain(rules: Partial<RetentionRules> = {}): Promise<RetentionResult> {
    return this.warehouse.retain({ ...RULES, ...rules });
  }

  rawFiles(): string[] {
    return readdirSync(path.join(this.layout.raw, 'materials')).sort();
  }

  builds(): string[] {
    return readdirSync(this.layout.builds).sort();
  }

  change(sql: string): Promise<void> {
    return this.store((db) => db.run(sql));
  }

  /** Rows of a table's view in a data set as any DuckDB reads it. */
  async read(database: string, sql: string): Promise<unknown[]> {
    const settings = { access_mode: 'READ_ONLY' };
    const rows = await withDuckDb({ path: database, settings }, (db: DuckDb) => db.rows(sql));
    return rows.map((row) => Object.values(row)[0]);
  }
}

/** One day loaded several times, with quantity 1, 2, …: each publication supersedes the one before. */
async function corrections(count: number): Promise<RetentionBench> {
  const bench = new RetentionBench();
  for (let quantity = 1; quantity <= count; quantity++) await bench.day('2026-03-01', String(quantity));
  return bench;
}

describe('needed partitions', () => {
  it('are what the data sets hold, each by itself: on a tree of differences at random', async () => {
    const session = storeSessions(layoutOf(scratchDir()));
    let state = 7;
    const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
    await session(async (db) => {
      for (let dataSet = 1; dataSet <= 40; dataSet++) {
        const base = dataSet < 3 ? 'null' : String(1 + random(dataSet - 1));
        const entries = Array.from({ length: 1 + random(3) }, (_, place) => {
          const loadSeq = random(5) === 0 ? 'null' : String(dataSet * 10 + place);
          return `(${dataSet}, ${base}, 't${place}', date '2026-03-0${1 + random(2)}', ${loadSeq}, 'l', 'ADDED')`;
        });
        const none = `(${dataSet}, ${base}, null, null, null, null, 'BASE')`;
        await db.run(`insert into raw.raw_published_load values ${random(6) === 0 ? none : entries.join(', ')}`);
      }
      for (let times = 0; times < 10; times++) {
        const wanted = Array.from({ length: 1 + random(6) }, () => 1 + random(40));
        const each = await Promise.all(wanted.map((dataSet) => partitionsOf(db, dataSet)));
        const expected = new Set(each.flat().map((row) => String(row.load_seq)));
        expect([...(await neededPartitions(db, wanted))].sort()).toEqual([...expected].sort());
      }
    });
  });
});

describe('retention', () => {
  it('drops what no kept publication needs, and then its files, when no kept data set lists them', async () => {
    const bench = await corrections(2);
    const first = await bench.retain();
    expect(first).toMatchObject({ keptDataSets: 1, droppedDataSets: [1], retiredPartitions: 1 });
    expect(bench.builds()).toEqual(['2']);
    // Data set 2 lists what it superseded, in raw.materials_run: its files wait.
    expect(bench.rawFiles()).toHaveLength(4);
    expect(first.waiting.map(({ kind, items }) => [kind, items])).toEqual([
      ['partitions', 1],
      ['rejected records', 1],
    ]);
    expect(await bench.values('select count(*) from raw.materials_run')).toEqual(['2']);

    await bench.day('2026-03-01', '3');
    expect(await bench.values('select count(*) from raw.materials_run')).toEqual(['2']);
    const second = await bench.retain();
    expect(second).toMatchObject({ droppedDataSets: [2], retiredPartitions: 1 });
    expect(second.removed).toMatchObject([
      { kind: 'data sets', items: 1 },
      { kind: 'partitions', items: 1 },
      { kind: 'rejected records', items: 1 },
    ]);
    expect(second.removed.every(({ bytes }) => Number(bytes) > 100)).toBe(true);
    expect(bench.rawFiles()).toEqual(['2.parquet', '2.rejects.parquet', '3.parquet', '3.rejects.parquet']);
    expect(await bench.rows('select count(*) as n, max(_load_seq) as newest from raw.raw_rejected_rows')).toEqual([
      { n: '2', newest: '3' },
    ]);
    expect(await bench.retain()).toMatchObject({ droppedDataSets: [], retiredPartitions: 0, removed: [] });
    expect(await bench.warehouse.reconcile({ checksums: true })).toEqual([]);
  });

  it('keeps what a pin, a number, or a day keeps', async () => {
    const bench = await corrections(3);
    await bench.warehouse.pin(1, ACT);
    expect(await bench.retain({ keepPublications: 2 })).toMatchObject({ keptDataSets: 3, droppedDataSets: [] });
    expect(await bench.retain({ keepDays: 1 })).toMatchObject({ keptDataSets: 3, droppedDataSets: [] });
    expect(await bench.retain()).toMatchObject({ keptDataSets: 2, droppedDataSets: [2] });
    expect(
      (await bench.warehouse.query({ kind: 'publication', publication: 1 }, 'select quantity from raw.materials')).rows,
    ).toEqual([{ quantity: '1' }]);
    await bench.warehouse.unpin(1, ACT);
    expect(await bench.retain()).toMatchObject({ droppedDataSets: [1] });
  });

  it('keeps what readers saw within the days, also when it was published long before', async () => {
    const bench = new RetentionBench();
    await bench.day('2026-03-01', '1');
    await bench.day('2026-03-02', '2');
    await bench.change(`update raw.raw_publication set published_at = published_at - interval 40 day where publication = 1;
      update raw.raw_publication set published_at = published_at - interval 20 day where publication = 2`);
    await bench.day('2026-03-03', '3');
    expect(await bench.retain({ keepDays: 10 })).toMatchObject({ droppedDataSets: [1] });
    expect(bench.builds()).toEqual(['2', '3']);
  });

  it('waits for the grace period: a reader of an older publication goes on meanwhile, people cannot go there', async () => {
    const bench = await corrections(2);
    const old = path.join(bench.layout.builds, '1', 'mfg.duckdb');
    const result = await bench.retain({ graceHours: 24 });
    expect(result).toMatchObject({ droppedDataSets: [1], removed: [] });
    expect(await bench.read(old, 'select quantity from raw.materials')).toEqual(['1']);
    const sentence = /^the data set of publication 1 is no longer kept \(retention\)/;
    const target = { kind: 'publication', publication: 1 } as const;
    await expect(bench.warehouse.rollback(1, ACT)).rejects.toThrow(sentence);
    await expect(bench.warehouse.pin(1, ACT)).rejects.toThrow(sentence);
    await expect(bench.warehouse.query(target, 'select 1')).rejects.toThrow(sentence);
    await bench.day('2026-03-01', '3');
    later(23);
    await bench.retain({ graceHours: 24 });
    expect(await bench.read(old, 'select quantity from raw.materials')).toEqual(['1']);
    later(2);
    await bench.retain({ graceHours: 24 });
    expect(existsSync(old)).toBe(false);
    // Data set 2, which lists partition 1, was dropped an hour or two ago: a reader may still have it open.
    expect(bench.rawFiles()).toContain('1.parquet');
    later(24);
    await bench.retain({ graceHours: 24 });
    expect(bench.rawFiles()).toEqual(['2.parquet', '2.rejects.parquet', '3.parquet', '3.rejects.parquet']);
  });

  it('changes nothing in a dry run, and tells the same', async () => {
    const bench = await corrections(2);
    const dry = await bench.retain({ dryRun: true });
    const files = [bench.builds(), bench.rawFiles()];
    expect(await bench.warehouse.rollback(1, ACT)).toMatchObject({ to: 1 });
    await bench.warehouse.rollback(2, ACT);
    const real = await bench.retain();
    expect(real.removed.map(({ kind }) => kind)).toEqual(dry.removed.map(({ kind }) => kind));
    expect(real).toMatchObject({ droppedDataSets: dry.droppedDataSets, retiredPartitions: dry.retiredPartitions });
    expect(files).toEqual([['1', '2'], expect.arrayContaining(['1.parquet'])]);
  });

  it('does not touch a load whose run is still to build, nor a candidate under way and its base', async () => {
    const bench = await corrections(1);
    bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,steel,9\n`);
    const manifest = await bench.plan('2026-03-02');
    await bench.load(manifest);
    expect(await bench.retain()).toMatchObject({ retiredPartitions: 0 });
    const candidate = await bench.warehouse.createCandidate(candidateRequest(manifest, bench.system.tables));
    await bench.day('2026-03-03', '5');
    expect(await bench.retain()).toMatchObject({ abandonedBuilds: [], droppedDataSets: [] });
    await bench.warehouse.finishCandidate(candidate, BUILT);
    expect(await bench.warehouse.publish(candidate.publication)).toMatchObject({ outcome: 'BASE_MOVED' });
    await bench.retain();
    const again = await bench.candidate(manifest);
    await bench.warehouse.publish(again.publication);
    expect(await bench.values('select quantity from raw.materials_history order by 1')).toEqual(['1', '5', '9']);
  });

  it('refuses a load whose partitions are gone, with what to do', async () => {
    const bench = new RetentionBench();
    await bench.day('2026-03-01', '1');
    bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,steel,2\n`);
    const manifest = await bench.plan();
    await bench.load(manifest);
    await bench.warehouse.publish((await bench.candidate(manifest)).publication);
    await bench.warehouse.rollback(1, ACT);
    await bench.retain();
    await expect(bench.candidate(manifest)).rejects.toThrow(
      /^what run-2::r loaded is no longer kept \(retention; materials of 2026-03-02\): start a new run/,
    );
    await bench.run('2026-03-02');
    expect(await bench.values('select quantity from raw.materials_history order by 1')).toEqual(['1', '2']);
  });

  it('gives up what crashes left: builds without an end, attempts without a seal, scratch; keeps a held candidate its days', async () => {
    const bench = new RetentionBench();
    await bench.day('2026-03-01', '1');
    const manifest = await bench.plan('2026-03-01');
    const [zombie] = await bench.warehouse.startPartitions(manifest, manifest.batches.flat(), 1);
    const loadSeq = zombie?.loadSeq ?? 0n;
    writeFileSync(bench.layout.partition('materials', loadSeq), 'half');
    mkdirSync(path.join(bench.layout.staging, String(loadSeq)), { recursive: true });
    await bench.load(manifest, 2);
    // The worker of one build died; another was built, but nobody asked for it again.
    const dead = await bench.warehouse.createCandidate(candidateRequest(manifest, bench.system.tables));
    const held = await bench.candidate(manifest, { ...BUILT, status: 'HELD', failure: 'unique: 2 rows' });
    expect(await bench.retain({ keepDays: 1 })).toMatchObject({
      abandonedBuilds: [dead.publication],
      abandonedLoads: 0,
      droppedDataSets: [dead.publication],
    });
    expect(await bench.warehouse.publish(dead.publication)).toMatchObject({ outcome: 'BASE_MOVED' });

    later(7);
    expect(await bench.retain({ keepDays: 1 })).toMatchObject({ abandonedBuilds: [], abandonedLoads: 1 });
    expect(existsSync(bench.layout.partition('materials', loadSeq))).toBe(false);
    expect(readdirSync(bench.layout.staging)).toEqual([]);
    expect(
      await bench.values(`select error from raw.raw_load_audit where load_seq = ${loadSeq} and status = 'FAILED'`),
    ).toEqual(['given up by retention: its attempt ended without a word (a crash)']);
    expect(bench.builds()).toEqual(['1', String(held.publication)]);

    later(20);
    expect(await bench.retain({ keepDays: 1 })).toMatchObject({ droppedDataSets: [held.publication] });
    await expect(bench.warehouse.approve(held.publication, ACT)).rejects.toThrow(/is no longer kept \(retention\)/);
    expect(await bench.values('select quantity from raw.materials')).toEqual(['1']);
  });

  it('keeps a landed copy while a young run has still to load it; sweeps unknown files once they are old, and names them', async () => {
    const bench = new RetentionBench();
    await bench.day('2026-03-01', '1');
    bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,steel,2\n`);
    const manifest = await bench.plan();
    const digest = manifest.batches[0]?.[0]?.files[0]?.sha256 ?? '';
    const old = new Date(Date.now() - 48 * HOUR_MS);
    const put = (name: string, time = old, content = 'x') => {
      const file = path.join(bench.stateDir, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
      utimesSync(file, time, time);
    };
    put(`landing/${digest}`, old, `${MATERIALS}m1,steel,2\n`);
    put(`landing/${'0'.repeat(64)}`);
    put(`landing/.${'0'.repeat(64)}-01234567-89ab-cdef-0123-456789abcdef.part`);
    const unknown = ['raw/materials/99.parquet', 'raw/materials/notes.txt', 'builds/readme', 'raw/orders/1.parquet'];
    for (const name of unknown) put(name);
    put('raw/materials/100.parquet', new Date());
    const result = await bench.retain();
    expect(result.unknownFiles.sort()).toEqual([...unknown, 'raw/materials/100.parquet'].sort());
    expect(result.removed).toEqual([
      { kind: 'landed files', items: 1, bytes: 1 },
      { kind: 'leftovers', items: 1, bytes: 1 },
      { kind: 'unknown files', items: 4, bytes: 4 },
    ]);
    expect(readdirSync(path.join(bench.stateDir, 'landing'))).toEqual([digest]);
    expect(bench.rawFiles()).toContain('100.parquet');
    await bench.load(manifest);
    expect((await bench.retain()).removed).toEqual([{ kind: 'landed files', items: 1, bytes: 46 }]);
  });

  it('is finished by the next run when it is killed between any two steps', async () => {
    const bench = await corrections(2);
    await bench.retain();
    await bench.day('2026-03-01', '3');
    const remove = fs.rm;
    let kills = 0;
    for (let isDone = false; !isDone; kills += Number(!isDone)) {
      let calls = 0;
      const rm = jest.spyOn(fs, 'rm').mockImplementation(async (file, options) => {
        if (calls++ >= 1) throw new Error('killed');
        await remove(file, options);
      });
      isDone = await bench.retain().then(
        () => true,
        () => false,
      );
      rm.mockRestore();
      // What readers see stands at every moment, superseded partitions too.
      const sql = 'select (select quantity from raw.materials) as q, (select count(*) from raw.materials_run) as n';
      expect(await bench.rows(sql)).toEqual([{ q: '3', n: '2' }]);
    }
    expect(kills).toBe(2);
    expect(bench.builds()).toEqual(['3']);
    expect(bench.rawFiles().map((name) => name[0])).toEqual(['2', '2', '3', '3']);
    expect(await bench.store((db) => db.rows('select count(*) as n from build_artifact'))).toEqual([{ n: '1' }]);
    expect(await bench.warehouse.reconcile({ checksums: false })).toEqual([]);
  });

  it.each(['rollback', 'retention'])('lets the store decide between a rollback and a drop: %s first', async (first) => {
    const bench = await corrections(2);
    const back = () => bench.warehouse.rollback(1, ACT).catch((error: unknown) => (error as Error).message);
    const acts = first === 'rollback' ? [back(), bench.retain()] : [bench.retain(), back()];
    const done = await Promise.all(acts);
    expect(done.some((answer) => typeof answer === 'string')).toBe(first === 'retention');
    const expected = first === 'rollback' ? '1' : '2';
    expect(await bench.values('select quantity from raw.materials')).toEqual([expected]);
    expect(bench.builds()).toContain(expected);
  });

  it('takes nothing away from loads, builds and readers beside it, in this process and in others that are killed', async () => {
    const bench = await corrections(1);
    const link = path.join(bench.layout.published, 'mfg.duckdb');
    let isLoading = true;
    const loading = (async () => {
      for (let i = 2; i <= 4; i++) await bench.day(`2026-03-0${1 + (i % 2)}`, String(i));
    })().finally(() => (isLoading = false));
    let kills = 0;
    const others = (async () => {
      for (; isLoading || kills === 0; kills++) await retainUntilKilled(bench.stateDir);
    })();
    let runs = 0;
    const seen: number[] = [];
    for (; isLoading; runs++) {
      await bench.retain({ graceHours: 1 });
      // All partitions that the data set lists can be read, superseded ones too.
      const sql = 'select max(quantity) from (from raw.materials_run union all from raw.materials_history)';
      seen.push(Number((await bench.read(link, sql))[0]));
      await sleep(20);
    }
    await loading;
    await others;
    expect(Math.min(runs, kills)).toBeGreaterThan(0);
    expect(seen).toEqual([...seen].sort());
    await bench.retain();
    expect(await bench.values('select quantity from raw.materials_history order by _logical_date')).toEqual(['4', '3']);
    expect(await bench.warehouse.reconcile({ checksums: true })).toEqual([]);
  });
});

/** Retention after retention in another process, until it is killed in the midst of the third. */
async function retainUntilKilled(stateDir: string): Promise<void> {
  const program = `
    const { createDuckDbWarehouse } = require(process.argv[1]);
    const warehouse = createDuckDbWarehouse(process.argv[2], 'test');
    const rules = { keepPublications: 1, keepDays: 0, graceHours: 1, dryRun: false };
    (async () => { for (;;) { console.log('again'); await warehouse.retain(rules); } })();`;
  const adapter = path.join(DIST, 'warehouse', 'duckdb', 'duckdb-warehouse.js');
  const child = spawn(process.execPath, ['-e', program, adapter, stateDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.split('again').length > 3) child.kill('SIGKILL');
  });
  await once(child, 'close');
}
