import type { Config } from '../contracts/config';
import { loadSnowflakeSettings } from '../contracts/snowflake-settings';
import { createDuckDbWarehouse } from './duckdb/duckdb-warehouse';
import type { Warehouse } from './warehouse';

/**
 * The configured warehouse. Close it when nothing is left to do.
 *
 * @param codeVersion recorded with each publication.
 * @param isAttended a person sits at the screen: a login may open a browser.
 * @throws ConfigurationError when the settings of Snowflake are not complete.
 */
export async function openWarehouse(
  config: Config,
  codeVersion: string,
  { isAttended = false }: { isAttended?: boolean } = {},
): Promise<Warehouse> {
  if (config.warehouse === 'duckdb') return createDuckDbWarehouse(config.stateDir, codeVersion, config.landingDir);
  // The driver takes half a second to load: those who do not use it do not wait for it.
  const { createSnowflakeWarehouse } = await import('./snowflake/snowflake-warehouse.js');
  return createSnowflakeWarehouse(loadSnowflakeSettings(), {
    stateDir: config.stateDir,
    landingDir: config.landingDir,
    codeVersion,
    isAttended,
  });
}
