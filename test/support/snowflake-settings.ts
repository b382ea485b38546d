import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadSnowflakeSettings, type SnowflakeSettings } from '../../contracts/snowflake-settings';
import { scratchDir } from './scratch';
import type { Peer } from './snowflake-peer';

/** Writes a new key pair; the private key is encrypted when there is a passphrase. */
export function writeKeyPair({ bits = 2048, passphrase }: { bits?: number; passphrase?: string } = {}) {
  const dir = scratchDir();
  const pair = generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: {
      type: 'pkcs8',
      format: 'pem',
      ...(passphrase !== undefined && { cipher: 'aes-256-cbc', passphrase }),
    },
  });
  const keys = { privateKey: path.join(dir, 'key.p8'), publicKey: path.join(dir, 'key.pub') };
  writeFileSync(keys.privateKey, pair.privateKey);
  writeFileSync(keys.publicKey, pair.publicKey);
  return keys;
}

/** Environment variables that reach a peer by key pair; it accepts any. */
export function peerEnvironment({ port }: Pick<Peer, 'port'>): NodeJS.ProcessEnv {
  return {
    SNOWFLAKE_ACCOUNT: 'PEER',
    SNOWFLAKE_USER: 'TESTER',
    SNOWFLAKE_PRIVATE_KEY_PATH: writeKeyPair().privateKey,
    SNOWFLAKE_HOST: '127.0.0.1',
    SNOWFLAKE_PORT: String(port),
    SNOWFLAKE_PROTOCOL: 'http',
  };
}

export function peerSettings(peer: Pick<Peer, 'port'>): SnowflakeSettings {
  return loadSnowflakeSettings(peerEnvironment(peer));
}
