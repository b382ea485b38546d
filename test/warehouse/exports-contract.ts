import { mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withDuckDb } from '../../duckdb/connection';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import type { ExportResult } from '../../warehouse/warehouse';
import { scratchDir } from '../support/scratch';
import { WarehouseBench, type MakeWarehouse } from '../support/warehouse-bench';

/** What a warehouse's exports must do, whatever the relation. @param numbers a FROM clause of `i` from 0 to below n. */
export function exportsContract(name: string, make: MakeWarehouse, numbers: (n: number) => string): void {
  describe(`exports: ${name}`, () => {
    const MARTS = `
    create table marts.stock as
      select material_id, quantity::decimal(9, 3) as quantity from raw.materials order by quantity desc;
    create view core.dim_material as select * from raw.materials;
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
      expect(await inFile(file, () => `select distinct compression from parquet_metadata(${sqlString(file)})`)).toEqual(
        [{ compression: 'ZSTD' }],
      );
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
        `create table marts.sums as select sum(n) as n from (select ${big}::bigint as n) as one`,
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
        `create table marts.many as select i * 7919 % 1000 as a, i % 7 as b, i as c from ${numbers(150_000)};
       create table marts.zoned as select '2026-07-01 12:00:00+02:00'::timestamptz as at`,
      );
      const dir = scratchDir();
      for (const ending of ['csv', 'parquet']) {
        const files = [1, 2].map((n) => path.join(dir, `${n}.${ending}`));
        for (const file of files) expect(await exported(bench, 'many', file)).toMatchObject({ rows: 150_000 });
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
      const marts = 'create table marts.b as select 1 as x; create view marts.a as select * from marts.b';
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
         select (case when i = 125000 then 'the last straw' else '1' end)::int as x from ${numbers(130_000)}`,
      );
      const dir = scratchDir();
      for (const ending of ['csv', 'parquet']) {
        const file = path.join(dir, `x.${ending}`);
        await expect(exported(bench, 'broken', file)).rejects.toThrow(/x\.\w+ was not written: .*the last straw.*\.$/);
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
        `create view marts.endless as select count(*) as n
         from ${numbers(100_000)} cross join (select i as j from ${numbers(100_000)}) as b where i + j = -1`,
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

      const own = path.join(bench.stateDir, 'own.parquet');
      writeFileSync(own, "the platform's");
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
}

/** Exports a relation of the head; the file's ending is its format. */
export async function exported({ warehouse }: WarehouseBench, relation: string, file: string): Promise<ExportResult> {
  const format = file.endsWith('.parquet') ? 'parquet' : 'csv';
  return warehouse.exportRelation({ kind: 'head' }, relation, { path: file, format });
}

/** Expects one sentence of InvalidInputError. */
export async function refused(exporting: Promise<ExportResult>, sentence: RegExp): Promise<void> {
  const error = await exporting.catch((e: unknown) => e);
  expect(error).toMatchObject({ name: 'InvalidInputError', message: expect.stringMatching(sentence) as string });
}

/** Rows of a query on a Parquet file, in the file's order. */
async function inFile(file: string, sql: (from: string) => string): Promise<Record<string, unknown>[]> {
  return withDuckDb({ path: ':memory:' }, (db) => db.rows(sql(sqlIdentifier(file))));
}
