import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { personalAct } from '../actor';
import { configuredWarehouse } from '../configured-warehouse';
import { asPublication, asReason } from '../options';

interface PinOptions {
  reason?: string;
  json?: true;
}

/** `mfg pin`: keeps a publication from retention. */
export function addPin(program: Command): void {
  program
    .command('pin')
    .summary('keep a publication from retention')
    .description('Keeps a publication, its loads and their rejected records from retention, until it is unpinned.')
    .argument('<number>', 'the publication', asPublication)
    .option('--reason <text>', 'why; it is kept', asReason)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', '\nExamples:\n  npx mfg pin 12 --reason "year-end report"')
    .action((publication: number, options: PinOptions) => setPin('pin', publication, options));
}

/** `mfg unpin`: lets retention have a publication again. */
export function addUnpin(program: Command): void {
  program
    .command('unpin')
    .summary('let retention have a publication again')
    .description('Lets retention drop a publication that was pinned, once it is old enough.')
    .argument('<number>', 'the publication', asPublication)
    .option('--reason <text>', 'why; it is kept', asReason)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', '\nExamples:\n  npx mfg unpin 12')
    .action((publication: number, options: PinOptions) => setPin('unpin', publication, options));
}

async function setPin(action: 'pin' | 'unpin', publication: number, options: PinOptions): Promise<void> {
  const act = personalAct(options.reason);
  await (await configuredWarehouse(loadConfig()))[action](publication, act);
  const pinned = action === 'pin';
  if (options.json) console.log(JSON.stringify({ publication, pinned, ...act }, null, 2));
  else console.log(`Publication ${publication} is ${pinned ? 'pinned: retention keeps it' : 'no longer pinned'}.`);
}
