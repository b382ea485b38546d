import type { Command } from 'commander';

/** `mfg worker`, which is `npm run worker`. */
export function addWorker(program: Command): void {
  program
    .command('worker')
    .summary('a worker for the Temporal server of TEMPORAL_ADDRESS')
    .description('Runs a worker for the Temporal server that TEMPORAL_ADDRESS names, until Ctrl-C or SIGTERM.')
    .addHelpText('after', '\nExamples:\n  TEMPORAL_ADDRESS=temporal.example:7233 npx mfg worker')
    .action(async () => {
      await import('../../../workers/main.js');
      // Its module is a program of its own: it ends this process.
      await new Promise<never>(() => undefined);
    });
}
