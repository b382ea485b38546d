import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { dataQualityMonitoringInputSchema } from '../../../contracts/workflow-inputs';
import { dataQualityMonitoring } from '../../start-runs';
import { as, asPublication } from '../options';
import { runToEnd, type RunOptions } from '../run-to-end';
import { failOnFailedChecks, showQuality } from '../show-results';

interface QualityOptions extends RunOptions {
  publication?: number;
  system?: string;
  asOf?: string;
}

/** `mfg quality`: the workflow mfgDataQualityMonitoring. */
export function addQuality(program: Command): void {
  program
    .command('quality')
    .summary('check what is published: counts, duplicates, rules, shifts, freshness')
    .description(
      'Checks what a publication added, as config.meta.quality in the dbt project declares (docs/quality.md): row counts against files, layers and history, duplicates, empty cells, orphans, business rules, distributions, missed deliveries, freshness. The result goes to RAW.DATA_QUALITY_AUDIT. Workflow mfgDataQualityMonitoring.',
    )
    .option('-p, --publication <number>', 'publication to check; default: the one that readers see', asPublication)
    .option(
      '-s, --system <name>',
      'only the tables of this source system; default: of all',
      as(dataQualityMonitoringInputSchema.shape.sourceSystem),
    )
    .option(
      '--as-of <time>',
      "time for freshness: 'now', or ISO 8601 with offset; default: the end of the newest delivery",
      as(dataQualityMonitoringInputSchema.shape.asOf, "must be 'now' or a time such as 2026-03-11T02:00:00Z"),
    )
    .option('--detach', 'start the run, print its ids and end (needs `npm run dev` or TEMPORAL_ADDRESS)')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg quality
  npx mfg quality --as-of now              is the data fresh by the clock?
  npx mfg quality --system erp             the tables of one source system
  npx mfg quality --publication 3 --as-of 2026-03-12T02:00:00Z

Exit code 1 when a check failed.`,
    )
    .action(quality);
}

async function quality(options: QualityOptions): Promise<void> {
  const { publication, system, asOf } = options;
  const request = dataQualityMonitoring({
    ...(publication && { publication }),
    ...(system && { sourceSystem: system }),
    ...(asOf && { asOf }),
  });
  await runToEnd(loadConfig(), request, options, async ({ started, result }) => {
    if (options.json) console.log(JSON.stringify({ ...started, ...result }, null, 2));
    else showQuality(result);
    failOnFailedChecks(result);
  });
}
