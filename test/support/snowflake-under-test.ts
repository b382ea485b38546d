import { loadSnowflakeSettings, type SnowflakeSettings } from '../../contracts/snowflake-settings';
import { SnowflakeAccount } from '../../warehouse/snowflake/connection';
import { databaseNames } from '../../warehouse/snowflake/database-names';
import { createSnowflakeWarehouse } from '../../warehouse/snowflake/snowflake-warehouse';
import { closeAfterTests } from './scratch';
import type { Peer } from './snowflake-peer';
import type { MakeWarehouse, TestedWarehouse } from './warehouse-bench';

let made = 0;

/** How to reach a peer: the login is not checked. @param prefix of the platform's databases on it. */
export function peerSettings(peer: Pick<Peer, 'port'>, prefix: string): SnowflakeSettings {
  return loadSnowflakeSettings(peerEnvironment(peer, prefix));
}

/** The same, as a worker's environment. */
export function peerEnvironment({ port }: Pick<Peer, 'port'>, prefix: string): Record<string, string> {
  return {
    MFG_WAREHOUSE: 'snowflake',
    SNOWFLAKE_ACCOUNT: 'peer',
    SNOWFLAKE_USER: 'tester',
    SNOWFLAKE_PASSWORD: 'not checked',
    SNOWFLAKE_HOST: '127.0.0.1',
    SNOWFLAKE_PORT: String(port),
    SNOWFLAKE_PROTOCOL: 'http',
    MFG_SNOWFLAKE_PREFIX: prefix,
  };
}

/** Warehouses on a peer, each a platform of its own. They go after each test: a peer gets slower by every database. */
export function onPeer(peer: () => Peer): MakeWarehouse {
  const platforms: SnowflakeSettings[] = [];
  afterEach(async () => {
    for (const settings of platforms.splice(0)) await dropPlatform(settings);
  });
  return (stateDir) => {
    const settings = peerSettings(peer(), `MFG_T${++made}`);
    platforms.push(settings);
    return snowflakeUnderTest(settings, stateDir);
  };
}

async function dropPlatform(settings: SnowflakeSettings): Promise<void> {
  const account = new SnowflakeAccount(settings);
  await account.withConnection({ node: 'drop' }, 'none', async (connection) => {
    const { store, shown, pattern } = databaseNames(settings.names);
    const others = await connection.rows(`show databases like '${pattern}'`);
    const names = [...others.map((row) => `"${String(row.name)}"`), store, shown];
    for (const name of new Set(names)) await connection.run(`drop database if exists ${name}`);
  });
  await account.close();
}

/** A Snowflake warehouse with SQL in place of dbt. */
export function snowflakeUnderTest(
  settings: SnowflakeSettings,
  stateDir: string,
  claimPatienceS?: number,
): TestedWarehouse {
  const options = { stateDir, codeVersion: 'test', ...(claimPatienceS !== undefined && { claimPatienceS }) };
  const warehouse = createSnowflakeWarehouse(settings, options);
  const account = new SnowflakeAccount(settings);
  const names = databaseNames(settings.names);
  closeAfterTests(async () => {
    await warehouse.close();
    await account.close();
  });
  return {
    ...warehouse,
    build: ({ publication }, sql) =>
      account.withConnection({ node: 'build' }, 'transform', async (connection) => {
        await connection.run(`use database ${names.dataSet(publication)}`);
        for (const statement of sql) await connection.run(statement);
      }),
  };
}
