import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { warehouseContract } from './contract';
import { diffContract } from './diff-contract';
import { publicationsContract } from './publications-contract';

const make = (stateDir: string) => createDuckDbWarehouse(stateDir, 'test');

warehouseContract('DuckDB', make);
publicationsContract('DuckDB', make);
diffContract('DuckDB', make);
