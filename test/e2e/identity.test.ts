import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { PROJECT_ROOT } from '../../contracts/config';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { IdentityBench, type Effect } from '../support/identity-bench';
import { shippedDates } from '../support/live-bench';
import { deliver } from '../support/scratch';

/** The first day's delivery is there from the start; the others come as they are needed. */
const [DAY = '', LATE_DAY = '', ...NIGHTS] = shippedDates();

/** The table in docs/identity.md is what these tests expect: by case, the cells of its columns. */
const DOCUMENTED = new Map(
  readFileSync(path.join(PROJECT_ROOT, 'docs', 'identity.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name = '', ...cells]) => [name, cells]),
);

let bench: IdentityBench;

beforeAll(async () => {
  bench = new IdentityBench([DAY]);
  await bench.start();
});

afterEach(() => {
  bench.disturb = (_attempt, work) => work();
});

/** Compares what happened since the last case with the table. */
async function expectAsDocumented(name: string): Promise<void> {
  const [runs = '', loadIds = '', manifests = '', partitions = '', candidates = '', readers = ''] =
    DOCUMENTED.get(name) ?? [];
  const documented: Effect = { runs, loadIds, manifests, partitions, candidates, readers };
  expect({ case: name, ...(await bench.effect(Number(runs))) }).toEqual({ case: name, ...documented });
}

type Handle = WorkflowHandleWithFirstExecutionRunId;

const ON_DAY = { logicalDate: DAY, exact: true };

function start(
  workflowId: string,
  options: object = {},
  type = 'mfgRawIngestion',
  input: object = ON_DAY,
): Promise<Handle> {
  return bench.client.workflow.start(type, { taskQueue: TASK_QUEUE, workflowId, args: [input], ...options });
}

/** An activity's failure that is retried soon. */
function failure(message: string): ApplicationFailure {
  return ApplicationFailure.create({ message, nextRetryDelay: '50ms' });
}

/** The sentence with which the newest run under a workflow id failed. */
async function failureOf(workflowId: string): Promise<string> {
  const error = (await bench.client.workflow
    .getHandle(workflowId)
    .result()
    .catch((e: unknown) => e)) as Error;
  return (error.cause as Error | undefined)?.message ?? error.message;
}

async function reset(workflowId: string, ...where: string[]): Promise<void> {
  await bench.temporal('workflow', 'reset', '--workflow-id', workflowId, '--reason', 'test', ...where);
}

/** In order: each case is measured against what the one before left. */
describe('identity, as docs/identity.md has it', () => {
  it('a run, and its resets before and after each activity', async () => {
    const handle = await start('first');
    await handle.result();
    await expectAsDocumented('a new run');
    const { events } = await handle.fetchHistory();
    const scheduling = (activity: string) =>
      String(
        events?.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity)
          ?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId,
      );
    const child = events?.map((event) => event.startChildWorkflowExecutionInitiatedEventAttributes).find((a) => a);
    const monitoring = String(child?.workflowTaskCompletedEventId);
    const points: [string, string[]][] = [
      ['reset to before discovery (`FirstWorkflowTask`)', ['--type', 'FirstWorkflowTask']],
      ['reset to after discovery, before the loads', ['--event-id', scheduling('loadPartitions')]],
      ['reset to after the loads, before their gate', ['--event-id', scheduling('checkLoad')]],
      ['reset to after the gate, before the build', ['--event-id', scheduling('buildCandidate')]],
      ['reset to after the build, before publishing', ['--event-id', scheduling('publish')]],
      ['reset to after publishing, before monitoring', ['--event-id', monitoring]],
      ['reset to after monitoring (`LastWorkflowTask`)', ['--type', 'LastWorkflowTask', '--reapply-exclude', 'All']],
    ];
    for (const [name, where] of points) {
      // Event ids are those of the first run; a type finds its own in the newest.
      await reset('first', ...where, ...(where[0] === '--event-id' ? ['--run-id', handle.firstExecutionRunId] : []));
      await expectAsDocumented(name);
    }
  });

  it('a run whose activities are all attempted again, since their results were lost', async () => {
    const disturbed: string[] = [];
    bench.disturb = async ({ activity, attempt }, work) => {
      const result = await work();
      if (attempt > 1) return result;
      disturbed.push(activity);
      throw failure('the result is lost');
    };
    await (await start('activity-retry')).result();
    const all = ['discoverDeliveries', 'loadPartitions', 'checkLoad', 'buildCandidate', 'checkGates', 'publish'];
    const afterwards = ['checkQuality', 'currentPublication', 'updateIncidents', 'pingDeadMan', 'writeReportPage'];
    expect(new Set(disturbed)).toEqual(new Set([...all, ...afterwards]));
    await expectAsDocumented('activity retry, after each activity lost its result');
  });

  it('a run that its retry policy begins again', async () => {
    let firstRun: string | undefined;
    bench.disturb = async ({ activity, runId }, work) => {
      if (activity !== 'buildCandidate') return work();
      firstRun ??= runId;
      if (runId === firstRun) throw failure('no disk');
      return work();
    };
    await (await start('workflow-retry', { retry: { maximumAttempts: 2, initialInterval: '50ms' } })).result();
    await expectAsDocumented('workflow retry');
  });

  it('a run that continues as new in the middle of its loads', async () => {
    const handle = await start('continued', {}, 'continuingIngestion');
    await bench.client.workflow.getHandle(handle.workflowId).result();
    await expectAsDocumented('continue-as-new');
  });

  it('a run that is terminated and started again, and the reset of one that a later run replaced', async () => {
    let built = (): void => undefined;
    const building = new Promise<void>((resolve) => (built = resolve));
    bench.disturb = async ({ activity, workflowId }, work) => {
      if (activity !== 'buildCandidate' || workflowId !== 'started-again') return work();
      built();
      throw failure('held back until it is terminated');
    };
    const first = await start('started-again');
    await building;
    await first.terminate('test');
    bench.disturb = (_attempt, work) => work();
    const second = await start('started-again');
    await second.result();
    await expectAsDocumented('terminate, start again with the same workflow id');
    await reset('first', '--type', 'FirstWorkflowTask');
    await expectAsDocumented('reset, when a later run has loaded the same date');
  });

  it('files and dialects that change under a LOAD_ID', async () => {
    const contract = path.join(bench.dbtDir, 'models', 'staging', 'mes', '_mes__sources.yml');
    const described = readFileSync(contract, 'utf8');
    const other = described.replace('delimiter: ","', 'delimiter: ";"');
    expect(other).not.toBe(described);
    writeFileSync(contract, other);
    await reset('started-again', '--type', 'FirstWorkflowTask');
    await expectAsDocumented('reset after a dialect changed');
    expect(await failureOf('started-again')).toMatch(
      /^the contract of \w+ has changed since started-again::\S+ began: start a new run/,
    );
    writeFileSync(contract, described);

    const loaded = `mes/${DAY}/materials.csv.gz`;
    const content = gunzipSync(readFileSync(path.join(bench.live.sourceDir, loaded)));
    // Other bytes, the same records.
    deliver(bench.live.sourceDir, loaded, Buffer.concat([content, Buffer.from('\n')]));
    await reset('started-again', '--type', 'FirstWorkflowTask');
    await expectAsDocumented('reset after a file changed that the load had sealed');
    bench.deliver(DAY);

    bench.deliver(LATE_DAY);
    const file = `mes/${LATE_DAY}/batches.csv.gz`;
    deliver(bench.live.sourceDir, file, 'batch_id,nonsense\n1,2\n');
    const input = { logicalDate: LATE_DAY, exact: true, tables: ['batches'] };
    await start('corrected', {}, 'mfgRawIngestion', input);
    await expectAsDocumented('a run that fails on a file');
    expect(await failureOf('corrected')).toMatch(/^mes\S+batches.csv.gz: the header lacks/);
    bench.deliver(LATE_DAY);
    await reset('corrected', '--type', 'FirstWorkflowTask');
    await expectAsDocumented('reset after the file was corrected');
    expect(await failureOf('corrected')).toMatch(
      /^mes\S+batches.csv.gz has changed since the run recorded it .* start a new run/,
    );
  });

  it('a schedule that is triggered, and backfilled twice', async () => {
    await bench.temporal(
      ...['schedule', 'create', '--schedule-id', 'nightly', '--workflow-id', 'nightly', '--cron', '0 2 * * *'],
      ...['--time-zone', 'Europe/Berlin', '--task-queue', TASK_QUEUE, '--type', 'mfgRawIngestion', '--paused'],
    );
    await bench.temporal('schedule', 'trigger', '--schedule-id', 'nightly');
    await expectAsDocumented('schedule trigger, with one date pending');
    const [first = '', second = '', after = ''] = NIGHTS;
    bench.deliver(first);
    bench.deliver(second);
    const backfill = ['schedule', 'backfill', '--schedule-id', 'nightly', '--overlap-policy', 'BufferAll'];
    const nights = ['--start-time', `${second}T00:00:00Z`, '--end-time', `${after}T12:00:00Z`];
    await bench.temporal(...backfill, ...nights);
    await expectAsDocumented('schedule backfill of two nights');
    const ids = await bench.workflowIds();
    await bench.temporal(...backfill, ...nights);
    await expectAsDocumented('the same backfill again');
    expect(await bench.workflowIds()).toEqual(ids);
  });

  it('a run whose build fails, and its resets once the model is mended', async () => {
    const model = path.join(bench.dbtDir, 'models', 'staging', 'mes', 'stg_mes__materials.sql');
    const whole = readFileSync(model, 'utf8');
    writeFileSync(model, 'select no_such_column\n');
    await start('mended');
    await expectAsDocumented('a run whose build fails');
    const sentence = await failureOf('mended');
    expect(sentence).toMatch(/^a dbt node failed.*stg_mes__materials: .*no_such_column/);
    writeFileSync(model, whole);
    await reset('mended', '--type', 'LastWorkflowTask');
    await expectAsDocumented('reset of it with `LastWorkflowTask`, the model mended');
    expect(await failureOf('mended')).toBe(sentence);
    await reset('mended', '--type', 'FirstWorkflowTask');
    await expectAsDocumented('reset of it with `FirstWorkflowTask`, the model mended');
  });
});
