import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import type { ShownRun } from '../../client/cli/show-runs';
import type { RunSummary } from '../../client/runs/find-runs';
import type { RawIngestionResult } from '../../contracts/run';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { mfg } from '../support/command-line';
import { LiveBench, shippedDates, until } from '../support/live-bench';
import { deliver } from '../support/scratch';
import { SMALL_TABLES } from '../support/small-dbt';

const [DAY = '', NEXT = ''] = shippedDates();
let bench: LiveBench;
let client: Client;

beforeAll(async () => {
  bench = new LiveBench([DAY]);
  client = await bench.startServer();
  await bench.startWorker();
  const { stateDir, sourceDir, dbtDir } = bench.config;
  Object.assign(process.env, {
    ...{ TEMPORAL_ADDRESS: bench.address, MFG_STATE_DIR: stateDir, MFG_SOURCE_DIR: sourceDir, MFG_DBT_DIR: dbtDir },
  });
});

/** Runs an ingestion to its end, however it ends. */
async function ingest(workflowId: string): Promise<RawIngestionResult | undefined> {
  const handle = await client.workflow.start('mfgRawIngestion', { taskQueue: TASK_QUEUE, workflowId });
  return (await handle.result().catch(() => undefined)) as RawIngestionResult | undefined;
}

async function json<T>(...args: string[]): Promise<T> {
  const { out } = await mfg('runs', ...args, '--json');
  return JSON.parse(out) as T;
}

const listed = async (...filters: string[]) => (await json<{ runs: RunSummary[] }>('list', ...filters)).runs;

/** In order: each case goes on from what the one before left. */
describe('mfg runs', () => {
  it('show has phases, tables, parts and a way to the Web UI; logs say what came of each step', async () => {
    const result = await ingest('first');
    const shown = await json<ShownRun>('show', 'first');
    expect(shown).toMatchObject({
      ...{
        status: 'completed',
        outcome: 'PUBLISHED',
        logicalDate: DAY,
        publication: 1,
        rows: result?.loads.rowsLoaded,
      },
      ...{ failure: null, loadId: result?.loadId, parts: [{ workflowId: 'first-quality', outcome: 'done' }] },
    });
    expect(shown.phases.map(({ phase }) => phase)).toEqual(
      expect.arrayContaining(['look for deliveries', 'load', 'build and test with dbt', 'publish', 'quality checks']),
    );
    for (const { startedAt, endedAt = 0 } of shown.phases) expect(endedAt).toBeGreaterThanOrEqual(startedAt);
    expect(shown.tables.map(({ table_name: table }) => table)).toEqual([...SMALL_TABLES].sort());
    expect(shown.tables.reduce((sum, { rows_loaded: rows }) => sum + Number(rows), 0)).toBe(shown.rows);
    const { memo } = await client.workflow.getHandle('first').describe();
    const remembered = Object.entries((memo as { tables: Record<string, { rows: number }> }).tables);
    expect(remembered.map(([table, { rows }]) => [table, rows])).toEqual(
      shown.tables.map(({ table_name: table, rows_loaded: rows }) => [table, Number(rows)]),
    );

    const { out } = await mfg('runs', 'logs', 'first', '--dbt');
    expect(out).toMatch(new RegExp(`load materials ${DAY} \\(\\d of 4\\): materials: \\d+ rows, \\d+ rejected, `));
    expect(out).toMatch(/build and test all models: candidate 1 BUILT, \d+ models, \d+ tests/);
    expect(out).toMatch(/publish 1: publication 1, .*\n[^]*the run ended well/);
    expect(out).toMatch(/dbt's log of candidate 1, .*dbt\.log\n[^]*Running with dbt/);
  });

  it('retry starts the work of a failed run anew, with the date that it had', async () => {
    bench.deliverShipped(NEXT);
    deliver(bench.sourceDir, `mes/${NEXT}/batches.csv.gz`, 'batch_id,nonsense\n1,2\n');
    await ingest('broken');
    const { failure, outcome } = await json<ShownRun>('show', 'broken');
    expect({ failure, outcome }).toEqual({
      failure: expect.stringMatching(/the header lacks 'material_id'/) as unknown,
      outcome: 'FAILED',
    });
    bench.deliverShipped(NEXT);
    const again = await json<RawIngestionResult & { workflowId: string }>('retry', 'broken');
    expect(again).toMatchObject({ outcome: 'PUBLISHED', logicalDate: NEXT, publication: 2 });
    expect(again.workflowId).toMatch(new RegExp(`^mfg-raw-ingestion-${NEXT}-`));
  });

  it('retry --from build sets a run back to its build: its loads stand, under its LOAD_ID', async () => {
    const model = path.join(bench.config.dbtDir, 'models', 'staging', 'mes', 'stg_mes__materials.sql');
    const whole = readFileSync(model, 'utf8');
    writeFileSync(model, 'select no_such_column\n');
    await ingest('unbuilt');
    const failed = await json<ShownRun>('show', 'unbuilt');
    expect(failed.failure).toMatch(/^a dbt node failed.*stg_mes__materials: .*no_such_column/);
    writeFileSync(model, whole);
    const loads = () => bench.value("select count(*) from raw.raw_load_audit where status = 'STARTED'");
    const before = await loads();
    const again = await json<RawIngestionResult>('retry', 'unbuilt', '--from', 'build');
    expect(again).toMatchObject({ outcome: 'PUBLISHED', loadId: failed.loadId });
    expect(await loads()).toBe(before);
    expect(await bench.value('select distinct load_id from raw.current_load where logical_date = ' + `'${NEXT}'`)).toBe(
      failed.loadId,
    );
  });

  it('cancel ends a run and says what readers have; what has ended, or is not there, is named', async () => {
    await client.workflow.start('mfgDbtTransform', { taskQueue: TASK_QUEUE, workflowId: 'long' });
    await until('it is under way', async () =>
      (await listed('--status', 'running')).some(({ workflowId }) => workflowId === 'long'),
    );
    expect(await mfg('runs', 'cancel', 'long')).toMatchObject({
      code: 0,
      out: 'Cancelled: the run published nothing, readers keep what they had.\n',
    });
    expect(await mfg('runs', 'cancel', 'long')).toMatchObject({
      code: 2,
      err: 'long has ended already (cancelled): there is nothing to cancel.\n',
    });
    expect((await mfg('runs', 'retry', 'nope')).err).toBe('there is no run nope: `npx mfg runs list` shows them.\n');
    expect((await mfg('runs', 'retry', 'broken', '--from', 'build')).err).toBe(
      'broken has not come to a build: leave --from out, to start it anew.\n',
    );
    expect((await mfg('runs', 'list', '--status', 'odd')).code).toBe(2);
  });

  it('list filters by type, status, outcome and date, newest first', async () => {
    await until('visibility has followed', async () => (await listed('--status', 'cancelled')).length === 1);
    const ids = async (...filters: string[]) => (await listed(...filters)).map(({ workflowId }) => workflowId);
    expect(await ids('--status', 'cancelled')).toEqual(['long']);
    expect(await ids('--outcome', 'failed')).toEqual(['unbuilt', 'broken']);
    expect(await ids('--type', 'mfgRawIngestion', '--date', DAY)).toEqual(['first']);
    expect(await ids('--type', 'mfgDataQualityMonitoring')).toEqual(
      expect.arrayContaining(['first-quality', 'unbuilt-quality']),
    );
    expect(await ids('--limit', '1')).toEqual(['long']);
    expect((await mfg('runs', 'list', '--type', 'mfgRawIngestion')).out).toMatch(
      /^started \(UTC\) +workflow +status +date +outcome +rows/,
    );
  });
});
