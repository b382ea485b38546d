import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { DateTime } from 'luxon';
import { InvalidInputError, UnreadableFileError } from '../contracts/errors';
import type { SourceSystem } from '../contracts/source-contract';

/** A file of a source system's folder, by its name and its inode only: nothing has been read yet. */
export interface DeliveredFile {
  /** Relative to the source folder, with forward slashes. */
  path: string;
  sizeBytes: number;
  /** The later of the times at which content and inode changed, ISO 8601. */
  modifiedAt: string;
  /** When its content was last written to, ISO 8601. */
  writtenAt: string;
}

/** The files of one table for one logical date. */
export interface FoundDelivery {
  table: string;
  /** YYYY-MM-DD; undefined for a flat file, which belongs to the run's own date. */
  logicalDate: string | undefined;
  isFlat: boolean;
  files: DeliveredFile[];
}

/** What stands in a source system's folder. */
export interface SourceFolder {
  deliveries: FoundDelivery[];
  /** CSV files of no described table, and folders that are no date, relative to the source folder. */
  ignoredFiles: string[];
  /** Dates whose folder holds the done marker; undefined when the system has none. */
  doneDates: Set<string> | undefined;
  /** When the done marker beside the flat files was written, ISO 8601; undefined without one. */
  flatDoneAt: string | undefined;
}

/**
 * Lists a system's deliveries: `<system>/<table>.csv[.gz]` (flat) and `<system>/<YYYY-MM-DD>/<table>*.csv[.gz]` (dated). A
 * dated file belongs to the table whose stem is the longest that begins its name and is followed by its end or one of `-_.`.
 *
 * @throws InvalidInputError when the folder does not exist; UnreadableFileError for a link that leads out of it, or for
 * one table delivered twice for one date (flat and dated, or plain and gzipped).
 */
export async function findDeliveries(sourceDir: string, system: SourceSystem): Promise<SourceFolder> {
  const root = path.join(sourceDir, system.name);
  const entries = await readdir(root, { withFileTypes: true }).catch(() => {
    throw new InvalidInputError(
      `${root} does not exist: put ${system.name}'s deliveries there, or set MFG_SOURCE_DIR to the folder above them.`,
    );
  });
  const found = new Map<string, FoundDelivery>();
  const ignoredFiles: string[] = [];
  const { doneMarker } = system.arrival;
  const doneDates = doneMarker === undefined ? undefined : new Set<string>();
  const take = async (folder: string, logicalDate: string | undefined) => {
    for (const name of (await readdir(path.join(sourceDir, folder))).sort()) {
      if (name === doneMarker && logicalDate !== undefined) doneDates?.add(logicalDate);
      if (!CSV_SUFFIX.test(name)) continue;
      const relative = `${folder}/${name}`;
      const table = tableOf(name, system, logicalDate === undefined);
      if (table === undefined) {
        ignoredFiles.push(relative);
        continue;
      }
      const file = await inspect(sourceDir, relative);
      if (file === undefined) continue;
      const key = `${table} ${logicalDate ?? ''}`;
      const delivery = found.get(key) ?? { table, logicalDate, isFlat: logicalDate === undefined, files: [] };
      refuseTwice(delivery, relative);
      delivery.files.push(file);
      found.set(key, delivery);
    }
  };
  await take(system.name, undefined);
  for (const entry of entries) {
    if (isDate(entry.name) && (await isFolder(path.join(root, entry.name)))) {
      await take(`${system.name}/${entry.name}`, entry.name);
    } else if (entry.isDirectory()) {
      ignoredFiles.push(`${system.name}/${entry.name}/`);
    }
  }
  const flatDoneAt = doneMarker === undefined ? undefined : await writtenAt(path.join(root, doneMarker));
  return { deliveries: [...found.values()], ignoredFiles, doneDates, flatDoneAt };
}

async function writtenAt(file: string): Promise<string | undefined> {
  return stat(file).then(
    (info) => info.mtime.toISOString(),
    () => undefined,
  );
}

const CSV_SUFFIX = /\.csv(\.gz)?$/i;

/** True for an existing calendar date, YYYY-MM-DD. */
export function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && DateTime.fromISO(text, { zone: 'utc' }).isValid;
}

function tableOf(fileName: string, system: SourceSystem, isFlat: boolean): string | undefined {
  const name = fileName.replace(CSV_SUFFIX, '').normalize().toLowerCase();
  return system.tables
    .map((table) => ({ table: table.name, stem: table.fileStem.normalize().toLowerCase() }))
    .filter(
      ({ stem }) => name === stem || (!isFlat && name.startsWith(stem) && '-_.'.includes(name[stem.length] ?? ' ')),
    )
    .sort((a, b) => b.stem.length - a.stem.length)[0]?.table;
}

async function inspect(sourceDir: string, relative: string): Promise<DeliveredFile | undefined> {
  const absolute = path.join(sourceDir, relative);
  const root = await realpath(sourceDir);
  const real = await realpath(absolute).catch(() => {
    throw new UnreadableFileError(
      `${relative} cannot be opened: its name is not UTF-8, or it is a link to a file that is not there; remove or rename it.`,
    );
  });
  if (!real.startsWith(root + path.sep)) {
    throw new UnreadableFileError(
      `${relative} is a link that leads out of the source folder: deliver the file itself.`,
    );
  }
  const info = await stat(real);
  if (!info.isFile()) return undefined;
  return {
    path: relative,
    sizeBytes: info.size,
    modifiedAt: new Date(Math.max(info.mtimeMs, info.ctimeMs)).toISOString(),
    writtenAt: info.mtime.toISOString(),
  };
}

function refuseTwice(delivery: FoundDelivery, relative: string): void {
  const stem = (file: string) => file.replace(CSV_SUFFIX, '').toLowerCase();
  const twin = delivery.files.find((file) => stem(file.path) === stem(relative));
  if (twin !== undefined) {
    throw new UnreadableFileError(`${twin.path} and ${relative} are one delivery twice: remove one of them.`);
  }
}

async function isFolder(file: string): Promise<boolean> {
  return (await stat(file)).isDirectory();
}
