import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const scratchDirs: string[] = [];

afterAll(() => {
  for (const dir of scratchDirs) rmSync(dir, { recursive: true, force: true });
});

/** A scratch folder with a space in its path, removed after the test file. */
export function scratchDir(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'mfg test '));
  scratchDirs.push(dir);
  return dir;
}

/** Writes a delivered file below a source folder; a name that ends in .gz is compressed. Returns its absolute path. */
export function deliver(sourceDir: string, name: string, content: string | Buffer): string {
  const file = path.join(sourceDir, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(content) : content);
  return file;
}
