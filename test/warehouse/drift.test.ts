import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { refuseShrunken } from '../../ingestion/replaced-rows';
import { refuseTooManyRejected } from '../../ingestion/rejected-ratio';
import { smallSystem, smallTable, SOURCES_YAML } from '../support/tables';
import { MATERIALS, WarehouseBench } from '../support/warehouse-bench';

const NAME = '- { name: material_name, data_type: text }';
const RENAMED =
  '- { name: material_name, data_type: text, config: { meta: { aliases: [Bezeichnung, "Name (neu)"] } } }';

/** A bench whose `materials` has more words in its `config.meta`, and other lines for its columns. */
function bench(meta = '', ...columns: [from: string, to: string][]): WarehouseBench {
  const made = new WarehouseBench((stateDir) => createDuckDbWarehouse(stateDir, 'test'));
  describeAnew(made, meta, ...columns);
  return made;
}

function describeAnew({ system }: WarehouseBench, meta = '', ...columns: [from: string, to: string][]): void {
  const yaml = columns.reduce(
    (text, [from, to]) => text.replace(from, to),
    SOURCES_YAML.replace('key: [material_id] }', `key: [material_id]${meta === '' ? '' : `, ${meta}`} }`),
  );
  system.tables = smallSystem(yaml).tables;
}

/** Loads what is pending; the failure's sentence, or none. */
async function load(on: WarehouseBench): Promise<string | undefined> {
  const manifest = await on.plan();
  return on.load(manifest).then(
    () => undefined,
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

const events = (on: WarehouseBench) =>
  on.rows(
    'select drift, column_name, policy, detail from raw.schema_drift_event order by load_seq, drift, column_name',
  );

describe('drift of columns', () => {
  it('keeps a new column beside the described ones: views show it once it is described, of old partitions too', async () => {
    const on = bench('drift: { new_column: evolve }');
    on.deliver('2026-03-01/materials.csv', 'material_id,material_name,quantity,Farbe (außen)\nm1,steel,1,red\n');
    await on.run();
    expect(
      await on.values("select column_name from (describe raw.materials) where column_name not like '\\_%' escape '\\'"),
    ).toEqual(['material_id', 'material_name', 'quantity']);
    expect(await events(on)).toEqual([
      { drift: 'new_column', column_name: 'farbe (außen)', policy: 'evolve', detail: 'not described' },
    ]);
    const before = await on.rows('from raw.materials');
    const colour = '- { name: colour, data_type: text, config: { meta: { aliases: ["Farbe (außen)"] } } }';
    describeAnew(on, 'drift: { new_column: evolve }', [NAME, `${NAME}\n          ${colour}`]);
    on.deliver('2026-03-02/materials.csv', 'material_id,material_name,colour,quantity\nm2,steel,blue,1\n');
    await on.run();
    expect(await on.rows('select material_id, colour from raw.materials_history order by 1')).toEqual([
      { material_id: 'm1', colour: 'red' },
      { material_id: 'm2', colour: 'blue' },
    ]);
    expect((await on.warehouse.query({ kind: 'publication', publication: 1 }, 'from raw.materials')).rows).toEqual(
      before,
    );
  });

  it('discards a new column’s cells, or the records that fill it, with raw text and reason', async () => {
    const csv = 'material_id,colour,material_name,quantity,\nm1,,steel,1,\nm2,red,"two\nlines",2,\nm3,,,3,x\nshort\n';
    const values = bench('drift: { new_column: discard_value }');
    values.deliver('2026-03-01/materials.csv', csv);
    await values.run();
    expect(await values.values('select material_id from raw.materials order by 1')).toEqual(['m1', 'm2', 'm3']);
    expect((await events(values)).map((row) => row.column_name)).toEqual(['colour', 'unnamed_5']);

    const rows = bench('drift: { new_column: discard_row }');
    rows.deliver('2026-03-01/materials.csv.gz', csv);
    await rows.run();
    expect(await rows.rows('select material_id, _source_row_number::int as n from raw.materials')).toEqual([
      { material_id: 'm1', n: '1' },
    ]);
    const { total, records } = await rows.warehouse.rejectedRecords({ load: { kind: 'current' }, limit: 2 });
    expect(total).toBe(3);
    expect(records.map(({ record, reason, raw, state }) => ({ record, reason, raw, state }))).toEqual([
      { record: 2, reason: "new column: 'colour' is not described", raw: 'm2,red,"two\nlines",2,', state: 'current' },
      { record: 3, reason: "new column: 'unnamed_5' is not described", raw: 'm3,,,3,x', state: 'current' },
    ]);
  });

  it('makes a missing column null, but not one of the key; files of one delivery may differ', async () => {
    const on = bench('drift: { missing_column: evolve, new_column: evolve }');
    on.deliver('2026-03-01/materials-1.csv', 'material_id,quantity,grade\nm1,1,a\n');
    on.deliver('2026-03-01/materials-2.csv', `${MATERIALS}m2,steel,2\n`);
    await on.run();
    expect(await on.rows('select material_id, material_name, quantity from raw.materials order by 1')).toEqual([
      { material_id: 'm1', material_name: null, quantity: '1' },
      { material_id: 'm2', material_name: 'steel', quantity: '2' },
    ]);
    // What was delivered as `grade` turns out to be the missing column.
    const grade = '- { name: material_name, data_type: text, config: { meta: { aliases: [grade] } } }';
    describeAnew(on, 'drift: { missing_column: evolve, new_column: evolve }', [NAME, grade]);
    await on.run();
    expect(await on.values('select material_name from raw.materials order by material_id')).toEqual(['a', 'steel']);
    on.deliver('2026-03-02/materials.csv', 'material_name,quantity\nsteel,1\n');
    expect(await load(on)).toMatch(
      /^HeaderMismatchError: mes.2026-03-02.materials.csv: the header lacks 'material_id'/,
    );
  });

  it('reads a renamed column by its alias, and shows partitions of both names after the contract has followed', async () => {
    const on = bench('', [NAME, RENAMED]);
    on.deliver('2026-03-01/materials.csv', 'material_id,BEZEICHNUNG,quantity\nm1,steel,1\n');
    await on.run();
    expect(await events(on)).toEqual([
      { drift: 'renamed_column', column_name: 'material_name', policy: 'evolve', detail: "delivered as 'bezeichnung'" },
    ]);
    describeAnew(on, '', [
      NAME,
      '- { name: bezeichnung, data_type: text, config: { meta: { aliases: [material_name] } } }',
    ]);
    on.deliver('2026-03-02/materials.csv', 'material_id,bezeichnung,quantity\nm2,zinc,1\n');
    await on.run();
    expect(await on.values('select bezeichnung from raw.materials_history order by 1')).toEqual(['steel', 'zinc']);
    on.deliver('2026-03-03/materials.csv', 'material_id,bezeichnung,material_name,quantity\nm3,a,b,1\n');
    expect(await load(on)).toMatch(/'bezeichnung' and 'material_name' are both names of column 'bezeichnung'/);
  });

  it('refuses what is frozen in one sentence, and the failed load leaves its events', async () => {
    const on = bench('drift: { renamed_column: freeze, reordered_columns: freeze }', [NAME, RENAMED]);
    on.deliver('2026-03-01/materials.csv', 'quantity,material_id,bezeichnung,extra\n1,m1,steel,x\n');
    expect(await load(on)).toBe(
      "HeaderMismatchError: mes/2026-03-01/materials.csv: the header has 'extra', not described and calls 'material_name' by " +
        'another name and has its columns in another order: correct the file, or describe the change in ' +
        'dbt/models/staging/mes/_mes__sources.yml.',
    );
    expect((await events(on)).map(({ drift, policy }) => [drift, policy])).toEqual([
      ['new_column', 'freeze'],
      ['renamed_column', 'freeze'],
      ['reordered_columns', 'freeze'],
    ]);
    expect(
      await on.values("select error like 'HeaderMismatchError: %' from raw.raw_load_audit where status = 'FAILED'"),
    ).toEqual([true]);
    // Told twice, recorded once.
    const [row] = await on.rows('select distinct load_seq from raw.schema_drift_event');
    const drift = [{ sourceFile: 'f', drift: 'new_column', column: 'extra', policy: 'freeze', detail: 'd' } as const];
    for (const _attempt of [1, 2]) {
      await on.warehouse.failPartition(BigInt(String(row?.load_seq)), 'again', { drift: [...drift] });
    }
    expect(await events(on)).toHaveLength(1);
  });
});

describe('drift of a column’s type', () => {
  // Of the filled cells of `quantity` two are null tokens or blank, seven numbers, three none.
  const csv = `${MATERIALS}${[7, 'N/A', '" "', '1.5', '+2', '003', '-0.25', ' 9 ', '1e3', '1,5', 'ten', 12]
    .map((cell, index) => `m${index + 1},"a ""name""",${String(cell).includes(',') ? `"${cell}"` : cell}\n`)
    .join('')}`;

  it('is an event when more cells than the ratio are no value of the type; RAW keeps them', async () => {
    const on = bench('drift: { changed_type_ratio: 0.29 }');
    on.deliver('2026-03-01/materials.csv', csv);
    await on.run();
    expect(await events(on)).toEqual([
      {
        drift: 'changed_type',
        column_name: 'quantity',
        policy: 'evolve',
        detail: "3 of 10 cells are no decimal, for example '1e3'",
      },
    ]);
    expect(await on.values("select quantity from raw.materials where material_id = 'm10'")).toEqual(['1,5']);
    const enough = bench('drift: { changed_type_ratio: 0.3 }');
    enough.deliver('2026-03-01/materials.csv', csv);
    await enough.run();
    expect(await events(enough)).toEqual([]);
    // Two of three are bad cells, all of two are another type.
    enough.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,a,x\nm2,a,y\nm3,a,1\n`);
    await load(enough);
    expect(await events(enough)).toEqual([]);
    enough.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,a,x\nm2,a,y\nm3,a,\n`);
    await load(enough);
    expect(await events(enough)).toMatchObject([{ detail: "2 of 2 cells are no decimal, for example 'x'" }]);
  });

  it('rejects the records it concerns, or fails the load', async () => {
    const rows = bench('drift: { changed_type: discard_row, changed_type_ratio: 0 }');
    rows.deliver('2026-03-01/materials.csv', csv);
    await rows.run();
    const { records } = await rows.warehouse.rejectedRecords({ load: { kind: 'all' }, limit: 10 });
    expect(records.map(({ record, reason, raw }) => [record, reason, raw])).toEqual([
      [9, "changed type: 'quantity' is no decimal", 'm9,"a ""name""",1e3'],
      [10, "changed type: 'quantity' is no decimal", 'm10,"a ""name""","1,5"'],
      [11, "changed type: 'quantity' is no decimal", 'm11,"a ""name""",ten'],
    ]);
    expect(await rows.values('select count(*) from raw.materials')).toEqual(['9']);

    const frozen = bench('drift: { changed_type: freeze }');
    frozen.deliver('2026-03-01/materials.csv', csv.replace('material_id,material_name', 'material_name,material_id'));
    expect(await load(frozen)).toMatch(
      /^SchemaDriftError: mes.2026-03-01.materials.csv: column 'quantity' has changed its type: 3 of 10 cells are no decimal/,
    );
    expect((await events(frozen)).map(({ drift, policy }) => [drift, policy])).toEqual([
      ['changed_type', 'freeze'],
      ['reordered_columns', 'evolve'],
    ]);
  });

  it('is found in a part of a large file by a sample, and counted exactly', async () => {
    const on = bench();
    const lines = Array.from({ length: 250_000 }, (_, n) => `m${n},a,${n < 210_000 ? n : `${n} kg`}\n`);
    on.deliver('2026-03-01/materials.csv', MATERIALS + lines.join(''));
    await on.run();
    expect(await on.values('select detail from raw.schema_drift_event')).toEqual([
      "40000 of 250000 cells are no decimal, for example '210000 kg'",
    ]);
  });
});

describe('the share of rejected records', () => {
  it.each([
    ['a handful of a small table', undefined, 11, 10, 'passes'],
    ['all of a small table', undefined, 1, 1, 'fails'],
    ['more than a handful and a tenth', undefined, 109, 11, 'fails'],
    ['more than a handful, a tenth', undefined, 110, 11, 'passes'],
    ['one, where none is allowed', 0, 1000, 1, 'fails'],
    ['half, where half is allowed', 0.5, 2, 1, 'passes'],
    ['all, where all may be', 1, 3, 3, 'passes'],
    ['none of an empty file', 0, 0, 0, 'passes'],
  ])('%s: %s of %s, %s rejected, %s', (_what, maxRejectedRatio, rowsRead, rowsRejected, outcome) => {
    const table = { ...smallTable('materials'), maxRejectedRatio };
    const delivery = { table: 'materials', logicalDate: '2026-03-01', files: [] };
    const check = () => refuseTooManyRejected(table, delivery, { rowsRead, rowsRejected });
    if (outcome === 'passes') expect(check).not.toThrow();
    else
      expect(check).toThrow(`${rowsRejected} of ${rowsRead} records were rejected, more than table materials allows`);
  });

  it('keeps the rejects of failed, unpublished and superseded loads, and tells them apart', async () => {
    const on = bench();
    on.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,a,1\nfirst\n`);
    await on.run();
    on.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,a,1\nsecond\n`);
    await on.run();
    on.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,a,1\nunpublished\n`);
    await load(on);
    on.deliver('2026-03-03/materials.csv', `${MATERIALS}failed\n`);
    await load(on);
    const states = async (filter: Parameters<typeof on.warehouse.rejectedRecords>[0]) =>
      (await on.warehouse.rejectedRecords(filter)).records.map(({ raw, state }) => `${raw} ${state}`);
    expect(await states({ load: { kind: 'current' }, limit: 10 })).toEqual(['second current']);
    expect(new Set(await states({ load: { kind: 'all' }, limit: 10 }))).toEqual(
      new Set(['first loaded', 'second current', 'unpublished loaded', 'failed failed']),
    );
    expect(await states({ load: { kind: 'all' }, table: 'readings', limit: 10 })).toEqual([]);
    expect(await states({ load: { kind: 'load', loadId: 'run-1::r' }, limit: 10 })).toEqual(['first loaded']);
  });
});

describe('deliveries smaller than what they take the place of', () => {
  const materials = (count: number) => MATERIALS + Array.from({ length: count }, (_, n) => `m${n},a,1\n`).join('');
  const readings = (count: number) =>
    `reading_id,value\n${Array.from({ length: count }, (_, n) => `r${n},1\n`).join('')}`;

  /** What the gate says of the pending deliveries once they are loaded. */
  async function gate(on: WarehouseBench, accepted: string[] = []): Promise<string> {
    const manifest = await on.plan();
    await on.load(manifest);
    try {
      refuseShrunken(await on.warehouse.replacedRows(manifest.loadId), on.system.tables, accepted);
    } catch (error) {
      return (error as Error).message;
    }
    return 'passed';
  }

  it('are compared with the newest delivery before them, in the publication or in their own load, or of the same date', async () => {
    const on = bench();
    on.deliver('2026-03-01/materials.csv', materials(40));
    on.deliver('2026-03-01/readings.csv', readings(40));
    await on.run();
    on.deliver('2026-03-02/materials.csv', materials(20));
    on.deliver('2026-03-02/readings.csv', readings(0));
    expect(await gate(on)).toBe('passed');
    // Of the same load, though the publication still has 40 rows of the day before.
    on.deliver('2026-03-03/materials.csv', materials(9));
    expect(await gate(on)).toMatch(
      /^materials of 2026-03-03 has 9 rows where that of 2026-03-02 has 20 \(min_rows_ratio 0.5\): .*`mfg ingest --accept-smaller materials`/,
    );
    expect(await gate(on, ['materials'])).toBe('passed');
    expect(await gate(on, ['readings'])).toMatch(/^materials of 2026-03-03/);
    // A correction is compared with what it corrects: a smaller snapshot, and an append table's delivery.
    on.deliver('2026-03-01/readings.csv', readings(19));
    expect(await gate(on, ['materials'])).toMatch(
      /^readings of 2026-03-01 has 19 rows where that of 2026-03-01 has 40/,
    );
  });

  it('may be half of a small table, but not empty; a ratio that is given is taken exactly', async () => {
    const small = bench();
    small.deliver('2026-03-01/materials.csv', materials(19));
    await small.run();
    small.deliver('2026-03-02/materials.csv', materials(1));
    expect(await gate(small)).toBe('passed');
    small.deliver('2026-03-02/materials.csv', materials(0));
    expect(await gate(small)).toMatch(/^materials of 2026-03-02 has 0 rows where that of 2026-03-01 has 19/);
    describeAnew(small, 'min_rows_ratio: 0');
    expect(await gate(small)).toBe('passed');
    describeAnew(small, 'min_rows_ratio: 1');
    small.deliver('2026-03-02/materials.csv', materials(18));
    expect(await gate(small)).toMatch(/min_rows_ratio 1/);
  });
});
