import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowIdReusePolicy,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import {
  connectPlatform,
  ConfigurationError,
  InvalidInputError,
  MfgPlatform,
  TemporalUnreachableError,
  type InputOf,
  type Snapshot,
} from '../../client';
import { runFailureOf } from '../../client/run-failure';
import { PROJECT_ROOT } from '../../contracts/config';
import type { RunProgress } from '../../contracts/run';
import { INTERNAL_WORKFLOW_CONTRACTS, WORKFLOW_CONTRACTS } from '../../contracts/workflow-contracts';

interface Start {
  taskQueue: string;
  workflowId: string;
  args: unknown[];
  memo?: Record<string, unknown>;
  workflowIdReusePolicy?: string;
}

const started: { type: string; options: Start }[] = [];
let found: { type: string; memo?: object; runId: string; raw: object; status: { name: string } };
/** Answers of the query `progress`, in order; the last one again and again. */
let answers: Partial<RunProgress>[];
let refuses: Error | undefined;

const client = {
  options: { namespace: 'default' },
  withDeadline: (_: number, question: () => unknown) => question(),
  workflow: {
    start: (type: string, options: Start) => {
      started.push({ type, options });
      if (refuses) return Promise.reject(refuses);
      return Promise.resolve({ workflowId: options.workflowId, firstExecutionRunId: 'run-1' });
    },
    getHandle: () => ({
      describe: () => Promise.resolve(found),
      query: () => {
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer?.stage === 'done') found.status.name = 'COMPLETED';
        return Promise.resolve(answer);
      },
    }),
  },
} as unknown as Client;
const platform = new MfgPlatform(client);

beforeEach(() => {
  started.splice(0);
  refuses = undefined;
  answers = [];
  found = {
    ...{ type: 'mfgRawIngestion', memo: {}, runId: 'run-2', status: { name: 'RUNNING' } },
    raw: { workflowExecutionInfo: { firstRunId: 'run-1' }, pendingActivities: [] },
  };
});

describe('starts', () => {
  it('name the workflow, the task queue and an id by the convention', async () => {
    await platform.ingest();
    await platform.ingest({ logicalDate: '2026-03-11', exact: true });
    await platform.backfill({ from: '2026-03-01', to: '2026-03-11' });
    await platform.transform();
    const run = await platform.checkQuality({ asOf: 'now' }, { workflowId: 'mine' });
    expect(started.map(({ type, options }) => [type, options.taskQueue, options.args])).toEqual([
      ['mfgRawIngestion', 'mfg-data-platform', [{}]],
      ['mfgRawIngestion', 'mfg-data-platform', [{ logicalDate: '2026-03-11', exact: true }]],
      ['mfgRawIngestion', 'mfg-data-platform', [{ from: '2026-03-01', to: '2026-03-11' }]],
      ['mfgDbtTransform', 'mfg-data-platform', [{}]],
      ['mfgDataQualityMonitoring', 'mfg-data-platform', [{ asOf: 'now' }]],
    ]);
    const [auto, dated, backfill, transform] = started.map(({ options }) => options.workflowId);
    expect(auto).toMatch(/^mfg-raw-ingestion-auto-\d{8}T\d{6}Z-[0-9a-f]{4}$/);
    expect(dated).toMatch(/^mfg-raw-ingestion-2026-03-11-\d{8}T\d{6}Z-/);
    expect(backfill).toMatch(/^mfg-raw-ingestion-backfill-/);
    expect(transform).toMatch(/^mfg-dbt-transform-\d{8}T\d{6}Z-/);
    expect(run).toMatchObject({ workflowId: 'mine', runId: 'run-1', loadId: 'mine::run-1', isNew: true });
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['a date that is none', () => platform.ingest({ logicalDate: '2026-13-01' }), /logicalDate: must be a date/],
    ['an unknown field', () => platform.ingest({ table: 'x' } as object), /table.*known fields: .*tables/],
    ['half a range', () => platform.backfill({ from: '2026-03-01' } as never), /to: from and to go together/],
    ['a backfill without dates', () => platform.backfill({} as never), /needs from and to, or dates/],
    ['no object', () => platform.transform('all' as never), /mfgDbtTransform: input: /],
    ['another type', () => platform.start('mfgIncident' as 'mfgRetention'), /no workflow 'mfgIncident'.*mfgRetention/],
    ['a type of every object', () => platform.start('toString' as 'mfgRetention'), /no workflow 'toString'/],
    ['a limit', () => platform.publications({ limit: 0 }), /mfgPublications: limit: /],
    ['a key', () => platform.startOrAttach('mfgDbtTransform', {}, 'a b\n'), /key must be 1 to 200/],
  ])('refuse %s before any call', async (_what, start, sentence) => {
    const error: unknown = await start().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as Error).message).toMatch(sentence);
    expect(started).toEqual([]);
  });

  it('refuse settings that cannot be right', async () => {
    await expect(connectPlatform({ address: '' })).rejects.toThrow(ConfigurationError);
    const keys = 'a:c2hvcnQ=';
    const refused: unknown = await connectPlatform({ address: 'x:1', payloadKeys: keys }).catch((e: unknown) => e);
    expect(refused).toBeInstanceOf(ConfigurationError);
    expect((refused as Error).message).not.toContain('c2hvcnQ');
  });

  it('say in one sentence that the server did not take the call', async () => {
    refuses = Object.assign(new Error('Failed'), { cause: { details: 'Namespace x is not found.' } });
    const error: unknown = await platform.ingest().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TemporalUnreachableError);
    expect((error as Error).message).toContain('(Namespace x is not found)');
  });
});

describe('a start with an idempotency key', () => {
  const input: InputOf<'mfgRawIngestion'> = { logicalDate: '2026-03-11', tables: ['materials'] };
  const taken = () => new WorkflowExecutionAlreadyStartedError('taken', 'mes-1', 'mfgRawIngestion');

  it('takes the key as workflow id, and starts again only what has failed', async () => {
    expect(await platform.startOrAttach('mfgRawIngestion', input, 'mes-1')).toMatchObject({ isNew: true });
    expect(started[0]?.options).toMatchObject({
      workflowId: 'mes-1',
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    });
  });

  it('attaches to what is there, under the LOAD_ID of its first execution', async () => {
    await platform.startOrAttach('mfgRawIngestion', input, 'mes-1');
    refuses = taken();
    found.memo = started[0]?.options.memo;
    const sameInput = { tables: ['materials'], logicalDate: '2026-03-11' };
    const run = await platform.startOrAttach('mfgRawIngestion', sameInput, 'mes-1');
    expect(run).toMatchObject({ isNew: false, loadId: 'mes-1::run-1' });
  });

  it('refuses another input or another workflow under the same key', async () => {
    await platform.startOrAttach('mfgRawIngestion', input, 'mes-1');
    refuses = taken();
    found.memo = started[0]?.options.memo;
    await expect(platform.startOrAttach('mfgRawIngestion', { ...input, exact: true }, 'mes-1')).rejects.toThrow(
      'the key mes-1 was used with another input',
    );
    await expect(platform.startOrAttach('mfgDbtTransform', {}, 'mes-1')).rejects.toThrow(
      'mes-1 is a run of mfgRawIngestion, not of mfgDbtTransform.',
    );
  });

  it('a plain start under an id that is taken says so', async () => {
    refuses = taken();
    await expect(platform.ingest(input, { workflowId: 'mes-1' })).rejects.toThrow(
      /goes on under the workflow id mes-1/,
    );
  });
});

describe('progress', () => {
  it('gives a snapshot for each change, and ends with the run', async () => {
    const loading = { stage: 'loading', batchesDone: 1 } as const;
    answers = [loading, loading, { ...loading, batchesDone: 2 }, { stage: 'done' }];
    const run = await platform.ingest();
    const seen: Snapshot[] = [];
    for await (const snapshot of run.progress({ pollMs: 1 })) seen.push(snapshot);
    expect(seen.map(({ run: progress }) => progress)).toEqual([
      loading,
      { ...loading, batchesDone: 2 },
      { stage: 'done' },
    ]);
  });

  it('ends with its signal, and when a later run has taken the workflow id', async () => {
    const run = await platform.ingest();
    answers = [{ stage: 'loading' }];
    const until = new AbortController();
    const seen: Snapshot[] = [];
    for await (const snapshot of run.progress({ pollMs: 1, signal: until.signal })) {
      seen.push(snapshot);
      until.abort();
    }
    found.raw = { workflowExecutionInfo: { firstRunId: 'another' } };
    for await (const snapshot of run.progress({ pollMs: 1 })) seen.push(snapshot);
    expect(seen).toHaveLength(2);
  });
});

describe('a failed run', () => {
  const failed = (cause: Error) =>
    runFailureOf(new WorkflowFailedError('Workflow execution failed', cause, 'NON_RETRYABLE_FAILURE'));
  const gate = ApplicationFailure.nonRetryable('a test failed; candidate 6 is held.', 'GateFailedError', {
    candidate: 6,
  });
  const plain = ApplicationFailure.create({
    message: gate.message,
    type: 'GateFailedError',
    nonRetryable: true,
    cause: gate,
  });

  it.each([
    [plain, { ending: 'FAILED', kind: 'GateFailedError', isRetryable: false, candidate: 6, message: gate.message }],
    [ApplicationFailure.retryable('busy.', 'StoreBusy'), { kind: 'StoreBusy', isRetryable: true, candidate: null }],
    [new CancelledFailure('x'), { ending: 'CANCELLED', isRetryable: true, message: 'The run was cancelled.' }],
    [new TerminatedFailure('by hand'), { ending: 'TERMINATED', message: 'The run was terminated (by hand).' }],
    [new TimeoutFailure('late', undefined, 'START_TO_CLOSE'), { ending: 'TIMED_OUT', isRetryable: true }],
  ])('%s', (cause, expected) => expect(failed(cause)).toMatchObject(expected));

  it('is not what a lost connection is taken for', () =>
    expect(runFailureOf(new Error('14 UNAVAILABLE'))).toBeUndefined());
});

it('every workflow has a contract for callers, but for the one that nobody calls', () => {
  const registry = readFileSync(path.join(PROJECT_ROOT, 'workflows', 'index.ts'), 'utf8');
  const types = [...registry.matchAll(/export { (\w+) }/g)].map(([, type]) => type);
  const described = Object.keys({ ...WORKFLOW_CONTRACTS, ...INTERNAL_WORKFLOW_CONTRACTS });
  expect(types.filter((type) => type !== 'mfgAlert').sort()).toEqual(described.sort());
});
