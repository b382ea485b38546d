import { snowflakeForTests } from '../support/snowflake-under-test';
import { WarehouseBench } from '../support/warehouse-bench';
import { warehouseContract } from './contract';
import { publicationsContract } from './publications-contract';

const { name, make } = snowflakeForTests();

/** What all of the design rests on, and only an account can prove: first of all. */
describe(`a data set that is cloned and swapped: ${name}`, () => {
  it('reads itself, also through its views, since their texts name no database', async () => {
    const bench = new WarehouseBench(make);
    const models =
      'create view core.v as select material_id from raw.materials; create view marts.w as select * from core.v';
    await bench.runWithMarts('2026-03-01', 'm1,steel,1\n', models);
    expect(await bench.values('select material_id from marts.w')).toEqual(['m1']);
    await bench.runWithMarts('2026-03-02', 'm2,zinc,1\n', models);
    expect(await bench.values('select material_id from marts.w')).toEqual(['m2']);
    const first = { kind: 'publication', publication: 1 } as const;
    expect((await bench.warehouse.query(first, 'select material_id from marts.w')).rows).toEqual([
      { material_id: 'm1' },
    ]);
    await bench.warehouse.rollback(1, { actor: 'anna', reason: undefined });
    expect(await bench.values('select material_id from marts.w')).toEqual(['m1']);
  });
});

warehouseContract(name, make);
publicationsContract(name, make);
