import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { dbtTransformInputSchema } from '../../../contracts/workflow-inputs';
import { dbtTransform } from '../../start-runs';
import { asEach, onUnchangedOf } from '../options';
import { runToEnd, type RunOptions } from '../run-to-end';
import { showTransformation } from '../show-results';

const { select } = dbtTransformInputSchema.shape;

/** `mfg transform`: the workflow mfgDbtTransform. */
export function addTransform(program: Command): void {
  program
    .command('transform')
    .summary('build and publish again on the current loads')
    .description(
      'Builds and tests all dbt models on the loads that are published, and publishes the result. Workflow mfgDbtTransform.',
    )
    .option(
      '--select <selector...>',
      'build these dbt nodes, all that is downstream of them and what has changed; take the rest over',
      asEach(select.unwrap().element),
    )
    .option('--reuse', 'build only what has changed: models, macros, contracts')
    .option('--no-reuse', 'build everything, whatever MFG_ON_UNCHANGED says')
    .option('--detach', 'start the run, print its ids and end (needs `npm run dev` or TEMPORAL_ADDRESS)')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg transform                                 everything
  npx mfg transform --reuse                         after a model was changed: it and what is downstream
  npx mfg transform --select plant_day_kpis tag:daily
  npx mfg transform --detach`,
    )
    .action(transform);
}

interface TransformOptions extends RunOptions {
  select?: string[];
  reuse?: boolean;
}

async function transform(options: TransformOptions): Promise<void> {
  const input = { ...(options.select && { select: options.select }), ...onUnchangedOf(options) };
  await runToEnd(loadConfig(), dbtTransform(input), options, async ({ started, result }) => {
    if (options.json) console.log(JSON.stringify({ ...started, ...result }, null, 2));
    else showTransformation(result);
  });
}
