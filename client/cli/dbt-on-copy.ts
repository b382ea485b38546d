import path from 'node:path';
import type { Config } from '../../contracts/config';
import type { AdHocCopy, Warehouse } from '../../warehouse/warehouse';

/** What dbt's process reads from the environment to work on a copy of what is published, with the project and its profile. */
export function dbtEnvironment(config: Config, { dbtTarget }: Warehouse, copy: AdHocCopy): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...copy.environment,
    DBT_PROJECT_DIR: config.dbtDir,
    DBT_PROFILES_DIR: config.dbtDir,
    DBT_TARGET: dbtTarget,
    DBT_TARGET_PATH: path.join(copy.folder, 'target'),
    DBT_LOG_PATH: path.join(copy.folder, 'logs'),
    DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
    MFG_THREADS: String(config.threads),
  };
}
