import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { warehouseContract } from './contract';

warehouseContract('DuckDB', (stateDir) => createDuckDbWarehouse(stateDir, 'test'));
