import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Delivery, RunManifest } from '../../contracts/run';
import { withDuckDb } from '../../duckdb/connection';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import type { ExportResult } from '../../warehouse/warehouse';
import { candidateRequest } from '../support/candidate-request';
import { scratchDir } from '../support/scratch';
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

    describe('exports', () => {
      const MARTS = `
        create table marts.stock as
          select material_id, quantity::decimal(9, 3) as quantity from raw.materials order by quantity desc;
        create view core.dim_material as from raw.materials;
        create table marts."x""; drop table y; --" as select 1 as one;
        create table main_dbt_test.failures as select 1 as one`;

      it('a relation as Parquet, its rows in order, with the publication and the loads in the metadata', async () => {
        const bench = new WarehouseBench(make);
        const publication = await bench.runWithMarts('2026-03-01', 'm2,zinc,3\nm1,steel,2\nm3,tin,\n', MARTS);
        const file = path.join(scratchDir(), "it's.parquet");
        const result = await exported(bench, 'stock', file);
        expect(result).toEqual({
          ...{ relation: 'marts.stock', publication, rows: 3, loadIds: ['run-1::r'], metadataFile: undefined },
          bytes: readFileSync(file).length,
        });
        expect(await inFile(file, (from) => `select material_id, quantity::varchar as q from ${from}`)).toEqual([
          { material_id: 'm1', q: '2.000' },
          { material_id: 'm2', q: '3.000' },
          { material_id: 'm3', q: null },
        ]);
        const entries = await inFile(
          file,
          () => `select decode(key) as key, decode(value) as value from parquet_kv_metadata(${sqlString(file)})`,
        );
        const [logged] = await bench.rows('select published_at, code_version from raw.raw_publication');
        expect(Object.fromEntries(entries.map(({ key, value }) => [key, value]))).toEqual({
          'mfg.relation': 'marts.stock',
          'mfg.publication': String(publication),
          'mfg.published_at': new Date(`${String(logged?.published_at).replace(' ', 'T')}Z`).toISOString(),
          'mfg.code_version': logged?.code_version,
          'mfg.load_ids': '["run-1::r"]',
        });
        expect(
          await inFile(file, () => `select distinct compression from parquet_metadata(${sqlString(file)})`),
        ).toEqual([{ compression: 'ZSTD' }]);
      });

      it('a relation as CSV, with its description beside it', async () => {
        const bench = new WarehouseBench(make);
        await bench.runWithMarts(
          '2026-03-01',
          'm1,steel,2\n',
          `create table marts.cells as select 'a,"b"' as quoted, null::integer as nothing, '' as empty,
             'x' || chr(10) || 'y' as lines, '=1+1' as formula, timestamp '2026-03-01 10:00:00' as at,
             1.50::decimal(9, 2) as price, true as _is_new;
           comment on column marts.cells.price is 'Price per kg.'`,
        );
        const file = path.join(scratchDir(), 'my cells.csv');
        const result = await exported(bench, 'marts.cells', file);
        expect(readFileSync(file, 'utf8')).toBe(
          'quoted,nothing,empty,lines,formula,at,price,_is_new\r\n"a,""b""",,"","x\ny",=1+1,2026-03-01 10:00:00,1.50,true\r\n',
        );
        expect(result.metadataFile).toBe(`${realpathSync(file)}-metadata.json`);
        const metadata = JSON.parse(readFileSync(`${file}-metadata.json`, 'utf8')) as {
          tableSchema: { columns: unknown[] };
        };
        expect(metadata).toMatchObject({
          '@context': 'http://www.w3.org/ns/csvw',
          url: 'my%20cells.csv',
          notes: [
            {
              'mfg.relation': 'marts.cells',
              'mfg.publication': 1,
              'mfg.load_ids': ['run-1::r'],
              'mfg.published_at': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
              'mfg.code_version': 'test',
              'mfg.row_count': 1,
            },
          ],
        });
        expect(metadata.tableSchema.columns.slice(-3)).toEqual([
          {
            name: 'at',
            titles: 'at',
            datatype: { base: 'datetime', format: 'yyyy-MM-dd HH:mm:ss.SSSSSS', 'dc:title': 'TIMESTAMP' },
          },
          {
            name: 'price',
            titles: 'price',
            datatype: { base: 'decimal', 'dc:title': 'DECIMAL(9,2)' },
            'dc:description': 'Price per kg.',
          },
          { titles: '_is_new', datatype: { base: 'boolean', 'dc:title': 'BOOLEAN' } },
        ]);
      });

      it('whole numbers of 128 bits without loss', async () => {
        const bench = new WarehouseBench(make);
        const big = '9007199254740993';
        await bench.runWithMarts(
          '2026-03-01',
          'm1,steel,2\n',
          `create table marts.sums as select ${big}::hugeint as n`,
        );
        const file = path.join(scratchDir(), 'sums.parquet');
        await exported(bench, 'sums', file);
        expect(await inFile(file, (from) => `select n::varchar as n, typeof(n) as type from ${from}`)).toEqual([
          { n: big, type: 'DECIMAL(38,0)' },
        ]);
      });

      it('the same bytes each time; times with a zone in UTC', async () => {
        const bench = new WarehouseBench(make);
        await bench.runWithMarts(
          '2026-03-01',
          'm1,steel,2\n',
          `create table marts.many as select hash(i) % 1000 as a, i % 7 as b, i as c from range(300000) as r(i);
           create table marts.zoned as select '2026-07-01 12:00:00+02'::timestamptz as at`,
        );
        const dir = scratchDir();
        for (const ending of ['csv', 'parquet']) {
          const files = [1, 2].map((n) => path.join(dir, `${n}.${ending}`));
          for (const file of files) expect(await exported(bench, 'many', file)).toMatchObject({ rows: 300_000 });
          const [first, second] = files.map((file) => readFileSync(file));
          expect(first !== undefined && second?.equals(first)).toBe(true);
        }
        await exported(bench, 'zoned', path.join(dir, 'zoned.csv'));
        expect(readFileSync(path.join(dir, 'zoned.csv'), 'utf8')).toBe('at\r\n2026-07-01 10:00:00+00\r\n');
      });

      it('an older publication, as it was, also its audit tables', async () => {
        const bench = new WarehouseBench(make);
        const older = await bench.runWithMarts('2026-03-01', 'm1,steel,2\n', MARTS);
        const file = path.join(scratchDir(), 'x.csv');
        const exportedOld = (relation: string) =>
          bench.warehouse.exportRelation({ kind: 'publication', publication: older }, relation, {
            path: file,
            format: 'csv',
          });
        await exportedOld('raw.raw_load_audit');
        const audit = readFileSync(file, 'utf8');
        bench.deliver('2026-03-02/readings.csv', 'reading_id,value\nr1,1\n');
        const newer = await bench.runWithMarts('2026-03-02', 'm9,tin,7\n', MARTS);

        expect(await exported(bench, 'stock', file)).toMatchObject({
          publication: newer,
          loadIds: ['run-1::r', 'run-2::r'],
        });
        expect(readFileSync(file, 'utf8')).toBe('material_id,quantity\r\nm9,7.000\r\n');
        expect(await exportedOld('stock')).toMatchObject({ publication: older, loadIds: ['run-1::r'] });
        expect(readFileSync(file, 'utf8')).toBe('material_id,quantity\r\nm1,2.000\r\n');
        await exportedOld('raw.raw_load_audit');
        expect(readFileSync(file, 'utf8')).toBe(audit);
      });

      it('relations of each schema, whatever the case, and one that is hard to name', async () => {
        const bench = new WarehouseBench(make);
        await bench.runWithMarts('2026-03-01', 'm1,steel,2\n', MARTS);
        const file = path.join(scratchDir(), 'x.csv');
        expect(await exported(bench, 'RAW.Materials_History', file)).toMatchObject({
          relation: 'raw.materials_history',
        });
        expect(await exported(bench, 'core.dim_material', file)).toMatchObject({ rows: 1 });
        expect(await exported(bench, 'x"; drop table y; --', file)).toMatchObject({
          relation: 'marts.x"; drop table y; --',
        });
      });

      it('nothing that is not there: one sentence, and no file', async () => {
        const bench = new WarehouseBench(make);
        const dir = scratchDir();
        const file = path.join(dir, 'x.parquet');
        await refused(exported(bench, 'stock', file), /^nothing is published yet/);
        const marts = 'create table marts.b as select 1 as x; create view marts.a as from marts.b';
        await bench.runWithMarts('2026-03-01', 'm1,steel,2\n', `${marts}; create table core.dim as select 1 as x`);
        await refused(
          exported(bench, 'nope', file),
          /^there is no relation 'nope' in publication 1: the marts are a, b\.$/,
        );
        await refused(
          exported(bench, 'core.nope', file),
          /^there is no relation 'core\.nope' .*: core has dim; the marts are a, b\.$/,
        );
        for (const hostile of [
          'x"; drop table y; --',
          'main_dbt_test.failures',
          'information_schema.tables',
          '/etc/passwd',
          "read_text('/etc/passwd')",
          'marts.a; select 1',
          '"a"',
          '',
        ]) {
          await refused(exported(bench, hostile, file), /the marts are a, b\.$/);
        }
        const unknown = { kind: 'publication', publication: 99 } as const;
        await refused(
          bench.warehouse.exportRelation(unknown, 'a', { path: file, format: 'parquet' }),
          /^there is no publication 99: /,
        );
        expect(readdirSync(dir)).toEqual([]);
      });

      it('whole or not at all: what is there stays until the new file is whole', async () => {
        const bench = new WarehouseBench(make);
        await bench.runWithMarts(
          '2026-03-01',
          'm1,steel,2\n',
          `${MARTS}; create view marts.broken as
             select case when i = 290000 then error('the last straw') else i end as x from range(300000) as r(i);
           create view marts.curious as select content from read_text('/etc/hosts')`,
        );
        const dir = scratchDir();
        for (const ending of ['csv', 'parquet']) {
          const file = path.join(dir, `x.${ending}`);
          await expect(exported(bench, 'broken', file)).rejects.toThrow(/x\.\w+ was not written: .*the last straw\.$/);
          await expect(exported(bench, 'curious', file)).rejects.toThrow(/was not written: .*Permission Error/);
          expect(readdirSync(dir)).toEqual([]);
        }
        const file = path.join(dir, 'x.csv');
        const now = () => [file, `${file}-metadata.json`].map((name) => readFileSync(name, 'utf8'));
        await exported(bench, 'stock', file);
        const before = now();
        await expect(exported(bench, 'broken', file)).rejects.toThrow(/the last straw/);
        expect(now()).toEqual(before);
        await exported(bench, 'core.dim_material', file);
        expect(now()).toEqual([
          expect.stringContaining('material_name'),
          expect.stringContaining('core.dim_material'),
        ] as string[]);
        expect(readdirSync(dir).sort()).toEqual(['x.csv', 'x.csv-metadata.json']);
      });

      it('nothing when it is told to stop', async () => {
        const bench = new WarehouseBench(make);
        await bench.runWithMarts(
          '2026-03-01',
          'm1,steel,2\n',
          'create view marts.endless as select count(*) as n from range(1000000000000) as r(i) where hash(i) = 1',
        );
        const dir = scratchDir();
        const reason = new Error('enough');
        const controller = new AbortController();
        setTimeout(() => controller.abort(reason), 300);
        const file = { path: path.join(dir, 'x.csv'), format: 'csv' } as const;
        await expect(bench.warehouse.exportRelation({ kind: 'head' }, 'endless', file, controller.signal)).rejects.toBe(
          reason,
        );
        expect(readdirSync(dir)).toEqual([]);
      });

      it('only to where an ordinary file may be, and never among its own files', async () => {
        const bench = new WarehouseBench(make);
        await bench.runWithMarts('2026-03-01', 'm1,steel,2\n', MARTS);
        const dir = scratchDir();
        const inDir = (name: string) => path.join(dir, name);
        await refused(
          exported(bench, 'stock', inDir('none/x.csv')),
          /^the folder .*none does not exist: make it first\.$/,
        );
        mkdirSync(inDir('folder.csv'));
        await refused(exported(bench, 'stock', inDir('folder.csv')), /is a folder/);
        mkdirSync(inDir('y.csv-metadata.json'));
        await refused(exported(bench, 'stock', inDir('y.csv')), /y\.csv-metadata\.json is a folder/);
        symlinkSync('nowhere', inDir('z.csv'));
        await refused(exported(bench, 'stock', inDir('z.csv')), /is a link to nothing/);
        // 250 characters may be a name, but not with what the description adds to it.
        for (const name of [`${'n'.repeat(260)}.parquet`, `${'n'.repeat(246)}.csv`, `${'n'.repeat(300)}/x.csv`]) {
          await refused(exported(bench, 'stock', inDir(name)), /^the name n+\S* is too long: choose a shorter one\.$/);
        }
        for (const device of ['/dev/null', '/dev/stdout', '/dev/fd/1']) {
          await refused(exported(bench, 'stock', device), /is not an ordinary file/);
        }

        const [partition = ''] = readdirSync(path.join(bench.stateDir, 'raw', 'materials'));
        const own = path.join(bench.stateDir, 'raw', 'materials', partition);
        const bytes = readFileSync(own);
        symlinkSync(own, inDir('own.parquet'));
        for (const file of [own, inDir('own.parquet')]) {
          await refused(exported(bench, 'stock', file), /is in the state folder/);
        }
        expect(readFileSync(own).equals(bytes)).toBe(true);

        writeFileSync(inDir('real.csv'), 'old');
        symlinkSync('real.csv', inDir('link.csv'));
        await exported(bench, 'stock', inDir('link.csv'));
        expect(readFileSync(inDir('real.csv'), 'utf8')).toMatch(/^material_id/);
        expect(readdirSync(dir).sort()).toEqual([
          ...['folder.csv', 'link.csv', 'own.parquet', 'real.csv', 'real.csv-metadata.json'],
          ...['y.csv-metadata.json', 'z.csv'],
        ]);
      });
    });

    it('writes the rows of a quality run once, however often it is repeated', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const publication = await bench.run();
      const run = { loadId: 'q::r', workflowId: 'q', runId: 'r' };
      const record = {
        check: 'row_count',
        table: 'materials',
        severity: 'ERROR',
        status: 'PASS',
        observed: "1'",
        expected: '1',
        detail: '',
      } as const;
      for (let i = 0; i < 2; i++) await bench.warehouse.saveQuality(run, [{ ...record, publication, ordinal: 0 }]);
      expect(await bench.rows('select check_name, observed, status from raw.data_quality_audit')).toEqual([
        { check_name: 'row_count', observed: "1'", status: 'PASS' },
      ]);
    });
  });
}

/** Exports a relation of the head; the file's ending is its format. */
async function exported({ warehouse }: WarehouseBench, relation: string, file: string): Promise<ExportResult> {
  const format = file.endsWith('.parquet') ? 'parquet' : 'csv';
  return warehouse.exportRelation({ kind: 'head' }, relation, { path: file, format });
}

async function refused(exporting: Promise<ExportResult>, sentence: RegExp): Promise<void> {
  const error = await exporting.catch((e: unknown) => e);
  expect(error).toMatchObject({ name: 'InvalidInputError', message: expect.stringMatching(sentence) as string });
}

/** Rows of a query on a Parquet file, in the file's order. */
async function inFile(file: string, sql: (from: string) => string): Promise<Record<string, unknown>[]> {
  return withDuckDb({ path: ':memory:' }, (db) => db.rows(sql(sqlIdentifier(file))));
}
