import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const CODE_VERSION = 'code-version';
/** What the checks said: of one version of the code. */
const OUTCOMES = /^outcomes.*\.json$/;

/** Reads what an earlier, interrupted call of the bench left in a file, or makes it and writes it there. */
export async function remembered<T>(file: string, make: () => Promise<T>): Promise<T> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text !== undefined) return JSON.parse(text) as T;
  const made = await make();
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(made));
  return made;
}

/**
 * Makes the work folder ready: what another version of the code left is removed; with `isKept` only what its checks said, so that
 * checks can be worked on without loading and building everything again.
 */
export async function openMemory(folder: string, codeVersion: string, isKept: boolean): Promise<void> {
  const file = path.join(folder, CODE_VERSION);
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== codeVersion && !isKept) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  if (known !== codeVersion) await removeOutcomes(folder);
  await writeFile(file, codeVersion);
}

async function removeOutcomes(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    // A platform's own folders hold many files, and none of ours.
    if (entry.isDirectory() && entry.name !== 'state') await removeOutcomes(name);
    else if (OUTCOMES.test(entry.name)) await rm(name);
  }
}
