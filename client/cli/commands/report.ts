import path from 'node:path';
import type { Command } from 'commander';
import { loadConfig, type Config } from '../../../contracts/config';
import { PlatformError } from '../../../contracts/errors';
import type { IncidentSummary } from '../../../contracts/incidents';
import { listIncidents } from '../../../incidents/list-incidents';
import { writeReport } from '../../../report/write-report';
import { runningPlatform } from '../../../workers/platform-record';
import { connectClient, externalServer } from '../../connection';
import { configuredWarehouse } from '../configured-warehouse';
import { openInBrowser } from '../open-in-browser';
import { asPublication } from '../options';
import { bytes, visible } from '../print';

interface ReportOptions {
  out?: string;
  open?: true;
  publication?: number;
  json?: true;
}

/** `mfg report`: a publication as one HTML page. */
export function addReport(program: Command): void {
  program
    .command('report')
    .summary('a publication as one HTML page')
    .description(
      'Writes one HTML file that needs no network: what is published and how far to trust it, OEE with its factors and losses by site, work unit, shift and day, downtime, orders, quality checks, publications, loads, model timings. Every figure says what it means and shows its SQL.',
    )
    .option('-o, --out <file>', 'the file to write, in a folder that exists (default: report.html in the state folder)')
    .option('--open', 'show it in the browser')
    .option('-p, --publication <number>', 'an older publication; default: the one that readers see', asPublication)
    .option('--json', 'print one JSON object instead of a line of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg report --open
  npx mfg report --out /srv/www/plant.html
  npx mfg report --publication 3 --out before.html

With MFG_REPORT_FILE set, runs write that file after each publication and each look at its quality. \`npm run dev\` shows the page
at an address that it prints. Incidents and links to runs need a Temporal server that is up: without one the page says so.`,
    )
    .action(report);
}

async function report({ out, open, publication, json }: ReportOptions): Promise<void> {
  const config = loadConfig();
  const file = path.resolve(out ?? path.join(config.stateDir, 'report.html'));
  const warehouse = await configuredWarehouse(config);
  const { incidents, webUi } = await askTemporal(config);
  const request = { publication, webUi, openIncidents: () => incidents };
  const written = await writeReport(warehouse, request, file);
  if (json) console.log(JSON.stringify(written, null, 2));
  else console.log(visible(`Publication ${written.publication}: ${bytes(written.bytes)} to ${written.file}`));
  if (open) await openInBrowser(file);
}

/** Open incidents and where the Web UI is, of a server that is up: nothing is started for a page. */
async function askTemporal(config: Config) {
  const external = externalServer(config);
  const namespace = external?.namespace ?? 'default';
  let url = config.temporalUiUrl;
  const ask = async (): Promise<IncidentSummary[]> => {
    if (external === undefined && runningPlatform(config.stateDir) === undefined)
      throw new PlatformError('the platform does not run: start `npm run dev`, then write the page again.');
    const server = await connectClient(config);
    try {
      url = server.uiUrl;
      return await listIncidents(server.client, false);
    } finally {
      await server.close();
    }
  };
  const incidents = ask();
  // The page tells the reason; what is known of the Web UI is known once this has settled.
  await incidents.catch(() => undefined);
  return { incidents, webUi: { url, namespace } };
}
