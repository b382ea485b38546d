import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const scratchDirs: string[] = [];
const closers: (() => Promise<void>)[] = [];

// This hook comes before those of the test file: what still writes into the folders has to be ended here.
afterAll(async () => {
  try {
    for (const close of closers.reverse()) await close();
  } finally {
    // Retried, since a process that is being ended may still write.
    for (const dir of scratchDirs) rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
});

/** Has something closed before the scratch folders are removed, whatever becomes of the tests. */
export function closeAfterTests(close: () => Promise<void>): void {
  closers.push(close);
}

/** A scratch folder with a space in its path, removed after the test file. */
export function scratchDir(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'mfg test '));
  scratchDirs.push(dir);
  return dir;
}

/** Long enough ago for a file to be at rest. */
const SETTLED_MS = 60_000;

/**
 * Writes a delivered file below a source folder, as one that has come to rest; a name that ends in .gz is compressed. Returns
 * its absolute path.
 */
export function deliver(sourceDir: string, name: string, content: string | Buffer): string {
  const file = path.join(sourceDir, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(content) : content);
  const settled = new Date(Date.now() - SETTLED_MS);
  utimesSync(file, settled, settled);
  return file;
}
