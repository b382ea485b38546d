import path from 'node:path';
import type { Client } from '@temporalio/client';
import type { RawIngestionResult } from '../../contracts/run';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { countRecords, LiveBench, shippedDates, until } from '../support/live-bench';
import { deliver } from '../support/scratch';
import { SMALL_TABLES } from '../support/small-dbt';

let bench: LiveBench;
let client: Client;
let runs = 0;

beforeAll(async () => {
  bench = new LiveBench(shippedDates().slice(0, 3));
  client = await bench.startServer();
  await bench.startWorker();
  expect(await ingest()).toMatchObject({ outcome: 'PUBLISHED', publication: 1 });
});

async function ingest(input?: object): Promise<RawIngestionResult> {
  const options = { taskQueue: TASK_QUEUE, workflowId: `runs-${++runs}`, args: input === undefined ? [] : [input] };
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

describe('runs on the real server', () => {
  it('catches up a missed day and leaves readers alone when a delivery cannot be loaded', async () => {
    const [, , , missed = '', newest = ''] = shippedDates();
    bench.deliverShipped(missed);
    bench.deliverShipped(newest);
    const file = `mes/${newest}/batches.csv.gz`;
    deliver(bench.sourceDir, file, 'batch_id,nonsense\n1,2\n');
    const message = await failureOf(ingest());
    expect(message).toMatch(new RegExp(`^${file}: the header lacks 'material_id'`));
    expect(await bench.warehouse.head()).toBe(1);
    // The failed load's audit row survives, and what was sealed counts for nothing yet.
    // Loads beside it were cancelled with their run.
    const failed = await bench.rows(`select table_name, error from raw.raw_load_audit
      where status = 'FAILED' and error not like 'cancelled:%' and error not like 'not tried:%'`);
    expect(failed).toMatchObject([
      { table_name: 'batches', error: expect.stringContaining('HeaderMismatchError') as string },
    ]);
    bench.deliverShipped(newest);
    expect(countRecords(path.join(bench.sourceDir, 'mes', newest), 'batches')).toBeGreaterThan(10);
    expect(await ingest()).toMatchObject({ logicalDate: newest, logicalDates: [missed, newest], publication: 2 });
  });

  it('answers a wrong input at once with a sentence', async () => {
    expect(await failureOf(ingest({ logicalDate: '11.03.2026' }))).toBe(
      'mfgRawIngestion: logicalDate: must be a date such as 2026-03-11.',
    );
    expect(await failureOf(ingest({ table: 'x' }))).toMatch(/Unrecognized key: "table" \(known fields: .*tables.*\)/);
    expect(await failureOf(ingest({ tables: ['nope'] }))).toMatch(/no table 'nope' in mes/);
  });

  it('builds again with dbt alone', async () => {
    const result: unknown = await client.workflow.execute('mfgDbtTransform', {
      taskQueue: TASK_QUEUE,
      workflowId: 'runs-transform',
    });
    expect(result).toMatchObject({ outcome: 'PUBLISHED', publication: 3 });
    expect(await bench.value('select count(*) from raw.current_load')).toBe(String(5 * SMALL_TABLES.length));
  });

  it('two ingestions at once lose nothing: the one that comes second builds on the first', async () => {
    const dates = shippedDates();
    const [a = '', b = ''] = [dates[5], dates[6]];
    bench.deliverShipped(a);
    bench.deliverShipped(b);
    const results = await Promise.all([
      ingest({ logicalDate: a, exact: true }),
      ingest({ logicalDate: b, exact: true }),
    ]);
    const publications = results.map((result) => result.publication ?? 0).sort((x, y) => x - y);
    expect(await bench.warehouse.head()).toBe(publications[1]);
    const loaded = await bench.rows('select distinct logical_date::varchar as d from raw.current_load order by d');
    expect(loaded.map((row) => row.d)).toEqual(dates.slice(0, 7));
    const superseded = await bench.rows("select 1 from raw.raw_publication where status = 'SUPERSEDED'");
    expect(superseded).toHaveLength(1);
  });

  it('refuses a cron schedule, whose runs would share one LOAD_ID', async () => {
    const options = { taskQueue: TASK_QUEUE, workflowId: 'runs-cron', cronSchedule: '@every 1s' };
    const handle = await client.workflow.start('mfgRawIngestion', options);
    try {
      // The next run follows at once, so the failure is read from the first run's last event.
      const first = client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
      await until('the first run ends', async () => (await first.describe()).status.name !== 'RUNNING');
      const last = (await first.fetchHistory()).events?.at(-1)?.workflowExecutionFailedEventAttributes;
      expect(last?.failure?.message).toMatch(/cannot run under a cron schedule.*temporal schedule create/);
    } finally {
      await client.workflow.getHandle(handle.workflowId).terminate();
    }
  });
});
