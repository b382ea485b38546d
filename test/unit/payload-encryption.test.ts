import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { encryptingDataConverter } from '../../client/payload-encryption';
import { ConfigurationError } from '../../contracts/errors';

const OLD = `2026-01:${randomBytes(32).toString('base64')}`;
const NEW = `2026-07:${randomBytes(32).toString('base64')}`;
const INPUT = { sourceSystem: 'mes', logicalDate: '2026-03-05' };

function codec(keys: string) {
  const [only] = encryptingDataConverter(keys)?.payloadCodecs ?? [];
  if (only === undefined) throw new Error('there is no codec');
  return only;
}

async function encrypted(keys: string, value: unknown = INPUT): Promise<Payload> {
  const [payload] = await codec(keys).encode([defaultPayloadConverter.toPayload(value)]);
  return payload as Payload;
}

async function decrypted(keys: string, payload: Payload): Promise<unknown> {
  const [plain] = await codec(keys).decode([payload]);
  return defaultPayloadConverter.fromPayload(plain as Payload);
}

describe('payload encryption', () => {
  it('is off without keys', () => {
    expect(encryptingDataConverter(undefined)).toBeUndefined();
    expect(encryptingDataConverter(' ')).toBeUndefined();
  });

  it.each([[INPUT], [null], [''], [[1, 'ü', { a: [] }]]])('gives back %j', async (value) => {
    expect(await decrypted(NEW, await encrypted(NEW, value))).toEqual(value);
  });

  it('leaves nothing of a payload readable but the id of the key, and never encrypts alike twice', async () => {
    const [one, other] = [await encrypted(NEW), await encrypted(NEW)];
    expect(Buffer.from(one.data ?? []).toString('latin1')).not.toMatch(/mes|2026|json/);
    expect(Object.keys(one.metadata ?? {}).sort()).toEqual(['encoding', 'encryption-key-id']);
    expect(one.data).not.toEqual(other.data);
  });

  it('reads what an earlier key encrypted once it stands behind the new one, and encrypts with the new one', async () => {
    const before = await encrypted(OLD);
    const rotated = `${NEW}, ${OLD}`;
    expect(await decrypted(rotated, before)).toEqual(INPUT);
    expect(await decrypted(NEW, await encrypted(rotated))).toEqual(INPUT);
  });

  it('reads payloads that are not encrypted', async () => {
    expect(await decrypted(NEW, defaultPayloadConverter.toPayload(INPUT))).toEqual(INPUT);
  });

  it('names the key that is missing', async () => {
    const reading = decrypted(NEW, await encrypted(OLD));
    await expect(reading).rejects.toThrow(ConfigurationError);
    await expect(reading).rejects.toThrow(/key '2026-01', which MFG_PAYLOAD_KEYS does not hold: add it behind/);
  });

  it('says that a key is another one of the same id, or that the bytes were changed', async () => {
    const other = `2026-07:${randomBytes(32).toString('base64')}`;
    await expect(decrypted(other, await encrypted(NEW))).rejects.toThrow(/with another key of this id, or changed/);
    const payload = await encrypted(NEW);
    const data = Buffer.from(payload.data ?? []);
    data[20] = (data[20] ?? 0) ^ 1;
    await expect(decrypted(NEW, { ...payload, data })).rejects.toThrow(/cannot be decrypted with the key '2026-07'/);
    await expect(decrypted(NEW, { ...payload, data: data.subarray(0, 5) })).rejects.toThrow(/cannot be decrypted/);
  });

  it('does not take a payload that was moved under another key id', async () => {
    const payload = await encrypted(NEW);
    const metadata = { ...payload.metadata, 'encryption-key-id': Buffer.from('copy') };
    const keys = `${NEW},copy:${NEW.split(':')[1]}`;
    await expect(decrypted(keys, { ...payload, metadata })).rejects.toThrow(/cannot be decrypted/);
  });

  it.each([['secret'], ['a:c2hvcnQ='], [`${NEW},${NEW}`], [`${NEW},`]])(
    'refuses the keys %#, without showing them',
    (keys) => {
      const reading = () => encryptingDataConverter(keys);
      expect(reading).toThrow(ConfigurationError);
      expect(reading).toThrow(/^Key \d of MFG_PAYLOAD_KEYS is not valid: each is <id>:<base64 of 32 bytes>/);
      expect(reading).not.toThrow((keys.split(':')[1] ?? keys).slice(0, 6));
    },
  );
});
