import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { InvalidInputError } from '../contracts/errors';
import { isDate } from '../ingestion/deliveries';

/** A CSV file of a folder that no contract describes yet. */
export interface FoundFile {
  /** Absolute. */
  file: string;
  /** Relative to the folder, with forward slashes. */
  path: string;
  /** Where the loader looks for it, relative to the system's folder. */
  place: string;
  logicalDate: string | undefined;
  sizeBytes: number;
  modifiedAt: Date;
}

/** Files that look like deliveries of one table. */
export interface FoundTable {
  /** What their names begin with. */
  stem: string;
  /** By logical date, then name. */
  files: FoundFile[];
}

/** What stands in a folder. */
export interface FoundFolder {
  root: string;
  tables: FoundTable[];
  /** Other files and folders, with the reason, relative to the folder. */
  ignored: string[];
}

const CSV = /\.csv(\.gz)?$/i;
const DATE_SUFFIX = /^(.+?)[-_. ]?(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})$/;
/** A further file of a table's delivery, not a table of its own. */
const PART_SUFFIX = /^(.+?)[-_.](?:(?:part|teil|p|v)?[-_]?\d{1,6}|correction|korrektur|nachtrag|delta|rest)$/i;

/**
 * Lists a folder's CSV files by the table they seem to belong to: `<table>.csv`, `<table>_<date>.csv` and
 * `<YYYY-MM-DD>/<table>*.csv`, each also with `.gz`.
 *
 * @throws InvalidInputError when it is no folder, or holds no CSV file.
 */
export async function findTables(folder: string): Promise<FoundFolder> {
  const root = await realpath(folder).catch(() => '');
  if (root === '' || !(await stat(root)).isDirectory()) throw new InvalidInputError(`${folder} is not a folder.`);
  const tables = new Map<string, FoundTable>();
  const ignored: string[] = [];
  for (const name of await sortedNames(root)) {
    const isFolder = (await stat(path.join(root, name)).catch(() => undefined))?.isDirectory() ?? false;
    if (!isFolder) {
      await take(root, name, undefined, tables, ignored);
    } else if (isDate(name)) {
      for (const inner of await sortedNames(path.join(root, name)))
        await take(root, `${name}/${inner}`, name, tables, ignored);
    } else if (!name.startsWith('.')) {
      ignored.push(`${name}/: a folder that is no date such as 2026-03-11`);
    }
  }
  if (tables.size === 0) {
    const other = ignored.length === 0 ? '' : ` (it has ${ignored.slice(0, 3).join('; ')})`;
    throw new InvalidInputError(`${folder} holds no .csv or .csv.gz file${other}: export the tables there as CSV.`);
  }
  return { root, tables: joinParts(tables), ignored };
}

async function sortedNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
}

async function take(
  root: string,
  relative: string,
  folderDate: string | undefined,
  tables: Map<string, FoundTable>,
  ignored: string[],
): Promise<void> {
  const name = path.basename(relative);
  if (!CSV.test(name)) {
    ignored.push(`${relative}: not .csv or .csv.gz`);
    return;
  }
  const info = await stat(path.join(root, relative)).catch(() => undefined);
  if (!info?.isFile()) {
    ignored.push(`${relative}: not a file`);
    return;
  }
  const bare = name.replace(CSV, '').normalize();
  const [, before = '', year, month, day] = DATE_SUFFIX.exec(bare) ?? [];
  const nameDate = isDate(`${year}-${month}-${day}`) ? `${year}-${month}-${day}` : undefined;
  const stem = nameDate === undefined ? bare : before;
  const logicalDate = folderDate ?? nameDate;
  const found = tables.get(stem.toLowerCase()) ?? { stem, files: [] };
  const place = folderDate === undefined && nameDate !== undefined ? `${nameDate}/${name}` : relative;
  found.files.push({
    file: path.join(root, relative),
    path: relative,
    place,
    logicalDate,
    sizeBytes: info.size,
    modifiedAt: info.mtime,
  });
  tables.set(stem.toLowerCase(), found);
}

/** `orders-2` and `orders-correction` beside `orders` are further files of its deliveries. */
function joinParts(tables: Map<string, FoundTable>): FoundTable[] {
  for (const [key, table] of [...tables]) {
    const whole = tables.get(PART_SUFFIX.exec(key)?.[1] ?? '');
    // The loader takes a flat file by its whole name only.
    if (whole === undefined || table.files.some(({ logicalDate }) => logicalDate === undefined)) continue;
    whole.files.push(...table.files);
    tables.delete(key);
  }
  for (const { files } of tables.values()) {
    files.sort((a, b) => compare(a.logicalDate ?? '', b.logicalDate ?? '') || compare(a.path, b.path));
  }
  return [...tables.values()];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
