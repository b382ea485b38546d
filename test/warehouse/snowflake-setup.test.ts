import { readFileSync } from 'node:fs';
import { loadSnowflakeNames } from '../../contracts/snowflake-settings';
import { SnowflakeAccount } from '../../warehouse/snowflake/connection';
import { mfg } from '../support/command-line';
import { startPeer, type Peer } from '../support/snowflake-peer';
import { peerEnvironment, peerSettings, writeKeyPair } from '../support/snowflake-settings';

describe('mfg warehouse setup --apply', () => {
  const savedEnvironment = { ...process.env };
  const { publicKey } = writeKeyPair();
  let peer: Peer;

  beforeAll(async () => {
    peer = await startPeer();
    process.env = { ...savedEnvironment, ...peerEnvironment(peer), MFG_SNOWFLAKE_PREFIX: 'PLANT' };
  });

  afterAll(() => {
    process.env = savedEnvironment;
  });

  async function asked(...statements: string[]): Promise<Record<string, unknown>[][]> {
    const account = new SnowflakeAccount(peerSettings(peer));
    try {
      return await account.withConnection({ test: 'setup' }, 'none', async (connection) => {
        const answers = [];
        for (const statement of statements) answers.push(await connection.rows(statement));
        return answers;
      });
    } finally {
      await account.close();
    }
  }

  /** All that the set-up makes, as the account shows it. */
  async function shown(): Promise<unknown> {
    const { platformRole, analystRole, operatorRole, accessRoles } = loadSnowflakeNames();
    const roles = [platformRole, analystRole, operatorRole, ...Object.values(accessRoles)];
    const answers = await asked(
      'SHOW DATABASES',
      'SHOW SCHEMAS IN DATABASE PLANT_STORE',
      'SHOW WAREHOUSES',
      'SHOW ROLES',
      'SHOW USERS',
      'SHOW RESOURCE MONITORS',
      'SHOW STAGES',
      ...roles.map((role) => `SHOW GRANTS TO ROLE ${role}`),
    );
    // The peer notes an ALTER behind what was there, once more when it says the same again.
    return JSON.parse(JSON.stringify(answers).replace(/( SET \w+ = '?[\w+/=]+'?)\1+/g, '$1'));
  }

  it('makes everything, and nothing more when it is repeated', async () => {
    const first = await mfg('warehouse', 'setup', '--apply', '--public-key', publicKey);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(
      /✓ CREATE WAREHOUSE IF NOT EXISTS PLANT_LOAD .*: Warehouse PLANT_LOAD successfully created/,
    );
    const made = await shown();
    expect(await mfg('warehouse', 'setup', '--apply', '--public-key', publicKey)).toMatchObject({ code: 0, err: '' });
    expect(await shown()).toEqual(made);

    const [databases = [], warehouses = [], users = [], grants = []] = await asked(
      "SHOW DATABASES LIKE 'PLANT%'",
      'SHOW WAREHOUSES',
      'SHOW USERS',
      'SHOW GRANTS TO ROLE PLANT_ANALYST',
    );
    expect(databases.map(({ name }) => name)).toEqual(['PLANT', 'PLANT_STORE']);
    expect(warehouses.map(({ name }) => name)).toEqual(['PLANT_LOAD', 'PLANT_READ', 'PLANT_TRANSFORM']);
    const key = readFileSync(publicKey, 'utf8').split('\n').slice(1, -2).join('');
    expect(users.find(({ name }) => name === 'PLANT_SERVICE')?.definition).toContain(key);
    expect(grants.map(({ name }) => name)).toEqual(['PLANT_DATA_READ', 'PLANT_READ_USE']);
  });

  it('says at which statement it stopped, and why', async () => {
    await peer.addFault({
      match: 'CREATE RESOURCE MONITOR',
      action: 'error',
      error: { code: '003001', sqlState: '42501', message: 'Insufficient privileges' },
    });
    const { code, err } = await mfg('warehouse', 'setup', '--apply');
    await peer.clearFaults();
    expect(code).toBe(1);
    expect(err).toMatch(/^Stopped at, as ACCOUNTADMIN: CREATE RESOURCE MONITOR/);
    expect(err).toMatch(/\(003001: Insufficient privileges\), since the role lacks a right: run/);
  });
});
