import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { PROJECT_ROOT } from '../../contracts/config';
import { venvProgram } from '../../contracts/installation';

/** What the tests ask of a service in docker-compose.yml. */
export interface ComposeService {
  image?: string;
  build?: string;
  profiles?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: (string | { type: string; source: string; target: string })[];
  healthcheck?: { test: string[] };
  restart?: string;
  entrypoint?: string[];
  depends_on?: Record<string, { condition: string }>;
}

/** docker-compose.yml as Compose reads it: parsed, then its texts filled in from `env`. */
export function composeFile(env: Record<string, string>): { services: Record<string, ComposeService> } {
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return interpolate(value, env);
    if (Array.isArray(value)) return value.map(fill);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item)]));
  };
  return fill(parse(projectFile('docker-compose.yml'), { merge: true })) as ReturnType<typeof composeFile>;
}

/** Names of the variables that docker-compose.yml fills in. */
export function composeVariables(): string[] {
  const code = projectFile('docker-compose.yml').replace(/^\s*#.*$/gm, '');
  return [...new Set([...code.matchAll(/\$\{(\w+)/g)].map(([, name]) => name as string))];
}

/** What breaks the Compose Specification, a line each. */
export function composeViolations(compose: object): string[] {
  const script = path.join(PROJECT_ROOT, 'test', 'support', 'compose-spec', 'validate.py');
  const output = execFileSync(venvProgram('python'), [script], { input: JSON.stringify(compose), encoding: 'utf8' });
  return output.split('\n').filter(Boolean);
}

/** The Dockerfile's instructions in order, continued lines joined. */
export function dockerfile(): { instruction: string; text: string }[] {
  return projectFile('Dockerfile')
    .replace(/^\s*#.*$\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, instruction = '', text = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { instruction, text: text.trim() };
    });
}

export function projectFile(name: string): string {
  return readFileSync(path.join(PROJECT_ROOT, name), 'utf8');
}

/** Compose's `${NAME}`, `${NAME:-otherwise}`, `${NAME:+then}` and `${NAME:?message}`, innermost first. */
function interpolate(text: string, env: Record<string, string>): string {
  const filled = text.replace(/\$\{(\w+)(?::([-+?])([^${}]*))?\}/g, (_, name: string, operator = '', word = '') => {
    const value = env[name] ?? '';
    if (operator === '+') return value === '' ? '' : (word as string);
    if (operator === '?' && value === '') throw new Error(`${name} is not set: ${word}`);
    return operator === '-' && value === '' ? (word as string) : value;
  });
  return filled === text ? text : interpolate(filled, env);
}
