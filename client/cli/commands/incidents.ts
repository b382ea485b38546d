import type { Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import type { Incident } from '../../../contracts/incidents';
import { runUrl } from '../../../contracts/run-url';
import { withServer } from '../../connection';
import { listIncidents } from '../../../incidents/list-incidents';
import { findIncident, undeliveredAlerts } from '../../incidents';
import { showIncident, showIncidents } from '../show-incidents';
import { addActs } from './incidents-act';

/** `mfg incidents`: what fails, since when, who looks at it. */
export function addIncidents(program: Command): void {
  const incidents = program
    .command('incidents')
    .summary('what fails since when, and who looks at it')
    .description(
      'Lists open incidents: one per failing check and table, failing kind of run, held candidate. Below it alerts that their receiver has not taken. An incident is named by its id, or as <check>/<table>.',
    )
    .option('--all', 'also those that have been resolved')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg incidents
  npx mfg incidents show duplicates_conflicting/batches        what was found, and who did what
  npx mfg incidents ack duplicates_conflicting/batches         I look at it
  npx mfg incidents silence freshness_event/sensor_readings --for 2d --reason "line 2 is rebuilt"
  npx mfg incidents resolve duplicates_conflicting/batches --reason "a test batch"
  npx mfg incidents --json | jq '.incidents[] | select(.worst == "FAIL")'`,
    )
    .action(list);
  incidents
    .command('show')
    .summary('one incident: what was found, and who did what')
    .description('Shows the newest incident of a check and table, also when it has been resolved.')
    .argument('<incident>', 'its id, or <check>/<table>')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', '\nExamples:\n  npx mfg incidents show run_failed/mfgRawIngestion')
    .action(show);
  addActs(incidents);
}

async function list(options: { all?: true; json?: true }): Promise<void> {
  await withServer(loadConfig(), async ({ client }) => {
    const incidents = await listIncidents(client, options.all === true);
    const undelivered = await undeliveredAlerts(client);
    if (options.json) console.log(JSON.stringify({ incidents, undelivered }, null, 2));
    else showIncidents(incidents, undelivered);
  });
}

async function show(id: string, _options: object, command: Command): Promise<void> {
  await withServer(loadConfig(), async ({ client, uiUrl, namespace }) => {
    const incident: Incident = await findIncident(client, id);
    const url = runUrl(uiUrl, namespace, { workflowId: incident.id, runId: incident.firstRunId });
    if (command.optsWithGlobals().json) console.log(JSON.stringify({ ...incident, url: url ?? null }, null, 2));
    else showIncident(incident, url);
  });
}
