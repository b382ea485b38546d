import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { warehouseContract } from './contract';
import { diffContract } from './diff-contract';
import { publicationsContract } from './publications-contract';
import { WarehouseBench } from '../support/warehouse-bench';

const make = (stateDir: string) => createDuckDbWarehouse(stateDir, 'test');

warehouseContract('DuckDB', make);
publicationsContract('DuckDB', make);
diffContract('DuckDB', make);

it('compares relations that are hard to name', async () => {
  const bench = new WarehouseBench(make);
  const model = `create table marts."a ""b"" %" as select 1 as "c d", 1 as other`;
  const first = await bench.runWithMarts('2026-03-10', 'm1,steel,1\n', model);
  const second = await bench.runWithMarts('2026-03-11', 'm1,steel,1\n', model);
  const target = (publication: number) => ({ kind: 'publication', publication }) as const;
  const { relations } = await bench.warehouse.diff(target(first), target(second));
  expect(relations).toMatchObject([{ relation: 'marts.a "b" %', change: 'SAME', rowsAfter: 1 }]);
});
