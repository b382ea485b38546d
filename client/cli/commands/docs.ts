import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { loadConfig, type Config } from '../../../contracts/config';
import { TerminalError } from '../../../contracts/errors';
import { venvProgram } from '../../../contracts/installation';
import { loadSnowflakeSettings } from '../../../contracts/snowflake-settings';
import type { AdHocCopy } from '../../../warehouse/warehouse';
import { userName } from '../actor';
import { configuredWarehouse } from '../configured-warehouse';
import { dbtEnvironment } from '../dbt-on-copy';
import { openInBrowser } from '../open-in-browser';
import { bytes, visible } from '../print';

interface DocsOptions {
  out?: string;
  open?: true;
}

const MOST_OUTPUT = 2 ** 26;

/** `mfg docs`: dbt's documentation site as one file. */
export function addDocs(program: Command): void {
  program
    .command('docs')
    .summary("dbt's documentation of models and columns, as one HTML page")
    .description(
      "Generates dbt's own documentation site as one HTML file: every model, column, test and where it comes from, with the relations as readers know them. It is made from the dbt project as it is now and a copy of what is published, which takes about half a minute.",
    )
    .option(
      '-o, --out <file>',
      'the file to write, in a folder that exists (default: dbt-docs.html in the state folder)',
    )
    .option('--open', 'show it in the browser')
    .addHelpText('after', '\nExamples:\n  npx mfg docs --open\n  npx mfg docs --out /srv/www/dbt.html')
    .action(docs);
}

async function docs({ out, open }: DocsOptions): Promise<void> {
  const config = loadConfig();
  const file = path.resolve(out ?? path.join(config.stateDir, 'dbt-docs.html'));
  const warehouse = await configuredWarehouse(config);
  const copy = await warehouse.adHocCopy(userName());
  await warehouse.close();
  console.error('dbt looks at the project and at a copy of what is published …');
  const env = dbtEnvironment(config, warehouse, copy);
  await promisify(execFile)(venvProgram('dbt'), ['--no-use-colors', 'docs', 'generate', '--static'], {
    ...{ cwd: copy.folder, env, maxBuffer: MOST_OUTPUT },
  }).catch((error: unknown) => {
    throw new TerminalError(
      `dbt could not document the project: ${lastLine(error)}: \`npx mfg dbt parse\` tells more.`,
    );
  });
  const page = await readFile(path.join(copy.folder, 'target', 'static_index.html'), 'utf8');
  const shown = withPublishedNames(page, config, copy);
  await writeFile(file, shown).catch((error: Error) => {
    throw new TerminalError(
      `the page cannot be written to ${visible(file)} (${error.message}): name a file in a folder that exists.`,
    );
  });
  console.log(visible(`dbt's documentation: ${bytes(Buffer.byteLength(shown))} to ${file}`));
  if (open) await openInBrowser(file);
}

/** On Snowflake dbt sees a clone, whose name nobody else knows. On DuckDB the copy's database has the published one's name. */
function withPublishedNames(page: string, config: Config, { environment }: AdHocCopy): string {
  const clone = config.warehouse === 'snowflake' ? environment.MFG_DBT_DATABASE : undefined;
  return clone === undefined ? page : page.replaceAll(clone, loadSnowflakeSettings().names.database);
}

function lastLine(error: unknown): string {
  const { stdout = '', stderr = '', message = '' } = error as { stdout?: string; stderr?: string; message?: string };
  const lines = (stderr.trim() || stdout.trim()).split('\n');
  return visible((lines.at(-1) || message).replace(/^\d\d:\d\d:\d\d\s+/, '').replace(/[.:]$/, ''));
}
