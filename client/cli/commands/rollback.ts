import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { personalAct } from '../actor';
import { configuredWarehouse } from '../configured-warehouse';
import { asPublication, asReason } from '../options';
import { plural } from '../print';

/** `mfg rollback`: readers go back to an earlier publication. */
export function addRollback(program: Command): void {
  program
    .command('rollback')
    .summary('readers go back to an earlier publication')
    .description(
      'Points readers at the data set of an earlier publication, by a new entry of the log: at once, whatever its size; also forth again. What readers lose is withdrawn: it is not loaded again until its files change or its date is asked for. The next run builds on what is rolled back to.',
    )
    .option('--to <number>', 'the publication to go back to; default: the one before what readers see', asPublication)
    .option('--reason <text>', 'why; it is kept', asReason)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg rollback --reason "counts of line 3 doubled"
  npx mfg rollback --to 10
  npx mfg publications diff 10          what changed since publication 10, seen from what readers see
  npx mfg ingest --date 2026-03-11      loads a withdrawn day again`,
    )
    .action(rollback);
}

async function rollback(options: { to?: number; reason?: string; json?: true }): Promise<void> {
  const act = personalAct(options.reason);
  const done = await (await configuredWarehouse(loadConfig())).rollback(options.to, act);
  if (options.json) {
    console.log(JSON.stringify({ ...done, ...act }, null, 2));
    return;
  }
  console.log(
    `Readers now see publication ${done.publication}: the data set of publication ${done.to}, instead of ${done.from}.`,
  );
  if (done.withdrawnDeliveries > 0) {
    const verb = done.withdrawnDeliveries === 1 ? 'is' : 'are';
    console.log(
      `${plural(done.withdrawnDeliveries, 'loaded table day')} ${verb} withdrawn: not loaded again until the files change or \`npx mfg ingest --date\` asks for them.`,
    );
  }
}
