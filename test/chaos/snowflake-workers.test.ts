import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Client } from '@temporalio/client';
import type { RawIngestionResult } from '../../contracts/run';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { delivered, seen } from '../support/exact-counts';
import { shippedDates, sigkill, until } from '../support/live-bench';
import { disagreements } from '../support/reconciled';
import { scratchDir } from '../support/scratch';
import { SnowflakeLiveBench } from '../support/snowflake-live-bench';
import { startPeer, type Peer } from '../support/snowflake-peer';

const DATES = shippedDates().slice(0, 3);

/**
 * Workers that share nothing but the source folder, the warehouse and the Temporal server: each goes on where another was killed. In
 * order: each test goes on from the one before.
 */
describe('workers with state folders of their own', () => {
  let peer: Peer;
  let bench: SnowflakeLiveBench;
  let client: Client;
  let worker: ChildProcess;
  let runs = 0;

  const nextWorker = () => bench.startWorker({ MFG_STATE_DIR: scratchDir() });
  const start = (input: object = {}) =>
    client.workflow.start('mfgRawIngestion', {
      ...{ taskQueue: TASK_QUEUE, workflowId: `workers-${++runs}`, args: [input] },
    });
  /** Kills the worker as soon as a statement of it was executed, whose answer it never gets, and starts one on another folder. */
  const killAfter = async (match: string, tag?: string) => {
    await peer.addFault({ match, ...(tag !== undefined && { tag }), action: 'hold' });
    await until(`${match} is executed`, async () => (await peer.held()) > 0);
    await sigkill(worker);
    await peer.clearFaults();
    worker = await nextWorker();
  };
  const expectWhole = async (result: unknown, expected: object, dates: string[]) => {
    expect(result).toMatchObject({ outcome: 'PUBLISHED', ...expected });
    expect(await seen(bench)).toEqual(delivered(bench, dates));
    const sealed = await bench.rows(`select load_id, table_name, logical_date from raw.raw_load_audit
      where status = 'LOADED' group by load_id, table_name, logical_date having count(*) > 1`);
    expect(sealed).toEqual([]);
    expect(await disagreements(bench.warehouse, client)).toEqual([]);
  };

  beforeAll(async () => {
    peer = await startPeer({ idleLockSeconds: 2 });
    bench = new SnowflakeLiveBench(peer, DATES.slice(0, 2));
    client = await bench.startServer();
    worker = await nextWorker();
  });

  it('finish the main job, killed in a load and in dbt', async () => {
    const handle = await start();
    await killAfter('^copy into');
    await killAfter('create .*table', '"node": ?"(?!store)[^"]*dim_');
    await expectWhole(await handle.result(), { loads: { partitions: 8 } }, DATES.slice(0, 2));
  });

  it('finish a partial build, killed in its swap', async () => {
    // A correction: the delivery loses its last record.
    const file = path.join(bench.sourceDir, 'mes', DATES[1] ?? '', 'materials.csv.gz');
    const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
    writeFileSync(file, gzipSync(`${lines.slice(0, -1).join('\n')}\n`));
    const handle = await start({ onUnchanged: 'reuse' });
    await killAfter('swap with');
    const result = (await handle.result()) as RawIngestionResult;
    await expectWhole(result, { loads: { partitions: 1 }, build: { scope: 'PARTIAL' } }, DATES.slice(0, 2));
  });

  it('run again what was reset before its build, from what the store has', async () => {
    bench.deliverShipped(DATES[2] ?? '');
    const handle = await start();
    await expectWhole(await handle.result(), {}, DATES);
    const history = await client.workflow.getHandle(handle.workflowId).fetchHistory();
    const build = history.events?.find(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'buildCandidate',
    );
    await sigkill(worker);
    worker = await nextWorker();
    await client.workflowService.resetWorkflowExecution({
      ...{ namespace: 'default', reason: 'a retry', requestId: `reset-${runs}` },
      workflowExecution: { workflowId: handle.workflowId, runId: handle.firstExecutionRunId },
      workflowTaskFinishEventId: build?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId,
    });
    const again: unknown = await client.workflow.getHandle(handle.workflowId).result();
    await expectWhole(again, { loadId: `${handle.workflowId}::${handle.firstExecutionRunId}` }, DATES);
  });
});
