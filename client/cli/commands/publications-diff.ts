import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import type { QueryTarget } from '../../../warehouse/warehouse';
import { diffSentences } from '../diff-sentences';
import { configuredWarehouse } from '../configured-warehouse';
import { asPublication } from '../options';
import { showDiff } from '../show-diff';

/** `mfg publications diff`: what one entry shows and another does not. */
export function addDiff(publications: Command): void {
  publications
    .command('diff')
    .summary('what changed from one entry to another, and which load did it')
    .description(
      'Compares two entries of the log, publications or candidates: the loads they are made of; rows added, removed and changed per table of RAW (as consumers see it), CORE and MARTS, matched by key, lineage columns aside; the biggest changes of KPIs. With one number: from what readers see to that entry.',
    )
    .argument('<before>', 'an entry; alone: what is compared with what readers see', asPublication)
    .argument('[after]', 'a later entry', asPublication)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg publications diff 11 12
  npx mfg publications diff 12            a held candidate against what readers see
  npx mfg publications diff 11 12 --json | jq -r '.sentences[]'`,
    )
    .action(diff);
}

async function diff(first: number, second: number | undefined, { json }: { json?: true }): Promise<void> {
  const before: QueryTarget = second === undefined ? { kind: 'head' } : { kind: 'candidate', publication: first };
  const after: QueryTarget = { kind: 'candidate', publication: second ?? first };
  const difference = await (await configuredWarehouse(loadConfig())).diff(before, after);
  if (json) console.log(JSON.stringify({ ...difference, sentences: diffSentences(difference) }, null, 2));
  else showDiff(difference);
}
