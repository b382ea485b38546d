import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { InvalidInputError } from '../../contracts/errors';

const FEWEST_BITS = 2048;

/**
 * Reads the public key of a key pair as Snowflake takes it: the PEM file's base64 without its first and last line.
 *
 * @throws InvalidInputError when it is no RSA public key of 2048 bits or more; a private key goes nowhere.
 */
export function readPublicKey(file: string): string {
  const wrong = (why: string) => new InvalidInputError(`The public key ${file} cannot be used: ${why}.`);
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    throw wrong(`the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  }
  // The runtime would take the public part out of a private key without a word.
  if (pem.includes('PRIVATE KEY')) {
    throw wrong('it is a private key; give the public one (openssl rsa -in rsa_key.p8 -pubout -out rsa_key.pub)');
  }
  let key;
  try {
    key = createPublicKey({ key: pem, format: 'pem' });
  } catch {
    throw wrong('it is no public key in PEM form');
  }
  if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < FEWEST_BITS) {
    throw wrong(`it must be an RSA key of at least ${FEWEST_BITS} bits`);
  }
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}
