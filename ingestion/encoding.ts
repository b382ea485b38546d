import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { CsvDialect } from '../contracts/source-contract';

/**
 * The characters of Windows-1252's bytes 0x80 to 0x9f, where Latin-1 has control characters; five are not assigned. Written out,
 * since `TextDecoder('windows-1252')` of some Node versions decodes them as Latin-1.
 */
const C1 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** The text of bytes that are whole characters. */
export function decodeBytes(bytes: Buffer, encoding: CsvDialect['encoding']): string {
  if (encoding === 'utf-8') return bytes.toString('utf8');
  const text = bytes.toString('latin1');
  return encoding === 'latin-1' ? text : text.replace(/[\u0080-\u009f]/g, (c) => C1[c.charCodeAt(0) - 0x80] ?? c);
}

/**
 * Writes a Windows-1252 file as UTF-8, unpacked: DuckDB reads Latin-1 by itself, but nothing between 0x80 and 0x9f.
 *
 * @param name the file as delivered: its ending tells whether it is compressed.
 */
export async function writeAsUtf8(file: string, name: string, target: string, signal?: AbortSignal): Promise<void> {
  const decode = new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, decodeBytes(chunk, 'windows-1252')),
  });
  const source = createReadStream(file, { highWaterMark: 1024 * 1024 });
  const sink = createWriteStream(target);
  if (name.toLowerCase().endsWith('.gz')) await pipeline(source, createGunzip(), decode, sink, { signal });
  else await pipeline(source, decode, sink, { signal });
}
