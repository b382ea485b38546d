import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { SourceFile } from '../contracts/run';

/**
 * The file to read a delivered file's bytes from: its landed copy where there is one, else the source's own. Either way the
 * reader compares the hash, so that a landing that was cleared is no fault while the source still has the bytes.
 */
export async function readableFile(
  sourceDir: string,
  landingDir: string | undefined,
  file: SourceFile,
): Promise<string> {
  const landed = landingDir && path.join(landingDir, file.sha256);
  return landed !== undefined && (await exists(landed)) ? landed : path.join(sourceDir, file.path);
}

/**
 * Keeps a copy of the bytes that a run has fingerprinted, by their content. Written aside, verified while it is copied, synced
 * and linked to its name exclusively, so that a name always stands for its bytes; repeating it copies nothing.
 *
 * @throws SourceMovedError when the source's file no longer has those bytes.
 */
export async function landFile(
  sourceDir: string,
  landingDir: string,
  file: SourceFile,
  signal?: AbortSignal,
): Promise<void> {
  const target = path.join(landingDir, file.sha256);
  if (await exists(target)) {
    // Young again, so that retention leaves it alone until this run's manifest names it.
    await utimes(target, new Date(), new Date());
    return;
  }
  await mkdir(landingDir, { recursive: true });
  const aside = path.join(landingDir, `.${file.sha256}-${randomUUID()}.part`);
  try {
    if ((await copyHashed(path.join(sourceDir, file.path), aside, signal)) !== file.sha256) {
      throw new SourceMovedError(file.path);
    }
    await link(aside, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await sync(landingDir);
  } finally {
    await rm(aside, { force: true });
  }
}

/** A file changed between two looks of the same attempt: not terminal, since the next attempt waits until it is at rest. */
export class SourceMovedError extends Error {
  constructor(file: string) {
    super(`${file} changed while it was being read: it is looked at again when it is at rest.`);
    this.name = 'SourceMovedError';
  }
}

async function copyHashed(from: string, to: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  const target = await open(to, 'wx', 0o444);
  try {
    for await (const chunk of createReadStream(from, { signal })) {
      hash.update(chunk as Buffer);
      // On a handle, writeFile goes on where the last one ended, and writes all that it is given.
      await target.writeFile(chunk as Buffer);
    }
    await target.sync();
  } finally {
    await target.close();
  }
  return hash.digest('hex');
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
