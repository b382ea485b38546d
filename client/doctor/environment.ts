import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'dotenv';
import { configSchema, PROJECT_ROOT, SECRET_VARIABLES } from '../../contracts/config';
import { snowflakeSchema } from '../../contracts/snowflake-settings';
import type { Check } from './finding';

/** Read elsewhere than in a schema: by set-up, by the command line, by docker-compose.yml, by the driver. */
const OTHER_NAMES = ['MFG_PYTHON', 'MFG_DEBUG', 'MFG_PUBLISH_ADDRESS', 'SNOWFLAKE_HOME'];
/** Prefixes of variables that others read: Temporal's environment configuration, the driver itself. */
const OTHERS = /^(TEMPORAL_|SNOWFLAKE_(DISABLE|WIF|RUNNING|CRL)_)/;
const OURS = /^(MFG_|SNOWFLAKE_)/;
const SECRETS = /PASSWORD|PASSPHRASE|TOKEN|API_KEY|SECRET/;
/** A name this close to one of ours is that one, mistyped. */
const FEW_TYPOS = 2;

const KNOWN = [...Object.keys(configSchema.shape), ...Object.keys(snowflakeSchema.shape), ...OTHER_NAMES];

/** Is `.env` readable, only for its owner when it holds secrets, and are all names in it and in the environment known? */
export function checkEnvironment(file = path.join(PROJECT_ROOT, '.env'), env: NodeJS.ProcessEnv = process.env): Check {
  return async (tell) => {
    let inFile: Record<string, string> = {};
    if (existsSync(file)) {
      try {
        inFile = parse(readFileSync(file));
      } catch {
        return tell.failed('.env', `${file} cannot be read`, 'make it readable for this user');
      }
      const isSecret = (name: string) => SECRETS.test(name) || SECRET_VARIABLES.includes(name);
      const hasSecret = Object.entries(inFile).some(([name, value]) => isSecret(name) && value !== '');
      if (hasSecret && (statSync(file).mode & 0o077) !== 0) {
        tell.warning('.env', 'it holds secrets and others may read it', `chmod 600 ${file}`);
      }
    }
    const unknown = [...new Set([...Object.keys(inFile), ...Object.keys(env)])].filter(isMistaken);
    for (const name of unknown) {
      const meant = closest(name);
      const where = name in inFile ? '.env' : 'environment';
      tell.warning(
        where,
        `nothing reads ${name}`,
        meant === undefined ? 'remove it, or see .env.example for the names' : `it may be ${meant}`,
      );
    }
    if (unknown.length === 0) {
      tell.ok(
        '.env',
        existsSync(file) ? `${Object.keys(inFile).length} variables, all known` : 'there is none: defaults',
      );
    }
  };
}

/** Variables that begin as ours do and are not ours, and those that are one of ours but for a typo. */
function isMistaken(name: string): boolean {
  if (KNOWN.includes(name)) return false;
  return closest(name) !== undefined || (OURS.test(name) && !OTHERS.test(name));
}

function closest(name: string): string | undefined {
  const [nearest] = KNOWN.map((known) => ({ known, typos: typosBetween(name, known) })).sort(
    (a, b) => a.typos - b.typos,
  );
  return nearest !== undefined && nearest.typos <= FEW_TYPOS ? nearest.known : undefined;
}

/** Letters to add, leave out, change or exchange with their neighbour. */
function typosBetween(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i + j));
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let typos = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        typos = Math.min(typos, at(i - 2, j - 2) + 1);
      (rows[i] ?? [])[j] = typos;
    }
  }
  return at(a.length, b.length);
}
