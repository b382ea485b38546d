import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { venvProgram } from '../../contracts/installation';
import type { DataQualityResult } from '../../contracts/quality';
import type { RawIngestionResult, RetentionResult } from '../../contracts/run';
import { readSourceContracts } from '../../contracts/source-contract';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { DBT_DIR } from '../support/data-set';
import { disagreements } from '../support/reconciled';
import { delivered, seen } from '../support/exact-counts';
import { filesBelow, LiveBench, shippedDates, until } from '../support/live-bench';

const run = promisify(execFile);
let tables: string[];
let bench: LiveBench;
let client: Client;

beforeAll(async () => {
  const systems = await readSourceContracts(DBT_DIR);
  tables = systems.flatMap((system) => system.tables.map((table) => table.name));
  bench = new LiveBench(shippedDates().slice(0, 3), DBT_DIR);
  client = await bench.startServer();
  await bench.startWorker();
});

let runs = 0;

async function ingest(input?: object): Promise<RawIngestionResult> {
  const options = { taskQueue: TASK_QUEUE, workflowId: `e2e-${++runs}`, args: input === undefined ? [] : [input] };
  return (await client.workflow.execute('mfgRawIngestion', options)) as RawIngestionResult;
}

/** The sentence with which a run failed. */
async function failureOf(result: Promise<unknown>): Promise<string> {
  const error = (await result.then(
    () => new Error('the run did not fail'),
    (e: unknown) => e,
  )) as Error & { cause?: Error };
  return error.cause?.message ?? error.message;
}

describe('the main job on the real server', () => {
  it('loads all days without input, builds, publishes and monitors', async () => {
    const dates = shippedDates().slice(0, 3);
    const result = await ingest();
    expect(result).toMatchObject({
      outcome: 'PUBLISHED',
      logicalDate: dates.at(-1),
      logicalDates: dates,
      loads: { partitions: 3 * tables.length },
      quality: { failed: 0 },
    });
    expect(await seen(bench, tables)).toEqual(delivered(bench, dates, tables));
    // Two sites, three days each at the least.
    expect(Number(await bench.value('select count(*) from marts.plant_day_kpis'))).toBeGreaterThanOrEqual(6);
    expect(Number(await bench.value('select count(*) from raw.data_quality_audit'))).toBe(result.quality?.checks);
  });

  it('loads the own date again on a second run, under its own LOAD_ID, and nothing else', async () => {
    const before = await bench.rows('select * from marts.plant_day_kpis order by all');
    const result = await ingest();
    expect(result).toMatchObject({ outcome: 'PUBLISHED', loads: { partitions: tables.length }, publication: 2 });
    expect(await bench.value('select count(distinct _load_id) from raw.materials_history')).toBe('2');
    expect((await bench.rows('select distinct _load_id from raw.materials')).map((r) => r._load_id)).toEqual([
      result.loadId,
    ]);
    expect(await bench.rows('select * from marts.plant_day_kpis order by all')).toEqual(before);
  });

  it('a schedule a week on finds the data stale, whatever planned dates lie in the future', async () => {
    const address = (client.connection as unknown as { options: { address: string } }).options.address;
    await run(venvProgram('temporal'), [
      ...['schedule', 'create', '--address', address, '--schedule-id', 'nightly', '--cron', '0 2 * * *'],
      ...['--time-zone', 'Europe/Berlin', '--task-queue', TASK_QUEUE, '--type', 'mfgRawIngestion'],
      ...['--workflow-id', 'scheduled-ingestion'],
    ]);
    await run(venvProgram('temporal'), ['schedule', 'trigger', '--address', address, '--schedule-id', 'nightly']);
    let result: RawIngestionResult | undefined;
    await until('the scheduled run ends', async () => {
      await sleep(250);
      for await (const { workflowId, runId, status } of client.workflow.list({
        query: "WorkflowId STARTS_WITH 'scheduled-ingestion' AND WorkflowType = 'mfgRawIngestion'",
      })) {
        if (status.name === 'COMPLETED' && !workflowId.endsWith('-quality')) {
          result = (await client.workflow.getHandle(workflowId, runId).result()) as RawIngestionResult;
        }
      }
      return result !== undefined;
    });
    await run(venvProgram('temporal'), ['schedule', 'delete', '--address', address, '--schedule-id', 'nightly']);
    expect(result).toMatchObject({ outcome: 'NOTHING_NEW', publication: null });
    const { findings, failed } = result?.quality as DataQualityResult;
    expect(failed).toBeGreaterThanOrEqual(3);
    for (const table of tables) {
      expect(findings).toContainEqual(expect.objectContaining({ check: 'freshness_delivery', table, status: 'FAIL' }));
    }
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'freshness_event', table: 'production_orders', status: 'FAIL' }),
    );
  });

  it('a cancelled run stops dbt within seconds and leaves readers as they were', async () => {
    const head = await bench.warehouse.head();
    const handle = await client.workflow.start('mfgDbtTransform', {
      taskQueue: TASK_QUEUE,
      workflowId: 'e2e-cancelled',
    });
    const candidate = () =>
      Math.max(
        ...filesBelow(path.join(bench.stateDir, 'builds'))
          .map((name) => Number(name))
          .filter(Number.isInteger),
      );
    const before = candidate();
    await until('dbt runs', () => {
      const files = filesBelow(path.join(bench.stateDir, 'builds', String(candidate())));
      return candidate() > before && files.some((name) => name.endsWith('dbt.log'));
    });
    const started = Date.now();
    await handle.cancel();
    expect(await failureOf(handle.result())).toMatch(/cancel/i);
    expect(Date.now() - started).toBeLessThan(15_000);
    expect(await bench.warehouse.head()).toBe(head);
    expect(await bench.rows(`select status from raw.raw_publication where publication = ${candidate()}`)).toEqual([
      { status: 'CANCELLED' },
    ]);
    const { stdout } = await run('ps', ['-eo', 'args']);
    expect(stdout.split('\n').filter((line) => line.includes(`builds/${candidate()}/target`))).toEqual([]);
  });

  it('agrees with itself, before and after retention has removed all but what readers see', async () => {
    expect(await disagreements(bench.warehouse, client)).toEqual([]);
    const head = await bench.warehouse.head();
    const input = { keepPublications: 1, keepDays: 0, graceHours: 0 };
    const options = { taskQueue: TASK_QUEUE, workflowId: 'e2e-retention', args: [input] };
    const result = (await client.workflow.execute('mfgRetention', options)) as RetentionResult;
    expect(result.removed[0]).toMatchObject({ kind: 'data sets', items: result.droppedDataSets.length });
    expect(filesBelow(path.join(bench.stateDir, 'builds')).filter((name) => /^\d+$/.test(name))).toEqual([
      String(head),
    ]);
    expect(Number(await bench.value('select count(*) from marts.plant_day_kpis'))).toBeGreaterThan(0);
    expect(await disagreements(bench.warehouse, client)).toEqual([]);
  });
});
