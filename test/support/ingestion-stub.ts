import { ApplicationFailure, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundle } from '@temporalio/worker';
import type { Activities } from '../../activities';
import type { DataQualityResult } from '../../contracts/quality';
import type { CandidateResult, IngestionPlan } from '../../contracts/run';
import { TASK_QUEUE } from '../../contracts/task-queue';
import type { RawIngestionInput } from '../../contracts/workflow-inputs';
import type { mfgRawIngestion } from '../../workflows/raw-ingestion';
import { bundleWorkflows, stubWorker, timeSkippingEnvironment } from './workflow-env';

/** A plan of five batches over two days. */
export const PLAN: IngestionPlan & { asOf: string } = {
  sourceSystem: 'mes',
  logicalDate: '2026-03-03',
  logicalDateOrigin: 'newest_delivery',
  batches: 5,
  parallelLoads: 2,
  deliveries: 5,
  files: 5,
  sizeBytes: 50,
  logicalDates: ['2026-03-02', '2026-03-03'],
  ignoredFiles: [],
  asOf: '2026-03-03T23:00:00.000Z',
};
/** What one batch loads. */
export const COUNTS = { partitions: 1, rowsRead: 3, rowsLoaded: 2, rowsRejected: 1, sizeBytes: 10 };
/** A build that ended well. */
export const CANDIDATE: CandidateResult = {
  publication: 7,
  status: 'BUILT',
  models: 4,
  tests: 9,
  warnings: 0,
  seconds: 1,
  failures: [],
  warned: [],
};
/** Checks that all passed. */
export const QUALITY: DataQualityResult = {
  publication: 7,
  asOf: PLAN.asOf,
  checks: 3,
  passed: 3,
  warned: 0,
  failed: 0,
  findings: [],
};

/** What a test may say about the run's start. */
interface IngestOptions {
  input?: RawIngestionInput;
  retry?: { maximumAttempts: number };
}

/** Runs of the real workflow on stub activities and the time-skipping server; call it once, at the top of a test file. */
export class IngestionStub {
  private env: TestWorkflowEnvironment | undefined;
  private bundle: WorkflowBundle | undefined;
  private runs = 0;

  constructor() {
    beforeAll(async () => {
      [this.env, this.bundle] = await Promise.all([timeSkippingEnvironment(), bundleWorkflows()]);
    });
    afterAll(() => this.env?.teardown());
  }

  /** Runs one ingestion on activities that succeed, but for those given; records their calls in order. */
  async ingest(
    overrides: Partial<Activities>,
    drive: (handle: WorkflowHandle<typeof mfgRawIngestion>) => Promise<unknown> = (handle) => handle.result(),
    { input, ...options }: IngestOptions = {},
  ) {
    const { env, bundle } = this;
    if (env === undefined || bundle === undefined) throw new Error('the test server has not been started');
    const calls: { name: string; args: unknown[] }[] = [];
    const activities: Partial<Activities> = {
      discoverDeliveries: () => Promise.resolve(PLAN),
      loadPartitions: () => Promise.resolve({ ...COUNTS, tables: ['materials'] }),
      checkLoad: () => Promise.resolve({ ...COUNTS, partitions: 5 }),
      buildCandidate: () => Promise.resolve(CANDIDATE),
      checkGates: () => Promise.resolve({ checks: 0, failures: [] }),
      publish: (publication) => Promise.resolve({ publication, outcome: 'PUBLISHED' }),
      checkQuality: () => Promise.resolve(QUALITY),
      parseTransformInput: () => Promise.resolve({ build: { scope: 'FULL', select: [] }, isNothingNew: false }),
      ...overrides,
    };
    const recorded = Object.fromEntries(
      Object.entries(activities).map(([name, activity]) => [
        name,
        (...args: unknown[]) => {
          calls.push({ name, args });
          return (activity as (...args: unknown[]) => unknown)(...args);
        },
      ]),
    ) as unknown as Activities;
    const worker = await stubWorker(env, bundle, recorded);
    const outcome = await worker.runUntil(async () => {
      const workflowId = `ingestion-${++this.runs}`;
      const args: [RawIngestionInput?] = input === undefined ? [] : [input];
      const handle = await env.client.workflow.start<typeof mfgRawIngestion>('mfgRawIngestion', {
        ...{ taskQueue: TASK_QUEUE, workflowId, args, ...options },
      });
      const result = await drive(handle).catch((error: unknown) => error);
      return { result, handle, workflowId };
    });
    return { ...outcome, calls, names: calls.map((call) => call.name) };
  }

  /** Size of a run's history; of its newest execution by default. */
  async historyEvents(workflowId: string, runId?: string): Promise<{ events: number; bytes: number }> {
    const history = await this.env?.client.workflow.getHandle(workflowId, runId).fetchHistory();
    return { events: history?.events?.length ?? 0, bytes: JSON.stringify(history).length };
  }

  /** The newest execution of a run. */
  async describe(workflowId: string): Promise<{ runId: string }> {
    if (this.env === undefined) throw new Error('the test server has not been started');
    return this.env.client.workflow.getHandle(workflowId).describe();
  }
}

/** The failure that the Web UI shows for a failed run. */
export function failureOf(result: unknown): ApplicationFailure {
  expect(result).toBeInstanceOf(WorkflowFailedError);
  const { cause } = result as WorkflowFailedError;
  expect(cause).toBeInstanceOf(ApplicationFailure);
  return cause as ApplicationFailure;
}
