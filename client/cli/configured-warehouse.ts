import type { Config } from '../../contracts/config';
import { codeVersion } from '../../contracts/installation';
import { openWarehouse } from '../../warehouse/open-warehouse';
import type { Warehouse } from '../../warehouse/warehouse';

/** The configured warehouse, for a command: the process ends with it. */
export function configuredWarehouse(config: Config): Promise<Warehouse> {
  return openWarehouse(config, codeVersion(), { isAttended: process.stdin.isTTY });
}
