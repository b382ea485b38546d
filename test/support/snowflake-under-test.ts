import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadSnowflakeNames, loadSnowflakeSettings, type SnowflakeSettings } from '../../contracts/snowflake-settings';
import { SnowflakeAccount } from '../../warehouse/snowflake/connection';
import { databaseNames } from '../../warehouse/snowflake/database-names';
import { createSnowflakeWarehouse } from '../../warehouse/snowflake/snowflake-warehouse';
import { closeAfterTests, scratchDir } from './scratch';
import { startPeer, type Peer } from './snowflake-peer';
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

/** What a suite runs against: the peer, or the account that the environment names (`npm run test:snowflake`). */
export interface SnowflakeUnderTest {
  name: string;
  make: MakeWarehouse;
}

/**
 * Starts a peer, unless the tests run on an account. Each warehouse is a platform of its own, with a prefix that nobody uses; it is
 * dropped after its test: a peer gets slower by every database, and an account should stay clean.
 */
export function snowflakeForTests(): SnowflakeUnderTest {
  const isAccount = process.env.MFG_TEST_SNOWFLAKE === 'account';
  let peer: Peer | undefined;
  if (!isAccount) {
    beforeAll(async () => {
      peer = await startPeer();
    });
  }
  const platforms: SnowflakeSettings[] = [];
  afterEach(async () => {
    for (const settings of platforms.splice(0)) await dropPlatform(settings);
  });
  return {
    name: isAccount ? 'Snowflake account' : 'Snowflake peer',
    make: (stateDir) => {
      const settings = peer === undefined ? accountSettings() : peerSettings(peer, `MFG_T${++made}`);
      platforms.push(settings);
      return snowflakeUnderTest(settings, stateDir);
    },
  };
}

/** The account's settings with a prefix that nobody uses. Readers' grants go to the role that runs the tests: there is no set-up. */
function accountSettings(): SnowflakeSettings {
  const given = loadSnowflakeSettings();
  const prefix = `MFG_TEST_${randomBytes(4).toString('hex').toUpperCase()}`;
  const { warehouses } = given.names;
  const names = { ...loadSnowflakeNames({ MFG_SNOWFLAKE_PREFIX: prefix }), warehouses };
  return { ...given, names: { ...names, accessRoles: { ...names.accessRoles, dataRead: given.role } } };
}

/** Drops all databases of a platform. */
export async function dropPlatform(settings: SnowflakeSettings): Promise<void> {
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
  const landingDir = path.join(stateDir, 'landing');
  const options = {
    stateDir,
    landingDir,
    codeVersion: 'test',
    ...(claimPatienceS !== undefined && { claimPatienceS }),
  };
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
