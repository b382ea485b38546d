import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { dbtTransform } from '../../start-runs';
import { runToEnd, type RunOptions } from '../run-to-end';
import { showTransformation } from '../show-results';

/** `mfg transform`: the workflow mfgDbtTransform. */
export function addTransform(program: Command): void {
  program
    .command('transform')
    .summary('build and publish again on the current loads')
    .description(
      'Builds and tests all dbt models on the loads that are published, and publishes the result. Workflow mfgDbtTransform.',
    )
    .option('--detach', 'start the run, print its ids and end (needs `npm run dev` or TEMPORAL_ADDRESS)')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg transform                 after a model was changed
  npx mfg transform --detach`,
    )
    .action(transform);
}

async function transform(options: RunOptions): Promise<void> {
  await runToEnd(loadConfig(), dbtTransform({}), options, async ({ started, result }) => {
    if (options.json) console.log(JSON.stringify({ ...started, ...result }, null, 2));
    else showTransformation(result);
  });
}
