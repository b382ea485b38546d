import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadSnowflakeSettings, type SnowflakeSettings } from '../../contracts/snowflake-settings';
import { SnowflakeAccount } from '../../warehouse/snowflake/connection';
import { databaseNames } from '../../warehouse/snowflake/database-names';
import { createSnowflakeWarehouse } from '../../warehouse/snowflake/snowflake-warehouse';
import { closeAfterTests, scratchDir } from './scratch';
import type { Peer } from './snowflake-peer';
import type { MakeWarehouse, TestedWarehouse } from './warehouse-bench';

let made = 0;
let key: string | undefined;
const PASSPHRASE = 'of the tests';

/** A service user's way to log in: an encrypted private key, which the peer takes as it takes any. */
function keyFile(): string {
  if (key !== undefined) return key;
  key = path.join(scratchDir(), 'key.p8');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const format = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const;
  writeFileSync(key, privateKey.export(format), { mode: 0o600 });
  return key;
}

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
    SNOWFLAKE_PRIVATE_KEY_PATH: keyFile(),
    SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: PASSPHRASE,
    SNOWFLAKE_HOST: '127.0.0.1',
    SNOWFLAKE_PORT: String(port),
    SNOWFLAKE_PROTOCOL: 'http',
    MFG_SNOWFLAKE_PREFIX: prefix,
  };
}

/** Warehouses on a peer, each a platform of its own. */
export function onPeer(peer: () => Peer): MakeWarehouse {
  return (stateDir) => snowflakeUnderTest(peerSettings(peer(), `MFG_T${++made}`), stateDir);
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
