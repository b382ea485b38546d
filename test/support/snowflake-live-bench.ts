import { loadSnowflakeSettings } from '../../contracts/snowflake-settings';
import { createSnowflakeWarehouse } from '../../warehouse/snowflake/snowflake-warehouse';
import type { Warehouse } from '../../warehouse/warehouse';
import { LiveBench } from './live-bench';
import { closeAfterTests } from './scratch';
import type { Peer } from './snowflake-peer';
import { peerEnvironment } from './snowflake-under-test';

/** A live bench whose warehouse is on a Snowflake peer. Workers may have state folders of their own. */
export class SnowflakeLiveBench extends LiveBench {
  constructor(peer: Peer, dates?: string[], dbtDir?: string) {
    super(dates, dbtDir, peerEnvironment(peer, 'MFG'));
  }

  protected override makeWarehouse(): Warehouse {
    const settings = loadSnowflakeSettings(this.variables);
    const warehouse = createSnowflakeWarehouse(settings, {
      ...{ stateDir: this.stateDir, landingDir: this.config.landingDir, codeVersion: 'test' },
    });
    closeAfterTests(() => warehouse.close());
    return warehouse;
  }
}
