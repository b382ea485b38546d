import { InvalidArgumentError, type Command } from 'commander';
import { loadConfig, type Config } from '../../../contracts/config';
import { InvalidInputError } from '../../../contracts/errors';
import type { RawIngestionResult } from '../../../contracts/run';
import { rawIngestionInputSchema, type RawIngestionInput } from '../../../contracts/workflow-inputs';
import { connectClient } from '../../connection';
import { rawIngestion } from '../../start-runs';
import { planIngestion } from '../ingestion-plan';
import { configuredWarehouse } from '../configured-warehouse';
import { as, asEach } from '../options';
import { planText } from '../plan-text';
import { runToEnd, type RunOptions } from '../run-to-end';
import { failOnWhatFailed, showIngestion } from '../show-results';

interface BackfillOptions extends RunOptions {
  from?: string;
  to?: string;
  failedOf?: string;
  reload?: true;
  parallel?: number;
  publish?: 'once' | 'each';
  table?: string[];
  system?: string;
  acceptSmaller?: string[];
  plan?: true;
}

const { from, to, tables, sourceSystem, parallel, publish } = rawIngestionInputSchema.shape;

/** `mfg backfill`: the workflow mfgRawIngestion with a range of dates, or with those that an earlier one left out. */
export function addBackfill(program: Command): void {
  program
    .command('backfill')
    .summary('load a range of dates: one build, one publication')
    .description(
      'Loads what is pending of a range of logical dates (with --reload everything), builds once and publishes once. A date of which a delivery cannot be loaded is left out whole, listed, and stays pending; the others are published. Workflow mfgRawIngestion.',
    )
    .option('--from <yyyy-mm-dd>', 'first logical date', as(from))
    .option('--to <yyyy-mm-dd>', 'last logical date', as(to))
    .option('--failed-of <workflow id>', 'instead: the dates that this backfill listed as failed, and nothing else')
    .option('--reload', 'load again what is published and has not changed, or was withdrawn by a rollback')
    .option('--parallel <n>', 'batches loaded at once; default: MFG_PARALLEL_LOADS', asParallel)
    .option('--publish <once|each>', 'each: every date is a run and a publication of its own, in order', as(publish))
    .option('-t, --table <name...>', 'only these tables', asEach(tables.unwrap().element))
    .option('-s, --system <name>', 'source system; may be left out while there is only one', as(sourceSystem))
    .option(
      '--accept-smaller <table...>',
      'take deliveries of these tables that are far smaller than what they replace',
      asEach(tables.unwrap().element),
    )
    .option('--detach', 'start the run, print its ids and end (needs `npm run dev` or TEMPORAL_ADDRESS)')
    .option('--json', 'print one JSON object instead of text')
    .option('--plan', 'show what would be loaded, without loading anything')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg backfill --from 2026-01-05 --to 2026-03-31 --plan
  npx mfg backfill --from 2026-01-05 --to 2026-03-31
  npx mfg backfill --from 2026-02-01 --to 2026-02-07 --reload --table sensor_readings
  npx mfg backfill --failed-of mfg-raw-ingestion-backfill-20260401T060000Z-1a2b     its failed dates alone
  npx mfg runs pause WORKFLOW_ID                 hold it; \`npx mfg runs resume\` lets it go on

Exit code 1 when dates were left out, although the others are published.`,
    )
    .action(backfill);
}

async function backfill(options: BackfillOptions, command: Command): Promise<void> {
  const config = loadConfig();
  const input: RawIngestionInput = {
    ...(await datesOf(config, options)),
    ...(options.system && { sourceSystem: options.system }),
    ...(options.reload && { reload: true }),
    ...(options.parallel && { parallel: options.parallel }),
    ...(options.publish && { publish: options.publish }),
    ...(options.table && { tables: options.table }),
    ...(options.acceptSmaller && { acceptSmaller: options.acceptSmaller }),
  };
  const request = rawIngestion(input);
  if (options.plan) {
    if (options.detach) command.error('error: --plan starts nothing, so it cannot be combined with --detach');
    const plan = await planIngestion(config, input);
    console.log(options.json ? JSON.stringify(plan, null, 2) : planText(plan));
    return;
  }
  await runToEnd(config, request, options, async ({ started, result }) => {
    if (options.json) console.log(JSON.stringify({ ...started, ...result }, null, 2));
    else await showIngestion(await configuredWarehouse(config), result, 'the newest of the range');
    failOnWhatFailed(result);
  });
}

/** @throws InvalidInputError when neither a range nor a run is named, or that run left nothing out. */
async function datesOf(config: Config, { from, to, failedOf }: BackfillOptions): Promise<RawIngestionInput> {
  if (failedOf === undefined) {
    if (from === undefined || to === undefined) {
      throw new InvalidInputError('a backfill needs --from and --to, or --failed-of with the id of an earlier one.');
    }
    return { from, to };
  }
  if (from !== undefined || to !== undefined) {
    throw new InvalidInputError('--failed-of knows its dates already: leave --from and --to out.');
  }
  // What failed may be published from an earlier load, so that it is not pending: it is asked for by name.
  return { dates: await failedDatesOf(config, failedOf), reload: true };
}

async function failedDatesOf(config: Config, workflowId: string): Promise<string[]> {
  const connected = await connectClient(config);
  try {
    const { type, status } = await connected.client.workflow.getHandle(workflowId).describe();
    if (type !== 'mfgRawIngestion' || status.name !== 'COMPLETED') {
      throw new InvalidInputError(
        `${workflowId} is ${status.name.toLowerCase()}: only a backfill that has completed lists failed dates; ` +
          `of one that failed no date was loaded, so name its range with --from and --to.`,
      );
    }
    const result = (await connected.client.workflow.getHandle(workflowId).result()) as RawIngestionResult;
    const dates = (result.failedDates ?? []).map(({ date }) => date);
    if (dates.length === 0) throw new InvalidInputError(`${workflowId} left no date out: there is nothing to retry.`);
    return dates;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error;
    throw new InvalidInputError(`there is no run ${workflowId}: \`npx mfg temporal workflow list\` shows them.`);
  } finally {
    await connected.close();
  }
}

function asParallel(text: string): number {
  if (!/^\d{1,2}$/.test(text) || !parallel.safeParse(Number(text)).success) {
    throw new InvalidArgumentError('It must be a number from 1 to 64.');
  }
  return Number(text);
}
