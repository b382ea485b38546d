import { randomUUID } from 'node:crypto';
import { access, constants, lstat, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { InvalidInputError } from '../../contracts/errors';
import type { ExportFormat } from '../warehouse';

/** Where an export goes, and where it is written until it is whole. All paths are absolute, in one real folder. */
export interface ExportTarget {
  file: string;
  aside: string;
  /** Of a CSV: the file that describes it. */
  metadata: { file: string; aside: string } | undefined;
}

const DEVICES = /^\/(dev|dev\/fd|proc\/.+)$/;

/**
 * Looks at the place of an export before anything is written. A link is followed: what it points at is replaced, not the link.
 *
 * @param stateDir no export may stand among the platform's own files.
 * @throws InvalidInputError when the file could not be put there.
 */
export async function exportTarget(file: string, format: ExportFormat, stateDir: string): Promise<ExportTarget> {
  const given = path.resolve(file);
  const folder = path.dirname(given);
  const realFolder = await realpath(folder).catch((error: unknown): never => {
    refuseTooLong(error, folder);
    if (!isMissing(error)) throw error;
    throw new InvalidInputError(`the folder ${folder} does not exist: make it first.`);
  });
  // /dev/stdout leads to whatever file the shell has open there: it would be replaced under the shell's hands.
  if (DEVICES.test(realFolder)) throw new InvalidInputError(`${file} is not an ordinary file: name another one.`);
  await refuseUnwritable(given);
  const target = await realpath(given).catch(() => path.join(realFolder, path.basename(given)));
  if (isInside(target, await realpath(stateDir))) {
    throw new InvalidInputError(`${file} is in the state folder, among the platform's own files: name another folder.`);
  }
  // A short name of its own: the file's may be as long as names can be, and two exports may aim at one file.
  const aside = path.join(path.dirname(target), `.mfg-export-${randomUUID()}`);
  if (format === 'parquet') return { file: target, aside, metadata: undefined };
  const metadata = { file: `${target}-metadata.json`, aside: `${aside}-metadata` };
  await refuseUnwritable(metadata.file);
  return { file: target, aside, metadata };
}

/**
 * Puts what was written aside in its place. A CSV never stands beside the description of another one: the old description
 * goes first, the new one comes last.
 */
export async function putInPlace({ file, aside, metadata }: ExportTarget): Promise<void> {
  if (metadata === undefined) return rename(aside, file);
  const old = `${metadata.aside}.old`;
  const isDescribed = await rename(metadata.file, old).then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );
  try {
    await rename(aside, file);
  } catch (error) {
    if (isDescribed) await rename(old, metadata.file);
    throw error;
  }
  await rename(metadata.aside, metadata.file);
  await rm(old, { force: true });
}

/** Removes what an export that failed has written aside. */
export async function removeAside({ aside, metadata }: ExportTarget): Promise<void> {
  await rm(aside, { force: true });
  if (metadata !== undefined) await rm(metadata.aside, { force: true });
}

async function refuseUnwritable(file: string): Promise<void> {
  const [found, isLink] = await Promise.all([
    stat(file).catch(undefinedWhenMissing),
    lstat(file).then((entry) => entry.isSymbolicLink(), undefinedWhenMissing),
  ]).catch((error: unknown): never => {
    refuseTooLong(error, file);
    throw error;
  });
  if (found?.isDirectory()) throw new InvalidInputError(`${file} is a folder: name a file in it.`);
  if (found === undefined && isLink) throw new InvalidInputError(`${file} is a link to nothing: name another file.`);
  // A device or a pipe would be replaced by a file of its name.
  if (found !== undefined && !found.isFile()) {
    throw new InvalidInputError(`${file} is not an ordinary file: name another one.`);
  }
  const asked = found === undefined ? path.dirname(file) : file;
  await access(asked, constants.W_OK).catch(() => {
    throw new InvalidInputError(`${asked} may not be written: name another file, or change its permissions.`);
  });
}

function isInside(file: string, folder: string): boolean {
  const way = path.relative(folder, file);
  return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

function refuseTooLong(error: unknown, file: string): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') return;
  throw new InvalidInputError(`the name ${path.basename(file)} is too long: choose a shorter one.`);
}

function undefinedWhenMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
