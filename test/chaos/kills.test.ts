import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { delivered, seen } from '../support/exact-counts';
import { filesBelow, LiveBench, shippedDates, sigkill, until, type ReaderReport } from '../support/live-bench';

const DATES = shippedDates().slice(0, 6);

/** Each poll must be what the publication that answered it really holds; nothing else may ever be seen. */
async function expectNoMix(bench: LiveBench, report: ReaderReport): Promise<void> {
  expect(report.errors).toEqual([]);
  expect(report.kept).toHaveLength(1);
  expect(report.kept[0]).toEqual(report.polls[0]);
  for (const poll of report.polls) {
    const target = { kind: 'publication', publication: poll[0] } as const;
    const { rows } = await bench.warehouse.query(
      target,
      `select (select count(*) from raw.production_orders_history) as a, (select count(*) from raw.production_orders) as b,
         (select max(_logical_date)::varchar from raw.production_orders) as c,
         (select count(*) from staging.stg_mes__production_orders) as d,
         (select count(*) from core.fct_production_orders) as e, (select count(*) from marts.plant_day_kpis) as g`,
    );
    const { a, b, c, d, e, g } = rows[0] ?? {};
    expect(poll.slice(1)).toEqual([Number(a), Number(b), c, Number(d), Number(e), Number(e), Number(g)]);
  }
  const publications = report.polls.map((poll) => poll[0]);
  expect(publications).toEqual([...publications].sort((x, y) => x - y));
}

/** In order: each test goes on from the one before, with one more day delivered, while one reader from outside looks on. */
describe('readers see exact counts and whole publications', () => {
  let bench: LiveBench;
  let client: Client;
  let worker: ChildProcess;
  let reader: ReturnType<LiveBench['startReader']>;
  let runs = 0;

  beforeAll(async () => {
    bench = new LiveBench(DATES.slice(0, 2));
    client = await bench.startServer();
    worker = await bench.startWorker();
    expect(await (await start()).result()).toMatchObject({ outcome: 'PUBLISHED' });
    expect(await seen(bench)).toEqual(delivered(bench, DATES.slice(0, 2)));
    reader = bench.startReader();
  });

  const start = () =>
    client.workflow.start('mfgRawIngestion', { taskQueue: TASK_QUEUE, workflowId: `chaos-${++runs}` });
  const partitionFiles = () => filesBelow(path.join(bench.stateDir, 'raw')).filter((file) => file.endsWith('.parquet'));
  const builds = () => filesBelow(path.join(bench.stateDir, 'builds'));
  const newest = () => Math.max(0, ...builds().map(Number).filter(Number.isInteger));

  /** Delivers the days up to the n-th and starts the run that loads them. */
  async function startOn(days: number): Promise<WorkflowHandleWithFirstExecutionRunId> {
    bench.deliverShipped(DATES[days - 1] ?? '');
    return start();
  }

  /** The run ends well, with everything that was delivered in the first n days. */
  async function expectPublished(handle: WorkflowHandleWithFirstExecutionRunId, days: number): Promise<void> {
    expect(await handle.result()).toMatchObject({ outcome: 'PUBLISHED' });
    expect(await seen(bench)).toEqual(delivered(bench, DATES.slice(0, days)));
  }

  it('when the worker is killed between the rows of a partition and its seal', async () => {
    const placed = partitionFiles().length;
    const headBefore = await bench.warehouse.head();
    const handle = await startOn(3);
    // As soon as a file stands under its final name.
    await until('a partition is placed', () => partitionFiles().length > placed);
    await sigkill(worker);
    const unsealed =
      await bench.rows(`select distinct load_seq from raw.raw_load_audit where load_id like '${handle.workflowId}::%'
      and load_seq not in (select load_seq from raw.raw_load_audit where status = 'LOADED')`);
    expect(unsealed.length).toBeGreaterThan(0);
    expect(await bench.warehouse.head()).toBe(headBefore);
    worker = await bench.startWorker();
    await expectPublished(handle, 3);
  });

  it('when the worker is killed between the seal and the build, before dbt has written anything', async () => {
    const candidate = newest();
    const handle = await startOn(4);
    await until('a candidate is opened', () => newest() > candidate);
    await sigkill(worker);
    worker = await bench.startWorker();
    await expectPublished(handle, 4);
  });

  it('when the worker is killed in the middle of dbt', async () => {
    const candidate = newest();
    const handle = await startOn(5);
    const log = path.join(String(candidate + 1), 'logs', 'dbt.log');
    await until('dbt runs', () => builds().some((file) => file === log));
    await sigkill(worker);
    worker = await bench.startWorker();
    await expectPublished(handle, 5);
    expect(newest()).toBeGreaterThan(candidate + 1);
  });

  it('when the Temporal server is killed while loads run; the worker finds it again on its address', async () => {
    const handle = await startOn(6);
    await bench.killServer();
    await bench.startServer();
    await expectPublished(handle, 6);
  });

  it('and nothing else was ever seen, nor a partition made twice, whatever was tried and lost', async () => {
    // One partition per (LOAD_ID, table, date).
    const doubled = `select load_id, table_name, logical_date from raw.raw_load_audit where status = 'LOADED'
      group by all having count(*) > 1`;
    expect(await bench.rows(doubled)).toEqual([]);
    const report = await reader.stop();
    await expectNoMix(bench, report);
    expect(new Set(report.polls.map((poll) => poll[0])).size).toBeGreaterThanOrEqual(5);
  });
});
