import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadSnowflakeSettings, type SnowflakeSettings } from '../../contracts/snowflake-settings';
import { SnowflakeAccount, type SnowflakeConnection } from '../../warehouse/snowflake/connection';
import { snowflakeString } from '../../warehouse/snowflake/sql-text';
import { sentences, type Check, type Tell } from './finding';

const TAG = { command: 'mfg doctor' };
const SET_UP = 'npx mfg warehouse setup --apply';
/** A key pair's login is refused when the clocks differ by more than a minute. */
const MOST_SKEW_S = 60;
const NOTABLE_SKEW_S = 5;

/** The Snowflake account as the platform's own user: login, clock, virtual warehouses, rights, store and stage. */
export function checkSnowflake(): Check {
  return async (tell) => {
    const settings = loadSnowflakeSettings();
    const account = new SnowflakeAccount(settings, { maxConnections: 1, isAttended: process.stdin.isTTY });
    try {
      const isIn = await account
        .withConnection(TAG, 'none', (connection) => checkSession(connection, settings, tell))
        .then(
          () => true,
          (error: unknown) => void tell.failed('Snowflake login', ...sentences(error)),
        );
      if (isIn !== true) return;
      for (const use of ['load', 'transform', 'read'] as const) {
        const name = settings.names.warehouses[use];
        await step(tell, `virtual warehouse ${name}`, SET_UP, () =>
          account.withConnection(TAG, use, async (connection) => {
            await connection.run('SELECT 1');
            return `runs, for: ${use}`;
          }),
        );
      }
      // Each in a session of its own: a failed one is dropped.
      const one = (work: (connection: SnowflakeConnection) => Promise<string>) => () =>
        account.withConnection(TAG, 'load', work);
      await step(
        tell,
        'right to make databases',
        SET_UP,
        one((c) => makeDatabase(c, settings)),
      );
      await step(
        tell,
        'store',
        SET_UP,
        one((c) => lookAtStore(c, settings)),
      );
      await step(
        tell,
        'stage',
        SET_UP,
        one((c) => writeToStage(c, settings)),
      );
      await checkOwner(account, settings, tell);
    } finally {
      await account.close();
    }
  };
}

async function step(tell: Tell, name: string, remedy: string, work: () => Promise<string>): Promise<void> {
  await work().then(
    (detail) => tell.ok(name, detail),
    (error: unknown) => tell.failed(name, sentences(error)[0], remedy),
  );
}

async function checkSession(connection: SnowflakeConnection, settings: SnowflakeSettings, tell: Tell): Promise<void> {
  const asked = Date.now();
  const [row = {}] = await connection.rows(
    'SELECT CURRENT_USER() AS WHO, CURRENT_ROLE() AS ROLE, CURRENT_VERSION() AS VERSION, CURRENT_TIMESTAMP() AS NOW',
  );
  const answered = Date.now();
  tell.ok(
    'Snowflake login',
    `${settings.account} as ${String(row.who)}, role ${String(row.role)}, version ${String(row.version)}`,
  );
  const [zone] = await connection.rows("SHOW PARAMETERS LIKE 'TIMEZONE' IN SESSION");
  if (zone?.value === 'UTC') tell.ok('session', 'its time zone is UTC');
  else tell.failed('session', `its time zone is ${String(zone?.value)}, not UTC`, 'allow this user to set TIMEZONE');
  const theirs = Date.parse(`${String(row.now).replace(' ', 'T').replace(/\+00$/, '')}Z`);
  const skewS = Math.round(Math.max(asked - theirs, theirs - answered, 0) / 1000);
  const remedy = "set this machine's clock (NTP)";
  if (skewS > MOST_SKEW_S) tell.failed('clock', `${skewS} s off Snowflake's`, remedy);
  else if (skewS > NOTABLE_SKEW_S) tell.warning('clock', `${skewS} s off Snowflake's`, remedy);
  else tell.ok('clock', "agrees with Snowflake's");
}

/** Only doing it shows whether a role and all that it inherits may do it. The name is no data set's. */
async function makeDatabase(connection: SnowflakeConnection, { names }: SnowflakeSettings): Promise<string> {
  const name = `${names.prefix}_DOCTOR_${randomBytes(4).toString('hex').toUpperCase()}`;
  await connection.run(`CREATE TRANSIENT DATABASE ${name}`);
  await connection.run(`DROP DATABASE ${name}`);
  return 'made one and dropped it';
}

async function lookAtStore(connection: SnowflakeConnection, { names }: SnowflakeSettings): Promise<string> {
  const schemas = await connection.rows(`SHOW SCHEMAS IN DATABASE ${names.store}`);
  const missing = ['PLATFORM', 'RAW'].filter((schema) => !schemas.some(({ name }) => name === schema));
  if (missing.length > 0) throw new Error(`${names.store} has no schema ${missing.join(' and no schema ')}`);
  return `${names.store} can be used`;
}

async function writeToStage(connection: SnowflakeConnection, { names }: SnowflakeSettings): Promise<string> {
  const stage = `${names.store}.RAW.LOADS`;
  const folder = await mkdtemp(path.join(tmpdir(), 'mfg-doctor-'));
  try {
    const file = path.join(folder, 'doctor.txt');
    await writeFile(file, 'written by mfg doctor\n');
    const place = `@${stage}/doctor/${randomBytes(4).toString('hex')}`;
    const [row] = await connection.rows(`PUT ${snowflakeString(`file://${file}`)} ${place}/ AUTO_COMPRESS = FALSE`);
    if (row?.status !== 'UPLOADED') throw new Error(`a file did not reach ${stage} (${String(row?.status)})`);
    await connection.run(`REMOVE ${place}/`);
    return `${stage} can be written`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A publication exchanges what readers open by a SWAP, which only an owner may. */
async function checkOwner(account: SnowflakeAccount, { names }: SnowflakeSettings, tell: Tell): Promise<void> {
  const rows = await account.withConnection(TAG, 'none', (connection) =>
    connection.rows(`SHOW DATABASES LIKE ${snowflakeString(names.database.replaceAll('_', '\\_'))}`),
  );
  const database = rows.find(({ name }) => name === names.database);
  if (database === undefined) {
    tell.failed('published database', `${names.database} is not there, or this role may not see it`, SET_UP);
  } else if (database.owner !== names.platformRole) {
    tell.warning(
      'published database',
      `${names.database} belongs to ${String(database.owner)}: only its owner may exchange it at a publication`,
      `GRANT OWNERSHIP ON DATABASE ${names.database} TO ROLE ${names.platformRole}`,
    );
  } else tell.ok('published database', `${names.database} belongs to ${names.platformRole}`);
}
