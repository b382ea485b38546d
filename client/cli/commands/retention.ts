import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import type { RetentionResult, StoredSpace } from '../../../contracts/run';
import { retentionInputSchema } from '../../../contracts/workflow-inputs';
import { retention } from '../../start-runs';
import { asNumber } from '../options';
import { bytes, fields, heading, number, plural, table } from '../print';
import { runToEnd, type RunOptions } from '../run-to-end';

interface RetentionOptions extends RunOptions {
  keepPublications?: number;
  keepDays?: number;
  graceHours?: number;
  dryRun?: true;
}

/** `mfg retention`: the workflow mfgRetention. */
export function addRetention(program: Command): void {
  const { keepPublications, keepDays, graceHours } = retentionInputSchema.shape;
  program
    .command('retention')
    .summary('remove old publications, partitions and what crashes left')
    .description(
      'Removes data sets, partitions and rejected records that no kept or pinned publication, candidate under way or open run needs, and what crashes left. What is marked is removed after the grace period, by a later run. Workflow mfgRetention.',
    )
    .option('--keep-publications <number>', 'the newest publications stay (default: 10)', asNumber(keepPublications))
    .option('--keep-days <days>', 'what readers saw within these days stays (default: 30)', asNumber(keepDays))
    .option('--grace-hours <hours>', 'from marking to removing (default: 24)', asNumber(graceHours))
    .option('--dry-run', 'change nothing, tell what would be removed')
    .option('--detach', 'start the run, print its ids and end (needs `npm run dev` or TEMPORAL_ADDRESS)')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg retention --dry-run
  npx mfg retention --keep-publications 14 --keep-days 60
  npx mfg retention --keep-publications 1 --keep-days 0 --grace-hours 0     all that can go, at once: only when nobody reads

What readers see and what is pinned (npx mfg pin) always stays.`,
    )
    .action(retain);
}

async function retain(options: RetentionOptions): Promise<void> {
  const { keepPublications, keepDays, graceHours, dryRun } = options;
  await runToEnd(
    loadConfig(),
    retention({ keepPublications, keepDays, graceHours, dryRun }),
    options,
    async ({ started, result }) => {
      if (options.json) console.log(JSON.stringify({ ...started, ...result }, null, 2));
      else showRetention(result);
    },
  );
}

/** Shows what retention removed, or would remove. */
export function showRetention(result: RetentionResult): void {
  const { rules, removed, waiting, droppedDataSets, abandonedBuilds, abandonedLoads, unknownFiles } = result;
  const won = wonBy(removed);
  console.log(heading(rules.dryRun ? `A dry run: ${won} would be won.` : `Won ${won}.`));
  const given = [
    abandonedBuilds.length > 0 && plural(abandonedBuilds.length, 'build'),
    abandonedLoads > 0 && plural(abandonedLoads, 'load'),
  ].filter(Boolean);
  console.log(
    fields([
      [
        'kept',
        `${plural(result.keptDataSets, 'data set')}: the newest ${plural(rules.keepPublications, 'publication')}, what readers saw in ${plural(rules.keepDays, 'day')}, pinned ones, candidates`,
      ],
      ['dropped now', droppedDataSets.length === 0 ? undefined : `data sets ${droppedDataSets.join(', ')}`],
      ['retired now', result.retiredPartitions === 0 ? undefined : plural(result.retiredPartitions, 'partition')],
      ['given up', given.length === 0 ? undefined : `${given.join(' and ')} that crashes left`],
      ['unknown', unknownFiles.length === 0 ? undefined : unknownFiles.join(', ')],
    ]),
  );
  if (removed.length > 0)
    console.log(`${heading(rules.dryRun ? 'Would be removed' : 'Removed')}\n${spaceTable(removed)}`);
  if (waiting.length > 0) {
    console.log(`${heading('Marked, and waiting')}\n${spaceTable(waiting)}`);
    console.log(
      `They go ${plural(rules.graceHours, 'hour')} after they were marked, once no kept data set lists them.`,
    );
  }
}

/** The space of what goes; of what has no known size, how many things it is. */
function wonBy(removed: StoredSpace[]): string {
  const known = removed.reduce((sum, kind) => sum + (kind.bytes ?? 0), 0);
  const others = removed.filter((kind) => kind.bytes === null).reduce((sum, kind) => sum + kind.items, 0);
  if (others === 0) return bytes(known);
  return `the space of ${plural(others, 'item')}${known === 0 ? '' : ` and ${bytes(known)}`}`;
}

function spaceTable(spaces: StoredSpace[]): string {
  return table(
    ['what', 'items', 'space'],
    spaces.map(({ kind, items, bytes: size }) => [kind, number(items), size === null ? 'not known' : bytes(size)]),
    { right: ['items', 'space'] },
  );
}
