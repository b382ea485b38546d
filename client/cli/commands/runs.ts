import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { loadConfig, type Config } from '../../../contracts/config';
import { runUrl } from '../../../contracts/run-url';
import { rawIngestionInputSchema } from '../../../contracts/workflow-inputs';
import { withServer, type ConnectedClient } from '../../connection';
import {
  findRun,
  listRuns,
  RUN_STATUSES,
  RUN_TYPES,
  summaryOf,
  type RunStatus,
  type RunType,
} from '../../runs/find-runs';
import { readStory } from '../../runs/run-history';
import { configuredWarehouse } from '../configured-warehouse';
import { as } from '../options';
import { candidatesOf, logOf, phasesOf } from '../run-words';
import { logText, runsText, runText, type ShownRun } from '../show-runs';
import { loadedTables } from '../warehouse-facts';
import { addRunActs } from './runs-act';

const LISTED = 20;
const LONGEST_LIST = 1_000;

/** `mfg runs`: which runs there are, what each did, and what can be done to them. */
export function addRuns(program: Command): void {
  const runs = program
    .command('runs')
    .summary('list, show, retry and steer runs')
    .description(
      'What Temporal knows of the runs: which there are, what each did, and what can be done to them. A run is named by its workflow id.',
    )
    .addHelpText(
      'after',
      `
Examples:
  npx mfg runs list --status failed
  npx mfg runs show nightly-ingestion-2026-03-11T02:30:00Z       phases, tables, why it failed
  npx mfg runs logs nightly-ingestion-2026-03-11T02:30:00Z --dbt
  npx mfg runs retry nightly-ingestion-2026-03-11T02:30:00Z      the same work anew
  npx mfg runs retry nightly-ingestion-2026-03-11T02:30:00Z --from build     its loads stand: a model was mended
  npx mfg runs cancel mfg-raw-ingestion-backfill-20260401T060000Z-1a2b
  npx mfg runs pause mfg-raw-ingestion-backfill-20260401T060000Z-1a2b
  npx mfg runs resume mfg-raw-ingestion-backfill-20260401T060000Z-1a2b`,
    );
  runs
    .command('list')
    .summary('which runs there are')
    .description(
      `Lists runs that people or schedules started, and their quality checks, newest first. Temporal keeps those that have ended for the namespace's retention.`,
    )
    .addOption(new Option('--type <workflow...>', 'only of these types').choices(RUN_TYPES))
    .addOption(new Option('--status <status>', 'only these').choices(RUN_STATUSES))
    .option('--outcome <word>', 'only with this outcome, such as PUBLISHED or FAILED', asWord)
    .option('--date <yyyy-mm-dd>', 'only of this logical date', as(rawIngestionInputSchema.shape.logicalDate))
    .option(
      '--since <yyyy-mm-dd>',
      'only those that began on this day (UTC) or later',
      as(rawIngestionInputSchema.shape.logicalDate),
    )
    .option('--limit <number>', 'so many at most', asLimit, LISTED)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `\nExamples:\n  npx mfg runs list --status running\n  npx mfg runs list --type mfgRawIngestion --date 2026-03-11\n  npx mfg runs list --limit 200 --json | jq '.runs[] | select(.rows > 100000)'`,
    )
    .action(list);
  runs
    .command('show')
    .summary('what a run did: phases, tables, why it failed')
    .description(
      'Shows the newest run under a workflow id: its phases with times, the rows of each table, its parts, the sentence with which it failed, where it is in the Web UI.',
    )
    .argument('<workflow id>', 'as `npx mfg runs list` prints it')
    .option('--run-id <id>', 'an earlier one under the same workflow id')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', '\nExamples:\n  npx mfg runs show nightly-ingestion-2026-03-11T02:30:00Z')
    .action(show);
  runs
    .command('logs')
    .summary('what a run did, line by line')
    .description(
      "Prints what the run did, from its history: each step when it ended, retries, updates. With --dbt also dbt's own logs of its builds, where this machine keeps them.",
    )
    .argument('<workflow id>', 'as `npx mfg runs list` prints it')
    .option('--run-id <id>', 'an earlier one under the same workflow id')
    .option('--dbt', "dbt's own logs too")
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      '\nExamples:\n  npx mfg runs logs nightly-ingestion-2026-03-11T02:30:00Z\n  npx mfg runs logs nightly-ingestion-2026-03-11T02:30:00Z --dbt | grep -i error',
    )
    .action(logs);
  addRunActs(runs);
}

interface ListOptions {
  type?: RunType[];
  status?: RunStatus;
  outcome?: string;
  date?: string;
  since?: string;
  limit: number;
  json?: true;
}

async function list({ type, status, outcome, date, since, limit, json }: ListOptions): Promise<void> {
  await connected(async ({ client, uiUrl, namespace }) => {
    const runs = await listRuns(client, {
      ...(type && { types: type }),
      ...(status && { status }),
      ...(outcome && { outcome }),
      ...(date && { logicalDate: date }),
      ...(since && { since: new Date(`${since}T00:00:00Z`) }),
      limit,
    });
    if (!json) return console.log(runsText(runs));
    console.log(
      JSON.stringify({ runs: runs.map((run) => ({ ...run, url: runUrl(uiUrl, namespace, run) ?? null })) }, null, 2),
    );
  });
}

interface OneRunOptions {
  runId?: string;
  dbt?: true;
  json?: true;
}

async function show(workflowId: string, { runId, json }: OneRunOptions): Promise<void> {
  await connected(async ({ client, uiUrl, namespace }, config) => {
    const run = summaryOf(await findRun(client, workflowId, runId));
    const story = await readStory(client, workflowId, run.runId);
    const warehouse = await configuredWarehouse(config);
    const shown: ShownRun = {
      ...run,
      failure: story.failure ?? null,
      url: runUrl(uiUrl, namespace, run) ?? null,
      input: story.input[0] ?? {},
      phases: phasesOf(story),
      // A worker elsewhere may keep its state elsewhere: then this machine knows nothing of the load.
      tables: run.loadId === null ? [] : await loadedTables(warehouse, run.loadId).catch(() => []),
      parts: story.steps
        .filter((step) => step.workflowId !== undefined && step.name !== 'mfgAlert')
        .map(({ workflowId: part = '', outcome }) => ({
          ...{ workflowId: part, outcome },
          url: runUrl(uiUrl, namespace, { workflowId: part, runId: '' })?.replace(/\/$/, '') ?? null,
        })),
    };
    console.log(json ? JSON.stringify(shown, null, 2) : runText(shown));
  });
}

async function logs(workflowId: string, { runId, dbt, json }: OneRunOptions): Promise<void> {
  await connected(async ({ client }, config) => {
    const run = await findRun(client, workflowId, runId);
    const story = await readStory(client, workflowId, run.runId);
    const lines = logOf(story);
    const dbtLogs = candidatesOf(story).map((candidate) => {
      const file = path.join(config.stateDir, 'builds', String(candidate), 'logs', 'dbt.log');
      return { candidate, file: existsSync(file) ? file : null };
    });
    if (json) {
      const times = lines.map(({ at, text }) => ({ at: new Date(at).toISOString(), text }));
      const texts = dbtLogs.map((log) => ({
        ...log,
        ...(dbt && log.file !== null && { text: readFileSync(log.file, 'utf8') }),
      }));
      return console.log(JSON.stringify({ workflowId, runId: run.runId, lines: times, dbt: texts }, null, 2));
    }
    console.log(logText(lines));
    for (const { candidate, file } of dbtLogs) {
      if (file === null) console.error(`dbt's log of candidate ${candidate} is not kept on this machine.`);
      else
        console.log(
          dbt
            ? `\ndbt's log of candidate ${candidate}, ${file}\n${readFileSync(file, 'utf8')}`
            : `\ndbt's log of candidate ${candidate}: ${file} (--dbt shows it)`,
        );
    }
  });
}

async function connected(work: (server: ConnectedClient, config: Config) => Promise<void>): Promise<void> {
  const config = loadConfig();
  await withServer(config, (server) => work(server, config));
}

function asLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > LONGEST_LIST)
    throw new InvalidArgumentError(`It must be a number from 1 to ${LONGEST_LIST}.`);
  return limit;
}

function asWord(text: string): string {
  if (!/^[A-Za-z_]{1,60}$/.test(text)) throw new InvalidArgumentError('It must be one word, such as PUBLISHED.');
  return text.toUpperCase();
}
