import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'snowflake-sdk';
import { ConfigurationError } from '../../contracts/errors';
import type { SnowflakeSettings } from '../../contracts/snowflake-settings';

const FEWEST_KEY_BITS = 2048;
const NEW_KEY = 'make one as `npx mfg warehouse setup --help` shows';

/** Logins that open a browser: somebody must sit there. */
const ATTENDED = ['EXTERNALBROWSER', 'OAUTH_AUTHORIZATION_CODE', 'USERNAME_PASSWORD_MFA'];

/**
 * What the driver needs to log in. The private key's file is read here, at each new connection, so that a key is exchanged
 * without a restart.
 *
 * @throws ConfigurationError when the key's file cannot be used; its content is never repeated.
 */
export function loginOptions(settings: SnowflakeSettings): ConnectionOptions {
  const { account, user, role, authenticator, password, token, host, port, protocol } = settings;
  return {
    ...driverNames(settings.others),
    account,
    ...(role !== '' && { role }),
    authenticator,
    ...(user !== undefined && { username: user }),
    ...(authenticator === 'SNOWFLAKE_JWT' && settings.privateKeyPath && { privateKey: readPrivateKey(settings) }),
    ...(password !== undefined && { password }),
    ...(token !== undefined && { token }),
    ...(host !== undefined && {
      host,
      accessUrl: `${protocol}://${host}${port === undefined ? '' : `:${port}`}`,
    }),
  };
}

/** @throws ConfigurationError when a worker, which nobody attends, would have to open a browser. */
export function assertUnattended({ authenticator }: SnowflakeSettings): void {
  if (!ATTENDED.includes(authenticator)) return;
  throw new ConfigurationError(
    `SNOWFLAKE_AUTHENTICATOR is ${authenticator}, which needs a person at the screen: a worker logs in with a key pair (SNOWFLAKE_PRIVATE_KEY_PATH).`,
  );
}

let isPasswordWarned = false;

/** Says once per process that a password is no login for a service. */
export function warnOfPassword({ authenticator }: SnowflakeSettings): void {
  if (authenticator !== 'SNOWFLAKE' || isPasswordWarned) return;
  isPasswordWarned = true;
  console.warn(
    'Snowflake: the login is by password, which Snowflake refuses to service users; use a key pair (SNOWFLAKE_PRIVATE_KEY_PATH).',
  );
}

/**
 * @returns the key as unencrypted PEM, in memory only.
 * @throws ConfigurationError when the file cannot be read, is no RSA key of 2048 bits or more, or its passphrase is wrong.
 */
function readPrivateKey({ privateKeyPath: file = '', privateKeyPassphrase: passphrase }: SnowflakeSettings): string {
  const wrong = (why: string) => new ConfigurationError(`The private key ${file} cannot be used, since ${why}.`);
  let pem: Buffer;
  try {
    pem = readFileSync(file);
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    throw wrong(`the file cannot be read (${code}): correct SNOWFLAKE_PRIVATE_KEY_PATH`);
  }
  const isEncrypted = pem.includes('ENCRYPTED');
  if (isEncrypted && passphrase === undefined) throw wrong('it is encrypted: set SNOWFLAKE_PRIVATE_KEY_PASSPHRASE');
  let key;
  try {
    key = createPrivateKey({ key: pem, format: 'pem', ...(isEncrypted && { passphrase }) });
  } catch {
    throw wrong(
      isEncrypted
        ? `its passphrase is another one: correct SNOWFLAKE_PRIVATE_KEY_PASSPHRASE`
        : `it is no private key in PEM form: ${NEW_KEY}`,
    );
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < FEWEST_KEY_BITS) {
    throw wrong(`it is no RSA key of at least ${FEWEST_KEY_BITS} bits: ${NEW_KEY}`);
  }
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** `oauth_client_id` of connections.toml is the driver's `oauthClientId`. */
function driverNames(options: Readonly<Record<string, unknown>>): ConnectionOptions {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}
