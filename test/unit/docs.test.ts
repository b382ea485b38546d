import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { createProgram } from '../../client/cli/program';
import { configSchema, PROJECT_ROOT } from '../../contracts/config';
import { loadSnowflakeNames } from '../../contracts/snowflake-settings';
import { accountSetup, setupScript } from '../../warehouse/snowflake/account-setup';
import { projectFile } from '../support/deployment-files';

const program = createProgram();
const inDocs = readdirSync(path.join(PROJECT_ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const pages = ['README.md', ...inDocs.map((name) => path.join('docs', name))];

/** Command lines of `mfg` in a page: in code, since prose may follow the word as it likes. */
function commandLines(text: string): string[] {
  const code = [...text.matchAll(/`([^`\n]+)`/g), ...text.matchAll(/^ {4,}(\S.*)$/gm)].map(([, line]) => line ?? '');
  return code.flatMap((line) =>
    [...line.matchAll(/(?:^|npx |worker )mfg ([a-z-][^|#`]*)/g)].map(([, args]) => args ?? ''),
  );
}

/** What of a command line does not exist; undefined when all of it does. */
function unknownPart(line: string): string | undefined {
  let command: Command = program;
  for (const word of line.trim().split(/\s+/)) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next !== undefined) command = next;
    else if (command === program && !word.startsWith('-')) return `mfg ${word}`;
    else if (['temporal', 'dbt'].includes(command.name())) return undefined;
    else if (/^\[?-/.test(word)) {
      const flag = /^\[?(--?[a-z-]+)/.exec(word)?.[1];
      const known = command.options.some((option) => option.long === flag || option.short === flag);
      if (flag !== undefined && !known && !['--help', '--version'].includes(flag))
        return `mfg ${command.name()} ${flag}`;
    }
  }
  return undefined;
}

describe.each(pages)('%s', (page) => {
  const text = projectFile(page);

  it('names only commands and options of mfg that exist', () => {
    expect(commandLines(text).map(unknownPart).filter(Boolean)).toEqual([]);
  });

  it('names only variables that are read', () => {
    const explained = projectFile('.env.example');
    // Not of the configuration: what shows errors in full, how often a test stops, and names of what is on a Snowflake account.
    const others = /^MFG_(DEBUG|STORE.*|NEXT|TEST_EVERY)$/;
    const onAccount = setupScript(accountSetup({ names: loadSnowflakeNames({}) }));
    const names = [...new Set(text.match(/\bMFG_[A-Z_]+[A-Z]\b(?!_)/g) ?? [])];
    const unknown = names.filter((name) => !(name in configSchema.shape) && !explained.includes(name));
    expect(unknown.filter((name) => !others.test(name) && !onAccount.includes(name))).toEqual([]);
  });

  it('links to files that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, link]) => link ?? '');
    expect(links.filter((link) => !existsSync(path.join(PROJECT_ROOT, path.dirname(page), link)))).toEqual([]);
  });
});

it('finds what does not exist', () => {
  expect(commandLines('see `npx mfg nope --x` and\n\n    mfg ingest --nope\n').map(unknownPart)).toEqual([
    'mfg nope',
    'mfg ingest --nope',
  ]);
});
