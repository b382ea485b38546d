import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { personalAct } from '../actor';
import { configuredWarehouse } from '../configured-warehouse';
import { asPublication, asReason } from '../options';

/** `mfg publications approve`: publishes what a gate held back. */
export function addApprove(publications: Command): void {
  publications
    .command('approve')
    .summary('publish a candidate that a gate held back')
    .description(
      'Publishes a held candidate as it is, by a new entry of the log that names you and the reason. Only while readers are on the entry that it was built on; else start its run again.',
    )
    .argument('<number>', 'the held candidate', asPublication)
    .requiredOption('--reason <text>', 'why it may be published all the same; it is kept', asReason)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      '\nExamples:\n  npx mfg publications show 12\n  npx mfg publications approve 12 --reason "test batch of the new line, agreed with quality"',
    )
    .action(approve);
}

async function approve(candidate: number, options: { reason: string; json?: true }): Promise<void> {
  const act = personalAct(options.reason);
  const entry = await (await configuredWarehouse(loadConfig())).approve(candidate, act);
  if (options.json) console.log(JSON.stringify({ ...entry, candidate, ...act }, null, 2));
  else {
    console.log(`Readers now see publication ${entry.publication}: candidate ${candidate}, approved by ${act.actor}.`);
    console.log('`npx mfg quality` checks it; `npx mfg rollback` takes it back.');
  }
}
