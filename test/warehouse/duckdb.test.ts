import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { scratchDir } from '../support/scratch';
import { WarehouseBench } from '../support/warehouse-bench';
import { warehouseContract } from './contract';
import { diffContract } from './diff-contract';
import { exported, exportsContract, refused } from './exports-contract';
import { publicationsContract } from './publications-contract';

const make = (stateDir: string) => createDuckDbWarehouse(stateDir, 'test');

warehouseContract('DuckDB', make);
publicationsContract('DuckDB', make);
diffContract('DuckDB', make);
exportsContract('DuckDB', make, (n) => `range(${n}) as r(i)`);

it('compares relations that are hard to name', async () => {
  const bench = new WarehouseBench(make);
  const model = `create table marts."a ""b"" %" as select 1 as "c d", 1 as other`;
  const first = await bench.runWithMarts('2026-03-10', 'm1,steel,1\n', model);
  const second = await bench.runWithMarts('2026-03-11', 'm1,steel,1\n', model);
  const target = (publication: number) => ({ kind: 'publication', publication }) as const;
  const { relations } = await bench.warehouse.diff(target(first), target(second));
  expect(relations).toMatchObject([{ relation: 'marts.a "b" %', change: 'SAME', rowsAfter: 1 }]);
});

/** Where a relation is computed in the process that writes the file, among all that the machine has. */
describe('exports of DuckDB alone', () => {
  it('read no other file of the machine', async () => {
    const bench = new WarehouseBench(make);
    await bench.runWithMarts(
      '2026-03-01',
      'm1,steel,2\n',
      "create view marts.curious as select content from read_text('/etc/hosts')",
    );
    const dir = scratchDir();
    for (const ending of ['csv', 'parquet']) {
      const file = path.join(dir, `x.${ending}`);
      await expect(exported(bench, 'curious', file)).rejects.toThrow(/was not written: .*Permission Error/);
    }
    expect(readdirSync(dir)).toEqual([]);
  });

  it('do not take the place of a partition', async () => {
    const bench = new WarehouseBench(make);
    await bench.runWithMarts('2026-03-01', 'm1,steel,2\n', 'create table marts.one as select 1 as x');
    const folder = path.join(bench.stateDir, 'raw', 'materials');
    const own = path.join(folder, String(readdirSync(folder)[0]));
    const bytes = readFileSync(own);
    await refused(exported(bench, 'one', own), /is in the state folder/);
    expect(readFileSync(own).equals(bytes)).toBe(true);
  });
});
