import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from './config';

/** The compiled platform: what workers and commands run from. Set-up makes it. */
export const DIST = path.join(PROJECT_ROOT, 'dist');

/** Absolute path of a program that set-up installed in the Python environment: `dbt`, `temporal`. */
export function venvProgram(name: string): string {
  return path.join(PROJECT_ROOT, '.mfg', 'venv', 'bin', name);
}

/** Names the code that runs: the package's version and the first twelve digits of the digest of the built sources. */
export function codeVersion(): string {
  const { version } = JSON.parse(readFileSync(path.join(PROJECT_ROOT, 'package.json'), 'utf8')) as { version: string };
  const stamp = path.join(DIST, '.set-up.json');
  if (!existsSync(stamp)) return version;
  const build = JSON.parse(readFileSync(stamp, 'utf8')) as { version: string };
  return `${version}+${build.version.slice(0, 12)}`;
}
