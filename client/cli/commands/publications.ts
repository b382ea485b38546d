import type { Command } from 'commander';
import { z } from 'zod';
import { loadConfig } from '../../../contracts/config';
import { configuredWarehouse } from '../configured-warehouse';
import { as } from '../options';
import { lastEntries } from '../../../warehouse/publication-entries';
import { publicationTable } from '../show-publications';
import { addApprove } from './publications-approve';
import { addDiff } from './publications-diff';
import { addShow } from './publications-show';

const limitSchema = z
  .string()
  .regex(/^[1-9]\d{0,5}$/)
  .transform(Number);

/** `mfg publications`: the publication log, and what can be asked of its entries. */
export function addPublications(program: Command): void {
  const publications = program
    .command('publications')
    .summary('what was published, held back, rolled back')
    .description(
      'Lists the entries of the publication log, newest first: builds, rollbacks and approvals; the arrow points at what readers see. `data set` is the entry whose build an entry shows.',
    )
    .option('-n, --limit <number>', 'how many entries', as(limitSchema, 'must be a number of entries, such as 50'), 20)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg publications
  npx mfg publications show 12                                   why candidate 12 was held back, and for which rows
  npx mfg publications diff 12                                   what readers would see change if it were published
  npx mfg publications approve 12 --reason "known test batch"    publishes it as it is
  npx mfg publications diff 10 11                                what publication 11 changed, and which load did
  npx mfg rollback --to 10                                       readers go back`,
    )
    .action(list);
  for (const add of [addShow, addDiff, addApprove]) add(publications);
}

async function list({ limit, json }: { limit: number; json?: true }): Promise<void> {
  const warehouse = await configuredWarehouse(loadConfig());
  const head = (await warehouse.head()) ?? null;
  const entries = await lastEntries(warehouse, limit);
  if (json) console.log(JSON.stringify({ head, publications: entries }, null, 2));
  else if (entries.length === 0) console.log('Nothing was built yet: run `npx mfg ingest`.');
  else console.log(publicationTable(entries, head));
}
