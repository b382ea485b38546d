import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { InvalidInputError } from '../../../contracts/errors';
import { configuredWarehouse } from '../configured-warehouse';
import { asPublication } from '../options';
import { findEntry } from '../../../warehouse/publication-entries';
import { contentsOf, failedNodes } from '../publication-facts';
import { showEntry } from '../show-publications';

/** `mfg publications show`: one entry of the log, with the gate that held it back. */
export function addShow(publications: Command): void {
  publications
    .command('show')
    .summary('one entry: which gate failed, for which rows, what it holds')
    .description(
      'Shows one entry of the publication log: how it was built, which gate held it back and for which rows (the first ten of each failed test, asked of the candidate itself), the loads and rows it holds.',
    )
    .argument('<number>', 'the entry: a publication or a candidate', asPublication)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      '\nExamples:\n  npx mfg publications show 12\n  npx mfg publications show 12 --json | jq .failed',
    )
    .action(show);
}

async function show(publication: number, { json }: { json?: true }): Promise<void> {
  const warehouse = await configuredWarehouse(loadConfig());
  const entry = await findEntry(warehouse, publication);
  if (entry === undefined) {
    throw new InvalidInputError(`there is no entry ${publication}: \`npx mfg publications\` lists them.`);
  }
  const head = await warehouse.head();
  const failed = await failedNodes(warehouse, entry.dataSet);
  const contents =
    entry.status === 'BUILDING' ? { problem: 'it is being built' } : await contentsOf(warehouse, entry.dataSet);
  if (json) console.log(JSON.stringify({ head: head ?? null, ...entry, failed, ...contents }, null, 2));
  else showEntry(entry, head, failed, contents);
}
