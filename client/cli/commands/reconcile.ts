import type { Command } from 'commander';
import { loadConfig, type Config } from '../../../contracts/config';
import type { Disagreement, Warehouse } from '../../../warehouse/warehouse';
import { connectClient } from '../../connection';
import { reconcileRuns } from '../../reconcile-runs';
import { CommandFailure } from '../failures';
import { configuredWarehouse } from '../configured-warehouse';
import { plural, table, visible } from '../print';

interface ReconcileOptions {
  /** False: the warehouse only. */
  temporal: boolean;
  checksums?: true;
  json?: true;
}

/** `mfg reconcile`: do Temporal, the audits, the publication log and what the warehouse holds say the same? */
export function addReconcile(program: Command): void {
  program
    .command('reconcile')
    .summary("compare Temporal's histories, the audits, the log and the data")
    .description(
      "Compares Temporal's histories, the load and dbt audits, the publication log, what readers see, the rows of the partitions and the data sets, and names every disagreement in one line. Changes nothing.",
    )
    .option('--no-temporal', 'only the warehouse')
    .option('--checksums', 'read every row of every partition, and compare its checksum (DuckDB)')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg reconcile
  npx mfg reconcile --checksums --no-temporal      are the bytes still those that were loaded?
  npx mfg reconcile --json | jq '.disagreements[] | select(.severity == "ERROR")'

Exit code 1 when there is an ERROR or a WARN. INFO is what is to be expected: an expired history, what a crash left.`,
    )
    .action(reconcile);
}

async function reconcile(options: ReconcileOptions): Promise<void> {
  const config = loadConfig();
  const warehouse = await configuredWarehouse(config);
  const disagreements = await warehouse.reconcile({ checksums: options.checksums === true });
  if (options.temporal) disagreements.push(...(await runsAgainstTemporal(config, warehouse)));
  const worst = disagreements.filter(({ severity }) => severity !== 'INFO');
  if (options.json) console.log(JSON.stringify({ clean: worst.length === 0, disagreements }, null, 2));
  else showDisagreements(disagreements);
  if (worst.length > 0) throw new CommandFailure(options.json ? '' : `${plural(worst.length, 'disagreement')}.`);
}

async function runsAgainstTemporal(config: Config, warehouse: Warehouse): Promise<Disagreement[]> {
  const connected = await connectClient(config);
  try {
    return await reconcileRuns(connected.client, await warehouse.recordedRuns());
  } finally {
    await connected.close();
  }
}

const WORST_FIRST = ['ERROR', 'WARN', 'INFO'];

function showDisagreements(disagreements: Disagreement[]): void {
  const rows = [...disagreements]
    .sort((a, b) => WORST_FIRST.indexOf(a.severity) - WORST_FIRST.indexOf(b.severity))
    .map(({ severity, what, advice }) => [severity, visible(what), advice]);
  if (rows.length > 0) console.log(table(['', 'what', 'do'], rows));
  if (rows.every(([severity]) => severity === 'INFO')) console.log('All agree.');
}
