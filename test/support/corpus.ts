import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { PROJECT_ROOT } from '../../contracts/config';

const FOLDER = path.join(PROJECT_ROOT, 'test', 'corpus');
const HEADER = 'material_id,material_name,quantity\n';

/** Files that are too big to be kept: made when they are asked for. */
const MADE: Record<string, () => Buffer> = {
  'long-record.csv': () => Buffer.from(`${HEADER}m1,"${'long '.repeat(600_000)}",1\nm2,Xylene,2\n`),
  'oversized-record.csv': () => Buffer.from(`${HEADER}m1,"${'x'.repeat(17 * 1024 * 1024)}",1\n`),
  'oversized-header.csv': () => Buffer.from(`${HEADER.trim()},${'x'.repeat(3 * 1024 * 1024)}`),
  'ten-thousand-columns.csv': () => {
    const added = Array.from({ length: 10_000 }, (_, n) => `extra_${n}`);
    return Buffer.from(`${HEADER.trim()},${added.join(',')}\nm1,Xylene,1${',7'.repeat(added.length)}\n`);
  },
  'gzip-bomb.csv.gz': () => gzipSync(Buffer.from(HEADER + 'm1,Xylene,1\n'.repeat(7_000_000)), { level: 9 }),
};

/** Names of the corpus of files that are hard to read: those kept in `test/corpus` and those made. */
export function corpusFiles(): string[] {
  return [...readdirSync(FOLDER), ...Object.keys(MADE)].sort();
}

/** Bytes of a file of the corpus. */
export function corpusFile(name: string): Buffer {
  return MADE[name]?.() ?? readFileSync(path.join(FOLDER, name));
}
