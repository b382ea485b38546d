import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigurationError } from '../../contracts/errors';
import {
  loadAdminSettings,
  loadSnowflakeNames,
  loadSnowflakeSettings,
  snowflakeSchema,
} from '../../contracts/snowflake-settings';
import { assertUnattended, loginOptions } from '../../warehouse/snowflake/login';
import { scratchDir } from '../support/scratch';
import { writeKeyPair } from '../support/snowflake-settings';

/** Names each variable, so that neither a developer's `.env` nor their environment decides what is tested. */
const none = Object.fromEntries(Object.keys(snowflakeSchema.shape).map((name) => [name, '']));
const account = { ...none, SNOWFLAKE_ACCOUNT: 'ACME-FACTORY', SNOWFLAKE_USER: 'MFG_SERVICE' };

function connections(content: string, mode = 0o600): NodeJS.ProcessEnv {
  const home = scratchDir();
  const file = path.join(home, 'connections.toml');
  writeFileSync(file, content);
  chmodSync(file, mode);
  return { ...none, SNOWFLAKE_HOME: home, SNOWFLAKE_CONNECTION_NAME: 'plant' };
}

describe('Snowflake settings', () => {
  it('take a key pair first, and names from the prefix', () => {
    const settings = loadSnowflakeSettings({
      ...account,
      SNOWFLAKE_PRIVATE_KEY_PATH: '/keys/a.p8',
      SNOWFLAKE_PASSWORD: 'also set',
      MFG_SNOWFLAKE_PREFIX: 'plant1',
      MFG_SNOWFLAKE_READ_WAREHOUSE: 'Shared_Read',
    });
    expect(settings).toMatchObject({
      authenticator: 'SNOWFLAKE_JWT',
      role: 'PLANT1_PLATFORM',
      statementTimeoutS: 3600,
    });
    expect(settings.names).toMatchObject({
      database: 'PLANT1',
      store: 'PLANT1_STORE',
      warehouses: { load: 'PLANT1_LOAD', transform: 'PLANT1_TRANSFORM', read: 'SHARED_READ' },
    });
  });

  it('are an administrator’s alone when a section is named for it, with their own default role', () => {
    const env = connections(
      '[plant]\naccount = "A"\nuser = "B"\n[admin]\naccount = "C"\nuser = "D"\nauthenticator = "externalbrowser"\n',
    );
    const service = { ...env, SNOWFLAKE_USER: 'MFG_SERVICE', SNOWFLAKE_PASSWORD: 'p', MFG_SNOWFLAKE_PREFIX: 'X' };
    const admin = loadAdminSettings('admin', service);
    expect(admin).toMatchObject({ account: 'C', user: 'D', password: undefined, authenticator: 'EXTERNALBROWSER' });
    expect(admin.names.prefix).toBe('X');
    expect(loginOptions(admin)).not.toHaveProperty('role');
    expect(loadAdminSettings(undefined, service)).toMatchObject({ account: 'A', user: 'MFG_SERVICE', role: '' });
  });

  it('need no account for the names alone', () => {
    expect(loadSnowflakeNames(none).database).toBe('MFG');
  });

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['no account', { SNOWFLAKE_ACCOUNT: '' }, /^SNOWFLAKE_ACCOUNT is not set/],
    ['an address for an account', { SNOWFLAKE_ACCOUNT: 'https://x' }, /must be an account identifier/],
    ['no login', {}, /^No login for Snowflake is set/],
    ['a token of unknown kind', { SNOWFLAKE_TOKEN: 'secret-1' }, /without SNOWFLAKE_AUTHENTICATOR/],
    ['a key pair without user', { SNOWFLAKE_USER: '', SNOWFLAKE_PRIVATE_KEY_PATH: '/k' }, /^SNOWFLAKE_USER is not set/],
    ['OAuth without token', { SNOWFLAKE_AUTHENTICATOR: 'oauth' }, /^SNOWFLAKE_TOKEN is not set/],
    [
      'http to a host',
      { SNOWFLAKE_PASSWORD: 'secret-1', SNOWFLAKE_HOST: 'a.b', SNOWFLAKE_PROTOCOL: 'http' },
      /https only/,
    ],
    ['http to an account', { SNOWFLAKE_PASSWORD: 'secret-1', SNOWFLAKE_PROTOCOL: 'http' }, /https only/],
    [
      'a host that looks local',
      { SNOWFLAKE_PASSWORD: 'p', SNOWFLAKE_HOST: '127.0.0.1.x.de', SNOWFLAKE_PROTOCOL: 'http' },
      /https only/,
    ],
    ['a host with a path', { SNOWFLAKE_HOST: 'a.b/c' }, /host name without protocol/],
    ['a hostile prefix', { MFG_SNOWFLAKE_PREFIX: 'A"; DROP' }, /must be letters, digits/],
    ['a long prefix', { MFG_SNOWFLAKE_PREFIX: 'A'.repeat(33) }, /32 characters/],
    ['a prefix whose databases could be taken for copies', { MFG_SNOWFLAKE_PREFIX: 'MFG_ADHOC_2' }, /_ADHOC/],
    ['a short timeout', { MFG_SNOWFLAKE_STATEMENT_TIMEOUT_S: '5' }, /STATEMENT_TIMEOUT_S is '5'/],
  ])('refuse %s in one sentence', (_, variables, message) => {
    const load = () => loadSnowflakeSettings({ ...account, ...variables });
    expect(load).toThrow(ConfigurationError);
    expect(load).toThrow(message);
    expect(load).not.toThrow(/secret-1/);
  });

  it('fill what is left out from a section of connections.toml, and pass the rest to the driver', () => {
    const env = connections(
      '[other]\naccount = "X"\n[plant]\naccount = "ACME-PLANT"\nuser = "A"\nauthenticator = "oauth_client_credentials"\n' +
        'oauth_client_id = "id"\noauth_client_secret = "s"\nwarehouse = "W"\ndatabase = "D"\nport = 444\nhost = "h.x"\n',
    );
    const settings = loadSnowflakeSettings({ ...env, SNOWFLAKE_USER: 'B' });
    expect(settings).toMatchObject({ account: 'ACME-PLANT', user: 'B', authenticator: 'OAUTH_CLIENT_CREDENTIALS' });
    expect(loginOptions(settings)).toEqual({
      account: 'ACME-PLANT',
      username: 'B',
      role: 'MFG_PLATFORM',
      authenticator: 'OAUTH_CLIENT_CREDENTIALS',
      oauthClientId: 'id',
      oauthClientSecret: 's',
      host: 'h.x',
      accessUrl: 'https://h.x:444',
    });
  });

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['is missing', { ...none, SNOWFLAKE_HOME: '/nowhere', SNOWFLAKE_CONNECTION_NAME: 'plant' }, /cannot be read/],
    ['others may read', connections('[plant]\naccount = "A"\n', 0o644), /chmod 600/],
    ['lacks the section', connections('[x]\naccount = "A"\n'), /has no section/],
    ['is no TOML', connections('[plant\npassword = secret-1'), /not valid TOML/],
    ['has a wrong port', connections('[plant]\naccount = "A"\nport = 0\n'), /port in that section/],
  ])('refuse a connections.toml that %s, without its content', (_, env, message) => {
    expect(() => loadSnowflakeSettings(env)).toThrow(message);
    expect(() => loadSnowflakeSettings(env)).not.toThrow(/secret-1/);
  });
});

describe('Snowflake login', () => {
  const withKey = (file: string, passphrase = '') =>
    loadSnowflakeSettings({
      ...account,
      SNOWFLAKE_PRIVATE_KEY_PATH: file,
      SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: passphrase,
    });

  it('opens an encrypted key with its passphrase, and reads the file again each time', () => {
    const { privateKey } = writeKeyPair({ passphrase: 'open sesame' });
    const settings = withKey(privateKey, 'open sesame');
    const first = loginOptions(settings).privateKey as string;
    expect(first).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    writeFileSync(privateKey, first);
    expect(loginOptions({ ...settings, privateKeyPassphrase: undefined }).privateKey).toBe(first);
    expect(() => loginOptions(withKey(writeKeyPair({ passphrase: 'a' }).privateKey, 'secret-1'))).toThrow(
      /since its passphrase is another one: correct SNOWFLAKE_PRIVATE_KEY_PASSPHRASE/,
    );
  });

  it.each([
    ['that is missing', () => '/nowhere/key.p8', /cannot be read \(ENOENT\)/],
    ['that is public', () => writeKeyPair().publicKey, /no private key in PEM form/],
    ['that is too short', () => writeKeyPair({ bits: 1024 }).privateKey, /at least 2048 bits/],
    ['that is encrypted', () => writeKeyPair({ passphrase: 'x' }).privateKey, /set SNOWFLAKE_PRIVATE_KEY_PASSPHRASE/],
  ])('refuses a key %s', (_, file, message) => {
    expect(() => loginOptions(withKey(file()))).toThrow(message);
  });

  it('opens no browser on a worker', () => {
    const settings = loadSnowflakeSettings({ ...account, SNOWFLAKE_AUTHENTICATOR: 'externalbrowser' });
    expect(() => assertUnattended(settings)).toThrow(/EXTERNALBROWSER, which needs a person at the screen/);
    expect(() => assertUnattended(withKey('/k'))).not.toThrow();
  });
});
