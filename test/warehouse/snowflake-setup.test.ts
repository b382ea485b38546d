import { readFileSync } from 'node:fs';
import { examine, type Finding } from '../../client/doctor/finding';
import { checkSnowflake } from '../../client/doctor/snowflake';
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

  /** What the doctor says of the account, by check. */
  async function diagnosed(prefix: string): Promise<Record<string, Finding>> {
    process.env.MFG_SNOWFLAKE_PREFIX = prefix;
    const findings: Finding[] = [];
    try {
      await examine([['Snowflake', checkSnowflake()]], (finding) => findings.push(finding));
    } finally {
      process.env.MFG_SNOWFLAKE_PREFIX = 'PLANT';
    }
    return Object.fromEntries(findings.map((finding) => [finding.check, finding]));
  }

  it('is what the doctor asks for, who leaves nothing behind', async () => {
    const databases = await asked('SHOW DATABASES');
    const verdicts = Object.entries(await diagnosed('PLANT')).map(([check, { verdict }]) => `${verdict} ${check}`);
    expect(verdicts).toEqual([
      'ok Snowflake login',
      'ok session',
      'ok clock',
      'ok virtual warehouse PLANT_LOAD',
      'ok virtual warehouse PLANT_TRANSFORM',
      'ok virtual warehouse PLANT_READ',
      'ok right to make databases',
      'ok store',
      'ok stage',
      // The peer knows no owners.
      'warning published database',
    ]);
    expect(await asked('SHOW DATABASES', 'LIST @PLANT_STORE.RAW.LOADS')).toEqual([...databases, []]);
  });

  it('is what the doctor recommends where it is missing', async () => {
    const { store, stage, 'published database': published } = await diagnosed('NOWHERE');
    for (const finding of [store, stage, published]) {
      expect(finding).toMatchObject({ verdict: 'failed', remedy: 'npx mfg warehouse setup --apply' });
    }
    await peer.addFault({
      match: 'CREATE TRANSIENT DATABASE PLANT_DOCTOR',
      action: 'error',
      error: { code: '003001', sqlState: '42501', message: 'Insufficient privileges to operate on account' },
    });
    expect((await diagnosed('PLANT'))['right to make databases']).toMatchObject({
      verdict: 'failed',
      detail: expect.stringMatching(/\(003001: .*\), since the role lacks a right$/) as string,
    });
    await peer.clearFaults();
  });
});
