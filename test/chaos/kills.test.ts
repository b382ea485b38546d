import path from 'node:path';
import type { Client } from '@temporalio/client';
import type { RawIngestionResult } from '../../contracts/run';
import { TASK_QUEUE } from '../../contracts/task-queue';
import {
  countRecords,
  filesBelow,
  LiveBench,
  shippedDates,
  sigkill,
  until,
  type ReaderReport,
} from '../support/live-bench';

const TABLES = ['materials', 'production_orders', 'equipment_states', 'sensor_readings'];
const DATES = shippedDates().slice(0, 6);

/** Records delivered per table, over all dates so far. */
function delivered(bench: LiveBench, dates: string[]): Record<string, number> {
  const count = (table: string) =>
    dates.reduce((sum, date) => sum + countRecords(path.join(bench.sourceDir, 'mes', date), table), 0);
  return Object.fromEntries(TABLES.map((table) => [table, count(table)]));
}

/** Rows and rejected records that readers see per table, over all dates: nothing lost, nothing doubled. */
async function seen(bench: LiveBench): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of TABLES) {
    const sql = `select (select count(*) from raw.${table}_history) + (
      select count(*) from raw.raw_rejected_rows where _load_seq in (
        select load_seq from raw.current_load where table_name = '${table}'))`;
    counts[table] = Number(await bench.value(sql));
  }
  return counts;
}

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

describe('kills', () => {
  let bench: LiveBench;
  let client: Client;
  let runs = 0;

  beforeAll(async () => {
    bench = new LiveBench(DATES.slice(0, 2));
    client = await bench.startServer();
  });
  afterAll(() => bench.close());

  const start = () =>
    client.workflow.start('mfgRawIngestion', { taskQueue: TASK_QUEUE, workflowId: `chaos-${++runs}` });
  const partitionFiles = () => filesBelow(path.join(bench.stateDir, 'raw')).filter((file) => file.endsWith('.parquet'));
  const builds = () => filesBelow(path.join(bench.stateDir, 'builds'));
  const newest = () => Math.max(0, ...builds().map(Number).filter(Number.isInteger));

  it('keeps exact counts and a whole view for readers when worker and server are killed on the way', async () => {
    let worker = await bench.startWorker();
    const first = (await (await start()).result()) as RawIngestionResult;
    expect(first.outcome).toBe('PUBLISHED');
    expect(await seen(bench)).toEqual(delivered(bench, DATES.slice(0, 2)));
    const reader = bench.startReader();

    // 1. Between a partition's rows and its seal: as soon as a file stands under its final name.
    bench.deliverShipped(DATES[2] ?? '');
    const placed = partitionFiles().length;
    const headBefore = await bench.warehouse.head();
    let handle = await start();
    await until('a partition is placed', () => partitionFiles().length > placed);
    await sigkill(worker);
    const statuses =
      await bench.rows(`select distinct load_seq from raw.raw_load_audit where load_id like '${handle.workflowId}::%'
      and load_seq not in (select load_seq from raw.raw_load_audit where status = 'LOADED')`);
    expect(statuses.length).toBeGreaterThan(0);
    expect(await bench.warehouse.head()).toBe(headBefore);
    worker = await bench.startWorker();
    expect(await handle.result()).toMatchObject({ outcome: 'PUBLISHED' });
    expect(await seen(bench)).toEqual(delivered(bench, DATES.slice(0, 3)));

    // 2. Between the seal and the build, before dbt has written anything.
    bench.deliverShipped(DATES[3] ?? '');
    let candidate = newest();
    handle = await start();
    await until('a candidate is opened', () => newest() > candidate);
    await sigkill(worker);
    worker = await bench.startWorker();
    expect(await handle.result()).toMatchObject({ outcome: 'PUBLISHED' });
    expect(await seen(bench)).toEqual(delivered(bench, DATES.slice(0, 4)));

    // 3. In the middle of dbt: models of the candidate are being built.
    bench.deliverShipped(DATES[4] ?? '');
    candidate = newest();
    handle = await start();
    await until('dbt runs', () =>
      builds().some((file) => file === path.join(String(candidate + 1), 'logs', 'dbt.log')),
    );
    await sigkill(worker);
    worker = await bench.startWorker();
    expect(await handle.result()).toMatchObject({ outcome: 'PUBLISHED' });
    expect(newest()).toBeGreaterThan(candidate + 1);
    expect(await seen(bench)).toEqual(delivered(bench, DATES.slice(0, 5)));

    // 4. The server, while loads run; the worker finds it again on its address.
    bench.deliverShipped(DATES[5] ?? '');
    handle = await start();
    await bench.killServer();
    await bench.startServer();
    expect(await handle.result()).toMatchObject({ outcome: 'PUBLISHED' });
    expect(await seen(bench)).toEqual(delivered(bench, DATES));

    // One partition per (LOAD_ID, table, date), whatever was tried and lost.
    const doubled = `select load_id, table_name, logical_date from raw.raw_load_audit where status = 'LOADED'
      group by all having count(*) > 1`;
    expect(await bench.rows(doubled)).toEqual([]);
    const report = await reader.stop();
    await expectNoMix(bench, report);
    expect(new Set(report.polls.map((poll) => poll[0])).size).toBeGreaterThanOrEqual(5);
    await sigkill(worker);
  });
});
