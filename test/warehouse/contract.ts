import type { QualityRecord } from '../../contracts/quality';
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Delivery, RunManifest } from '../../contracts/run';
import { withDuckDb } from '../../duckdb/connection';
import { sqlString } from '../../duckdb/sql-text';
import { candidateRequest } from '../support/candidate-request';
import { BUILT, MATERIALS, WarehouseBench, type MakeWarehouse } from '../support/warehouse-bench';

/** What every warehouse adapter must do: promises 2 to 6 of docs/design.md. */
export function warehouseContract(name: string, make: MakeWarehouse): void {
  describe(`warehouse contract: ${name}`, () => {
    it('keeps the first manifest of a LOAD_ID, whatever a later attempt would write', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const first = await bench.plan(undefined, '2026-03-02T04:05:06.700Z');
      const again = await bench.warehouse.saveManifest({ ...first, logicalDate: '2026-03-09', batches: [] });
      expect(again).toEqual(first);
      expect(await bench.warehouse.readManifest(first.loadId)).toEqual(first);
    });

    it('records what a run did not load again under the run, with the load and the partition that hold it', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\nm2,only two\n`);
      const first = await bench.plan();
      await bench.load(first);
      const { publication } = await bench.candidate(first);
      await bench.warehouse.publish(publication);
      const [held] = (await bench.warehouse.knownDeliveries()).published;
      const reused = {
        table: 'materials',
        logicalDate: '2026-03-01',
        reusedLoadId: first.loadId,
        reusedLoadSeq: held?.loadSeq ?? 0n,
      };
      const run = { ...first, loadId: 'again::r', workflowId: 'again', batches: [], reused: [reused] };
      await bench.warehouse.saveManifest(run);
      await bench.warehouse.saveManifest(run);
      expect(await bench.warehouse.readManifest('again::r')).toEqual(run);
      expect(
        await bench.rows(`select load_id, table_name, load_seq, reused_load_id, source_files, rows_read, rows_rejected
          from raw.raw_load_audit where status = 'REUSED'`),
      ).toEqual([
        {
          load_id: 'again::r',
          table_name: 'materials',
          load_seq: String(held?.loadSeq),
          reused_load_id: first.loadId,
          source_files: 'mes/2026-03-01/materials.csv',
          rows_read: '2',
          rows_rejected: '1',
        },
      ]);
      expect(await bench.warehouse.loadCounts('again::r')).toMatchObject({ partitions: 0, rowsRead: 0, sizeBytes: 0 });
    });

    it('shows loaded rows as text with their lineage, and rejected records with number, reason and raw text', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\nm2,only two\nm3,,003\n`);
      await bench.run();
      expect(
        await bench.rows(
          `select material_id, material_name, quantity, _load_id, _logical_date::varchar as d, _source_file,
             _source_row_number as n from raw.materials order by n`,
        ),
      ).toEqual([
        {
          material_id: 'm1',
          material_name: 'steel',
          quantity: '1',
          _load_id: 'run-1::r',
          d: '2026-03-01',
          _source_file: 'mes/2026-03-01/materials.csv',
          n: '1',
        },
        {
          material_id: 'm3',
          material_name: null,
          quantity: '003',
          _load_id: 'run-1::r',
          d: '2026-03-01',
          _source_file: 'mes/2026-03-01/materials.csv',
          n: '3',
        },
      ]);
      expect(
        await bench.rows('select table_name, _source_row_number as n, raw_record, reason from raw.raw_rejected_rows'),
      ).toEqual([
        {
          table_name: 'materials',
          n: '2',
          raw_record: 'm2,only two',
          reason: expect.stringMatching(/missing columns/) as string,
        },
      ]);
      expect(
        await bench.rows(
          'select status, rows_read, rows_loaded, rows_rejected from raw.raw_load_audit order by event_id',
        ),
      ).toEqual([
        { status: 'STARTED', rows_read: null, rows_loaded: null, rows_rejected: null },
        { status: 'LOADED', rows_read: '3', rows_loaded: '2', rows_rejected: '1' },
      ]);
    });

    it('shows of a snapshot the newest date, of an append table all dates, of both the history', async () => {
      const bench = new WarehouseBench(make);
      for (const day of ['2026-03-01', '2026-03-02']) {
        bench.deliver(`${day}/materials.csv`, `${MATERIALS}m-${day},steel,1\n`);
        bench.deliver(`${day}/readings.csv`, `reading_id,value\nr-${day},1\n`);
      }
      await bench.run();
      expect(await bench.values('select material_id from raw.materials')).toEqual(['m-2026-03-02']);
      expect(await bench.values('select reading_id from raw.readings order by 1')).toEqual([
        'r-2026-03-01',
        'r-2026-03-02',
      ]);
      expect(await bench.values('select material_id from raw.materials_history order by 1')).toEqual([
        'm-2026-03-01',
        'm-2026-03-02',
      ]);
      expect(await bench.values('select count(*) from raw.current_load')).toEqual(['4']);
    });

    it('does not touch a partition that this run has sealed: a second attempt writes nothing', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const manifest = await bench.plan();
      await bench.load(manifest, 1);
      await bench.load(manifest, 2);
      await bench.warehouse.publish((await bench.candidate(manifest)).publication);
      expect(await bench.values('select status from raw.raw_load_audit order by event_id')).toEqual([
        'STARTED',
        'LOADED',
      ]);
      expect(await bench.values('select count(*) from raw.materials_run')).toEqual(['1']);
    });

    it('lets the first seal win: a zombie attempt that wakes up late adds nothing', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const manifest = await bench.plan();
      const deliveries = manifest.batches[0] as Delivery[];
      const [zombie] = await bench.warehouse.startPartitions(manifest, deliveries, 1);
      await bench.load(manifest, 2);
      const table = bench.system.tables[0];
      if (zombie === undefined || table === undefined) throw new Error('no partition was started');
      // The zombie holds the same rows; it places them under its own number and asks for its seal.
      const [loaded] = await bench.warehouse.startPartitions(manifest, deliveries, 3);
      const rows = path.join(bench.stateDir, 'zombie.parquet');
      await withDuckDb({ path: ':memory:' }, (db) =>
        db.run(`copy (
          select 'm1' as material_id, 'steel' as material_name, '1' as quantity, ${zombie.loadSeq}::bigint as _load_seq,
            'run-1::r' as _load_id, date '2026-03-01' as _logical_date, 'mes/2026-03-01/materials.csv' as _source_file,
            1::bigint as _source_row_number, timestamp '2026-03-02 00:00:00' as _loaded_at
        ) to ${sqlString(rows)} (format parquet)`),
      );
      await bench.warehouse.placePartition(table, zombie.loadSeq, { rows, rejects: undefined });
      const staged = { rowsRead: 1, rowsAccepted: 1, rowsRejected: 0, checksum: 'any', columns: [], drift: [] };
      expect(await bench.warehouse.sealPartitions([{ table, loadSeq: zombie.loadSeq, staged }])).toEqual([
        { rowsRead: 1, rowsLoaded: 1, rowsRejected: 0 },
      ]);
      await bench.warehouse.publish((await bench.candidate(manifest)).publication);
      expect(await bench.values('select distinct _load_seq from raw.materials_run')).toEqual([String(loaded?.loadSeq)]);
    });

    it('never seals an attempt that was recorded as failed, and keeps its audit row', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const manifest = await bench.plan();
      const [attempt] = await bench.warehouse.startPartitions(manifest, manifest.batches[0] as Delivery[], 1);
      const table = bench.system.tables[0];
      if (attempt === undefined || table === undefined) throw new Error('no partition was started');
      await bench.warehouse.failPartition(attempt.loadSeq, 'the disk is full');
      const staged = { rowsRead: 1, rowsAccepted: 1, rowsRejected: 0, checksum: 'any', columns: [], drift: [] };
      await expect(bench.warehouse.sealPartitions([{ table, loadSeq: attempt.loadSeq, staged }])).rejects.toThrow();
      await bench.load(manifest, 2);
      await bench.warehouse.publish((await bench.candidate(manifest)).publication);
      expect(await bench.rows('select attempt, status, error from raw.raw_load_audit order by event_id')).toEqual([
        { attempt: '1', status: 'STARTED', error: null },
        { attempt: '1', status: 'FAILED', error: 'the disk is full' },
        { attempt: '2', status: 'STARTED', error: null },
        { attempt: '2', status: 'LOADED', error: null },
      ]);
    });

    it('publishes by compare and swap: of two candidates on one base the second must be built again', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      await bench.run();
      bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m2,steel,1\n`);
      bench.deliver('2026-03-02/readings.csv', 'reading_id,value\nr2,1\n');
      const a = await bench.plan('2026-03-02');
      bench.deliver('2026-03-03/materials.csv', `${MATERIALS}m3,steel,1\n`);
      bench.deliver('2026-03-03/readings.csv', 'reading_id,value\nr3,1\n');
      const b = { ...(await bench.plan('2026-03-03')) };
      await bench.load(a);
      await bench.load(b);
      const first = await bench.candidate(a);
      const second = await bench.candidate(b);
      expect(await bench.warehouse.publish(second.publication)).toMatchObject({ outcome: 'PUBLISHED' });
      expect(await bench.warehouse.publish(first.publication)).toMatchObject({ outcome: 'BASE_MOVED' });
      expect(await bench.warehouse.publish(first.publication)).toMatchObject({ outcome: 'BASE_MOVED' });
      const rebuilt = await bench.candidate(a);
      expect(rebuilt.base).toBe(second.publication);
      expect(await bench.warehouse.publish(rebuilt.publication)).toMatchObject({ outcome: 'PUBLISHED' });
      expect(await bench.warehouse.publish(rebuilt.publication)).toMatchObject({ outcome: 'PUBLISHED' });
      expect(await bench.values('select reading_id from raw.readings order by 1')).toEqual(['r2', 'r3']);
      expect(await bench.values('select material_id from raw.materials')).toEqual(['m3']);
      expect(
        await bench.values("select publication from raw.raw_publication where status = 'PUBLISHED' order by 1"),
      ).toEqual(['1', String(second.publication), String(rebuilt.publication)]);
    });

    it('orders by logical date, then run start, then LOAD_ID: a late re-run of an old day displaces nothing newer', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}old,steel,1\n`);
      bench.deliver('2026-03-02/materials.csv', `${MATERIALS}new,steel,1\n`);
      await bench.run(undefined, '2026-03-03T10:00:00.000Z');
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}corrected,steel,1\n`);
      await bench.run('2026-03-01', '2026-03-03T12:00:00.000Z');
      expect(await bench.values('select material_id from raw.materials')).toEqual(['new']);
      expect(await bench.values('select material_id from raw.materials_history order by _logical_date')).toEqual([
        'corrected',
        'new',
      ]);
      // A run that began earlier but comes last does not win for the same day.
      await bench.run('2026-03-01', '2026-03-03T11:00:00.000Z');
      expect(
        await bench.values("select _load_id from raw.materials_history where _logical_date = date '2026-03-01'"),
      ).toEqual(['run-2::r']);
      // Superseded partitions stay in RAW.MATERIALS_RUN; one that never became part of a publication is not there.
      expect(await bench.values('select distinct _load_id from raw.materials_run order by 1')).toEqual([
        'run-1::r',
        'run-2::r',
      ]);
    });

    it('refuses to publish what a gate held back or what was never built', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const published = await bench.run();
      const manifest = await bench.plan();
      await bench.load(manifest);
      const held = await bench.candidate(manifest, { ...BUILT, status: 'HELD', failure: 'unique_material_id: 2 rows' });
      await expect(bench.warehouse.publish(held.publication)).rejects.toThrow(/HELD/);
      // Nor does a later publication show the load that was held back.
      const transform = await bench.candidate({ ...manifest, loadId: 't::r', workflowId: 't' });
      await bench.warehouse.publish(transform.publication);
      expect(transform.base).toBe(published);
      expect(await bench.values('select distinct _load_id from raw.materials_run')).toEqual(['run-1::r']);
      const open = await bench.warehouse.createCandidate(candidateRequest(manifest, bench.system.tables));
      await expect(bench.warehouse.publish(open.publication)).rejects.toThrow(/BUILDING/);
      expect(await bench.warehouse.head()).toBe(transform.publication);
      expect(
        await bench.values(`select failure from raw.raw_publication where publication = ${held.publication}`),
      ).toEqual(['unique_material_id: 2 rows']);
    });

    it('finds pending what is new or changed, and leaves alone what is published with the same bytes', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m2,steel,1\n`);
      await bench.run();
      const pending = (manifest: RunManifest) => manifest.batches.flat().map((delivery) => delivery.logicalDate);
      expect(pending(await bench.plan())).toEqual(['2026-03-02']);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,2\n`);
      expect(pending(await bench.plan())).toEqual(['2026-03-01', '2026-03-02']);
    });

    it('refuses a file or a contract that is not what the manifest recorded, and records why', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const manifest = await bench.plan();
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,2\n`);
      await expect(bench.load(manifest)).rejects.toThrow(
        /^mes\/2026-03-01\/materials.csv has changed since the run recorded it .*: start a new run/,
      );
      bench.deliver('2026-03-01/materials.csv', 'no longer a CSV of this table\n');
      await expect(bench.load(manifest, 2)).rejects.toThrow(/has changed since the run recorded it/);
      rmSync(path.join(bench.sourceDir, 'mes/2026-03-01/materials.csv'));
      await expect(bench.load(manifest, 3)).rejects.toThrow(/is gone since the run recorded it/);
      const contractDigests = { materials: 'another' };
      await expect(bench.load({ ...manifest, contractDigests })).rejects.toThrow(
        /the contract of materials has changed/,
      );
      expect(await bench.warehouse.unsealedDeliveries(manifest)).toMatchObject([{ table: 'materials' }]);
      // Nothing of it can be seen until a whole load is published; then its failures can.
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,3\n`);
      await bench.run();
      expect(await bench.values('select quantity from raw.materials')).toEqual(['3']);
      expect(
        await bench.values("select error like 'SourceChangedError: %' from raw.raw_load_audit where status = 'FAILED'"),
      ).toEqual([true, true, true]);
    });

    it('seals what was read before a delivery of the batch failed, and goes on from there', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m2,"steel,1\n`);
      bench.deliver('2026-03-03/materials.csv', `${MATERIALS}m3,steel,1\n`);
      const manifest = await bench.plan();
      await expect(bench.load(manifest)).rejects.toThrow(/2026-03-02\/materials.csv: a quoted field .* never closes/);
      expect(await bench.warehouse.unsealedDeliveries(manifest)).toMatchObject([
        { logicalDate: '2026-03-02' },
        { logicalDate: '2026-03-03' },
      ]);
    });

    it('keeps old partitions readable when the contract gains a column', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      await bench.run();
      const [table] = bench.system.tables;
      if (table === undefined) throw new Error('the bench describes no table');
      table.columns.push({ name: 'colour', type: 'text', aliases: [], sourceName: undefined, format: table.csv });
      bench.deliver('2026-03-02/materials.csv', 'material_id,material_name,quantity,colour\nm2,steel,1,red\n');
      await bench.run();
      expect(await bench.rows('select material_id, colour from raw.materials_history order by 1')).toEqual([
        { material_id: 'm1', colour: null },
        { material_id: 'm2', colour: 'red' },
      ]);
    });

    it('answers one read-only query and refuses everything else in one sentence', async () => {
      const bench = new WarehouseBench(make);
      await expect(bench.rows('select 1')).rejects.toThrow(/nothing is published yet/);
      expect(await bench.rows('select * from raw.raw_load_audit')).toEqual([]);
      const run = { loadId: 't::r', workflowId: 't', runId: 'r' };
      await expect(bench.warehouse.createCandidate(candidateRequest(run, bench.system.tables))).rejects.toThrow(
        /nothing is loaded yet/,
      );
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      await bench.run();
      const refused = async (sql: string) => {
        const error = await bench.rows(sql).catch((e: unknown) => e);
        expect(error).toMatchObject({ name: 'InvalidInputError' });
      };
      for (const sql of [
        'delete from raw.materials',
        'select 1; select 2',
        'drop table raw.raw_publication',
        '',
        `explain analyze copy (select 1) to '${bench.stateDir}/raw/materials/1.parquet'`,
      ]) {
        await refused(sql);
      }
      for (const sql of [
        "from read_text('/etc/passwd')",
        `from read_text('${bench.stateDir}/store.duckdb')`,
        `copy (select 1) to '${bench.stateDir}/x.csv'`,
        'selec 1',
      ]) {
        await refused(sql);
      }
      await expect(bench.warehouse.query({ kind: 'publication', publication: 99 }, 'select 1')).rejects.toThrow(
        /no publication 99/,
      );
    });

    it('writes the rows of a quality run once, however often it is repeated', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const publication = await bench.run();
      const run = { loadId: 'q::r', workflowId: 'q', runId: 'r' };
      const record: QualityRecord = {
        ...{ publication, ordinal: 0, isGate: true, ruleVersion: 'v1', codeVersion: 'test' },
        ...{ check: 'row_count', table: 'materials', severity: 'ERROR', status: 'FAIL' },
        ...{ observed: "1'", expected: '1', threshold: 'any', detail: '', sample: ["m'1"] },
        details: { rows: 1, why: 'a \\ b' },
        startedAt: '2026-03-02T01:02:03.400Z',
      };
      const second = { ...record, ordinal: 1, table: 'readings', sample: [], details: {}, isGate: false };
      for (let i = 0; i < 2; i++) await bench.warehouse.saveQuality(run, [second, record]);
      expect(await bench.warehouse.savedQuality(run)).toEqual([record, second]);
      expect(await bench.rows('select check_name, observed, status from raw.data_quality_audit')).toEqual([
        { check_name: 'row_count', observed: "1'", status: 'FAIL' },
        { check_name: 'row_count', observed: "1'", status: 'FAIL' },
      ]);
    });

    it('tells what a data set has that its base does not, and nothing of a build without loads', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      await bench.run();
      bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const publication = await bench.run('2026-03-02');
      expect(await bench.warehouse.addedPartitions({ kind: 'publication', publication })).toEqual([
        { table: 'materials', logicalDate: '2026-03-02', loadSeq: expect.stringMatching(/^\d+$/) as string },
      ]);
      expect(await bench.warehouse.addedPartitions({ kind: 'head' })).toHaveLength(1);
    });

    it('holds a built candidate back, once and for all; one that is published it does not', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const manifest = await bench.plan();
      await bench.load(manifest);
      const { publication } = await bench.candidate(manifest);
      for (let i = 0; i < 2; i++) await bench.warehouse.holdCandidate(publication, "a gate didn't hold");
      await expect(bench.warehouse.publish(publication)).rejects.toThrow();
      expect(await bench.warehouse.head()).toBeUndefined();
      const entry = await bench.warehouse.approve(publication, { actor: 'ada', reason: 'known' });
      expect(await bench.warehouse.head()).toBe(entry.publication);
      await expect(bench.warehouse.holdCandidate(entry.publication, 'late')).rejects.toThrow(/is PUBLISHED/);
    });
  });
}
