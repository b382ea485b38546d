import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Layout } from './layout';

/** Something that lies under the state folder, and what its name says that it is. */
export type StoredFile =
  | { kind: 'partition' | 'rejects'; path: string; table: string; loadSeq: string }
  | { kind: 'build'; path: string; dataSet: string }
  | { kind: 'staging'; path: string; loadSeq: string }
  | { kind: 'landed'; path: string; sha256: string }
  | { kind: 'scratch' | 'unknown'; path: string };

const NUMBER = /^[1-9]\d{0,18}$/;
const PARTITION = /^([1-9]\d{0,18})(\.rejects)?\.parquet$/;

/** Everything that the warehouse keeps in files beside the store, and what lies among it. Names only: nothing is opened. */
export async function storedFiles(layout: Layout): Promise<StoredFile[]> {
  const [raw, builds, staging, landing, exports] = await Promise.all([
    partitionFiles(layout),
    named(layout.builds, NUMBER, (file, dataSet) => ({ kind: 'build', path: file, dataSet })),
    named(layout.staging, NUMBER, (file, loadSeq) => ({ kind: 'staging', path: file, loadSeq })),
    named(layout.landing, /^([0-9a-f]{64}|[.][0-9a-f]{64}-[0-9a-f-]{36}[.]part)$/, landedFile),
    entries(layout.stateDir),
  ]);
  const isExport = (entry: Dirent) => /^export-[0-9a-f-]{36}$/.test(entry.name);
  const left = exports
    .filter(isExport)
    .map((entry): StoredFile => ({ kind: 'scratch', path: path.join(layout.stateDir, entry.name) }));
  return [...raw, ...builds, ...staging, ...landing, ...left];
}

/** A landed file, or one that is being copied. */
function landedFile(file: string, name: string): StoredFile {
  return name.startsWith('.') ? { kind: 'scratch', path: file } : { kind: 'landed', path: file, sha256: name };
}

async function partitionFiles(layout: Layout): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  for (const table of await entries(layout.raw)) {
    const folder = path.join(layout.raw, table.name);
    // A table's folder may be a link to another disk.
    if (table.isFile()) files.push({ kind: 'unknown', path: folder });
    else {
      for (const { name } of await entries(folder)) {
        const [, loadSeq, rejects] = PARTITION.exec(name) ?? [];
        const file = path.join(folder, name);
        if (loadSeq === undefined) files.push({ kind: 'unknown', path: file });
        else {
          const kind = rejects === undefined ? 'partition' : 'rejects';
          files.push({ kind, path: file, table: table.name, loadSeq });
        }
      }
    }
  }
  return files;
}

async function named(
  folder: string,
  pattern: RegExp,
  known: (file: string, name: string) => StoredFile,
): Promise<StoredFile[]> {
  return (await entries(folder)).map(({ name }) => {
    const file = path.join(folder, name);
    return pattern.test(name) ? known(file, name) : { kind: 'unknown', path: file };
  });
}

async function entries(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** Size and age of a file, or of a folder with all that is in it; undefined when it is gone. Links are not followed. */
export async function measure(file: string): Promise<{ bytes: number; changedAt: number } | undefined> {
  const found = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return { bytes: found.size, changedAt: found.mtimeMs };
  const inside = await Promise.all((await entries(file)).map(({ name }) => measure(path.join(file, name))));
  return {
    bytes: inside.reduce((sum, item) => sum + (item?.bytes ?? 0), 0),
    changedAt: Math.max(found.mtimeMs, ...inside.map((item) => item?.changedAt ?? 0)),
  };
}
