import type { Config } from '../../contracts/config';
import { codeVersion } from '../../contracts/installation';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import type { Warehouse } from '../../warehouse/warehouse';

/** The warehouse in the configured state folder. */
export function localWarehouse(config: Config): Warehouse {
  return createDuckDbWarehouse(config.stateDir, codeVersion());
}
