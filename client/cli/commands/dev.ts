import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';

/** `mfg dev`, which is `npm run dev`. */
export function addDev(program: Command): void {
  program
    .command('dev')
    .summary('keep Temporal, its Web UI, a worker and the report page up')
    .description(
      'Runs the bundled Temporal server, its Web UI, a worker and the report page (on this machine only) until Ctrl-C, which lets the worker end what it does.',
    )
    .addHelpText('after', '\nExamples:\n  npm run dev\n  npx mfg dev')
    .action(async () => {
      const config = loadConfig();
      const { runDev } = await import('../../../workers/dev.js');
      await runDev(config);
      // The worker's native runtime would keep the process for a while.
      process.exit();
    });
}
