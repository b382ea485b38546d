import { existsSync } from 'node:fs';
import { chmod, constants, copyFile, mkdir, readdir, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { AdHocCopy } from '../warehouse';
import { DATABASE_FILE, type Layout } from './layout';

/**
 * A folder with a copy of the published database; before the first publication without one: dbt makes an empty one. Folders of
 * older publications are removed.
 */
export async function adHocCopy({ stateDir, published }: Layout): Promise<AdHocCopy> {
  const shown = await realpath(published).catch(() => undefined);
  const name = shown === undefined ? 'empty' : path.basename(shown);
  const above = path.join(stateDir, 'dbt', 'adhoc');
  const folder = path.join(above, name);
  await mkdir(folder, { recursive: true });
  for (const other of await readdir(above)) {
    if (other !== name) await rm(path.join(above, other), { recursive: true, force: true });
  }
  const copy = path.join(folder, DATABASE_FILE);
  if (shown !== undefined && !existsSync(copy)) {
    const aside = `${copy}.${process.pid}`;
    await copyFile(path.join(shown, DATABASE_FILE), aside, constants.COPYFILE_FICLONE);
    await chmod(aside, 0o644);
    await rename(aside, copy);
  }
  return { copyOf: shown === undefined ? undefined : name, place: folder, folder, environment: {} };
}
