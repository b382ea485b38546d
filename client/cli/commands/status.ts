import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { loadConfig, type Config } from '../../../contracts/config';
import { loadSnowflakeSettings } from '../../../contracts/snowflake-settings';
import { InvalidInputError, TerminalError } from '../../../contracts/errors';
import type { QueryResult } from '../../../warehouse/warehouse';
import { runningPlatform } from '../../../workers/platform-record';
import { connectClient, externalServer } from '../../connection';
import { assertWorkerPolls } from '../../worker-polls';
import { openIncidentCount } from '../../incidents';
import { configuredWarehouse } from '../configured-warehouse';
import { fields, heading, number, table } from '../print';
import type { PublicationEntry } from '../../../contracts/publications';
import { lastEntries } from '../../../warehouse/publication-entries';
import { publicationTable } from '../show-publications';
import { lastLoads } from '../warehouse-facts';

const ENTRIES_SHOWN = 10;

/** `mfg status`: what is published, what was loaded, what runs. */
export function addStatus(program: Command): void {
  program
    .command('status')
    .summary('what is published, the last loads, what runs')
    .description(
      'Shows the publication that readers see, the last publications and loads, and whether a platform runs.',
    )
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', '\nExamples:\n  npx mfg status\n  npx mfg status --json | jq .publication')
    .action(status);
}

/** Where Temporal is, in a word for people. */
interface PlatformState {
  state: 'runs' | 'runs for a command' | 'does not run' | 'no worker' | 'not reachable' | 'in use otherwise';
  address?: string | undefined;
  uiUrl?: string | undefined;
  /** As Temporal's visibility has it. */
  openIncidents?: number;
  /** One sentence, when something is wrong. */
  problem?: string;
}

async function status(options: { json?: true }): Promise<void> {
  const config = loadConfig();
  const [platform, warehouse] = await Promise.all([platformState(config), warehouseState(config)]);
  const folders = { state: config.stateDir, source: config.sourceDir, dbt: config.dbtDir };
  if (options.json) {
    console.log(JSON.stringify({ ...warehouse, warehouse: config.warehouse, platform, folders }, null, 2));
    return;
  }
  const { publication, publications, loads } = warehouse;
  console.log(
    fields([
      ['publication', publication === null ? 'nothing is published yet: run `npx mfg ingest`' : String(publication)],
      ['warehouse', warehouseText(config)],
      ['platform', [platform.state, platform.problem].filter(Boolean).join(': ')],
      ['Temporal', platform.address],
      ['Web UI', platform.uiUrl],
      ['incidents', incidentsText(platform.openIncidents)],
      ['state folder', folders.state],
      ['source folder', `${folders.source}${existsSync(folders.source) ? '' : ' (does not exist)'}`],
      ['dbt project', `${folders.dbt}${existsSync(folders.dbt) ? '' : ' (does not exist)'}`],
    ]),
  );
  if (publications.length > 0)
    console.log(
      `${heading('Publications (raw.raw_publication; `npx mfg publications` knows more)')}\n${publicationTable(publications, publication)}`,
    );
  if (loads.length > 0) console.log(`${heading('Loads (raw.raw_load_audit)')}\n${loadTable(loads)}`);
}

function incidentsText(open: number | undefined): string | undefined {
  if (open === undefined) return undefined;
  return open === 0 ? 'none is open' : `${number(open)} open: \`npx mfg incidents\` lists them`;
}

/** Where the data lives. */
function warehouseText(config: Config): string {
  if (config.warehouse === 'duckdb') return 'DuckDB, in the state folder';
  const { account, names } = loadSnowflakeSettings();
  return `Snowflake, account ${account}: database ${names.database}, store ${names.store}`;
}

interface WarehouseState {
  publication: number | null;
  publications: PublicationEntry[];
  loads: QueryResult['rows'];
}

async function warehouseState(config: Config): Promise<WarehouseState> {
  const warehouse = await configuredWarehouse(config);
  const publication = await warehouse.head();
  if (publication === undefined) return { publication: null, publications: [], loads: [] };
  return {
    publication,
    publications: await lastEntries(warehouse, ENTRIES_SHOWN),
    loads: await lastLoads(warehouse, ENTRIES_SHOWN),
  };
}

async function platformState(config: Config): Promise<PlatformState> {
  const external = externalServer(config);
  if (external === undefined) return embeddedState(config);
  const { address } = external;
  try {
    const connected = await connectClient(config);
    try {
      await assertWorkerPolls(connected);
      const openIncidents = await openIncidentCount(connected.client);
      return { state: 'runs', address, uiUrl: connected.uiUrl, openIncidents };
    } catch (error) {
      return { state: 'no worker', address, uiUrl: connected.uiUrl, problem: sentence(error) };
    } finally {
      await connected.close();
    }
  } catch (error) {
    return { state: 'not reachable', address, problem: sentence(error) };
  }
}

async function embeddedState(config: Config): Promise<PlatformState> {
  if (runningPlatform(config.stateDir) === undefined) return { state: 'does not run' };
  try {
    const server = await connectClient(config);
    const { client, lease, address, uiUrl } = server;
    try {
      const openIncidents = await openIncidentCount(client);
      return { state: lease?.staysUp ? 'runs' : 'runs for a command', address, uiUrl, openIncidents };
    } finally {
      await server.close();
    }
  } catch (error) {
    return { state: 'in use otherwise', problem: sentence(error) };
  }
}

function sentence(error: unknown): string {
  if (error instanceof TerminalError && !(error instanceof InvalidInputError)) return error.message;
  throw error;
}

function loadTable(loads: QueryResult['rows']): string {
  return table(
    [
      'started (UTC)',
      'dates',
      'partitions',
      'current',
      'reused',
      'rows',
      'rejected',
      'drift',
      'failed attempts',
      'LOAD_ID',
    ],
    loads.map((row) => [
      time(row.started_at),
      row.first_date === row.last_date ? text(row.first_date) : `${text(row.first_date)} to ${text(row.last_date)}`,
      ...[
        row.partitions,
        row.current_partitions,
        row.reused,
        row.rows_loaded,
        row.rows_rejected,
        row.drift_events,
        row.failed_attempts,
      ].map(number),
      text(row.load_id),
    ]),
    { right: ['partitions', 'current', 'reused', 'rows', 'rejected', 'drift', 'failed attempts'], whole: ['LOAD_ID'] },
  );
}

function text(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

function time(value: unknown): string {
  return text(value).slice(0, 19);
}
