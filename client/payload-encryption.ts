import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import path from 'node:path';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { ConfigurationError } from '../contracts/errors';

const ENCODING = 'binary/encrypted';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A payload before it is encrypted: bytes as base64. */
const plainPayload = z.object({ metadata: z.record(z.string(), z.string()), data: z.string() });

/**
 * What clients and workers encrypt and decrypt payloads with; undefined, when no keys are configured, leaves them
 * readable. Search attributes, ids and types of workflows are never encrypted: the server works with them.
 *
 * @param keys as `MFG_PAYLOAD_KEYS` has them.
 * @throws ConfigurationError when they are not valid. No sentence shows a key.
 */
export function encryptingDataConverter(keys: string | undefined): DataConverter | undefined {
  if (keys === undefined || keys.trim() === '') return undefined;
  return {
    payloadCodecs: [new EncryptionCodec(readKeys(keys))],
    failureConverterPath: path.join(__dirname, 'encoded-failures'),
  };
}

/**
 * Encrypts payloads with AES-256-GCM, each under a nonce of its own, with the first of its keys; decrypts with the one
 * that a payload names. The encrypted bytes are nonce, ciphertext, tag; the key's id is authenticated with them. Payloads that
 * are not encrypted (inputs typed into the Web UI, runs from before) are read as they are.
 */
export class EncryptionCodec implements PayloadCodec {
  /** @param keys by id, 32 bytes each, the one to encrypt with first. */
  constructor(private readonly keys: ReadonlyMap<string, Buffer>) {}

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.encrypt(payload));
  }

  /** @throws ConfigurationError when the keys do not hold the right one. */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => (textOf(payload, 'encoding') === ENCODING ? this.decrypt(payload) : payload));
  }

  private encrypt(payload: Payload): Payload {
    const [current] = this.keys;
    if (current === undefined) throw new ConfigurationError('There is no key to encrypt payloads with.');
    const [id, key] = current;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(id));
    const parts = [nonce, cipher.update(toPlain(payload)), cipher.final(), cipher.getAuthTag()];
    const metadata = { encoding: Buffer.from(ENCODING), 'encryption-key-id': Buffer.from(id) };
    return { metadata, data: Buffer.concat(parts) };
  }

  private decrypt(payload: Payload): Payload {
    const id = textOf(payload, 'encryption-key-id');
    const key = this.keys.get(id);
    if (key === undefined) {
      throw new ConfigurationError(
        `A payload was encrypted with the key '${id}', which MFG_PAYLOAD_KEYS does not hold: add it behind the current one.`,
      );
    }
    const data = Buffer.from(payload.data ?? []);
    try {
      const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(id))
        .setAuthTag(data.subarray(-TAG_BYTES));
      return fromPlain(Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]));
    } catch (error) {
      throw new ConfigurationError(
        `A payload cannot be decrypted with the key '${id}' of MFG_PAYLOAD_KEYS: it was encrypted with another key of this id, or changed since.`,
        { cause: error },
      );
    }
  }
}

function readKeys(text: string): Map<string, Buffer> {
  const keys = new Map<string, Buffer>();
  for (const [index, entry] of text.split(',').entries()) {
    const [, id, encoded = ''] = /^\s*([\w.-]{1,64}):([A-Za-z0-9+/]+={0,2})\s*$/.exec(entry) ?? [];
    const key = Buffer.from(encoded, 'base64');
    if (id === undefined || key.length !== KEY_BYTES || keys.has(id)) {
      throw new ConfigurationError(
        `Key ${index + 1} of MFG_PAYLOAD_KEYS is not valid: each is <id>:<base64 of ${KEY_BYTES} bytes> with an id of its own (openssl rand -base64 ${KEY_BYTES}).`,
      );
    }
    keys.set(id, key);
  }
  return keys;
}

function toPlain({ metadata, data }: Payload): Buffer {
  const encoded: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata ?? {})) encoded[name] = Buffer.from(value).toString('base64');
  const plain: z.infer<typeof plainPayload> = { metadata: encoded, data: Buffer.from(data ?? []).toString('base64') };
  return Buffer.from(JSON.stringify(plain));
}

function fromPlain(bytes: Buffer): Payload {
  const { metadata, data } = plainPayload.parse(JSON.parse(bytes.toString()));
  const decoded: Record<string, Uint8Array> = {};
  for (const [name, value] of Object.entries(metadata)) decoded[name] = Buffer.from(value, 'base64');
  return { metadata: decoded, data: Buffer.from(data, 'base64') };
}

function textOf({ metadata }: Payload, name: string): string {
  return Buffer.from(metadata?.[name] ?? []).toString();
}
