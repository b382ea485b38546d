import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { PROJECT_ROOT } from '../contracts/config';

/** What a build is made from, besides its loads. */
export interface ProjectDigests {
  /** Over every file of the dbt project, by name and content: equal exactly when a build would do the same. */
  projectDigest: string;
  /** Over what may shape every relation in ways that dbt's `state:modified` does not see: see SEEN_BY_DBT. */
  settingsDigest: string;
}

/** What dbt writes into a project's folder when it is run there by hand. */
const NOT_SOURCE = new Set(['target', 'logs', 'dbt_packages', '.user.yml']);
/**
 * Folders in which dbt notices every change that matters, node by node. Elsewhere it does not: the value of a variable, a macro
 * that names schemas, a large seed.
 */
const SEEN_BY_DBT = /^(models|tests)\//;
/** The pinned programs: another dbt or DuckDB may compute something else, and cannot read the other's files. */
const PROGRAMS = path.join(PROJECT_ROOT, 'requirements', 'run.txt');

/** Hashes a dbt project and the programs that build it. */
export async function projectDigests(dbtDir: string): Promise<ProjectDigests> {
  const project = createHash('sha256');
  const settings = createHash('sha256').update(await readFile(PROGRAMS));
  for (const file of await filesOf(dbtDir, '')) {
    const content = createHash('sha256').update(await readFile(path.join(dbtDir, file)));
    const line = `${content.digest('hex')}  ${file}\n`;
    project.update(line);
    if (!SEEN_BY_DBT.test(file)) settings.update(line);
  }
  return { projectDigest: project.digest('hex'), settingsDigest: settings.digest('hex') };
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
