import type { Config } from '../contracts/config';
import type { Warehouse } from '../warehouse/warehouse';

/** What activities are made with, once per worker. */
export interface ActivityDependencies {
  config: Config;
  warehouse: Warehouse;
  /** Recorded with every run and publication. */
  codeVersion: string;
  /** The dbt executable. */
  dbt: string;
}
