import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** What dbt writes into a project's folder when it is run there by hand. */
const NOT_SOURCE = new Set(['target', 'logs', 'dbt_packages', '.user.yml']);

/** One hash over every file of a dbt project, by name and content: equal exactly when a build would do the same. */
export async function projectDigest(dbtDir: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await filesOf(dbtDir, '')) {
    const content = createHash('sha256').update(await readFile(path.join(dbtDir, file)));
    hash.update(`${content.digest('hex')}  ${file}\n`);
  }
  return hash.digest('hex');
}

/** Relative paths, in order. */
async function filesOf(root: string, folder: string): Promise<string[]> {
  const files: string[] = [];
  const entries = await readdir(path.join(root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = path.posix.join(folder, entry.name);
    if (folder === '' && NOT_SOURCE.has(entry.name)) continue;
    if (entry.isDirectory()) files.push(...(await filesOf(root, name)));
    else if (entry.isFile()) files.push(name);
  }
  return files;
}
