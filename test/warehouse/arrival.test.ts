import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { arrivalContract } from './arrival-contract';

arrivalContract('DuckDB', (stateDir) => createDuckDbWarehouse(stateDir, 'test'));
