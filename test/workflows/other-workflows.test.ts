import { ApplicationFailure, type WorkflowFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundle } from '@temporalio/worker';
import type { Activities } from '../../activities';
import type { PublicationsResult } from '../../contracts/publications';
import type { TransformPlan } from '../../contracts/run';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { dbtTransformInputSchema, parseWorkflowInput } from '../../contracts/workflow-inputs';
import { bundleWorkflows, stubWorker, timeSkippingEnvironment } from '../support/workflow-env';

let env: TestWorkflowEnvironment;
let bundle: WorkflowBundle;

beforeAll(async () => {
  [env, bundle] = await Promise.all([timeSkippingEnvironment(), bundleWorkflows()]);
});
afterAll(() => env?.teardown());

/** Runs a workflow by its name, as the Web UI and other languages do; an error is returned, not thrown. */
async function run(type: string, args: unknown[], activities: Partial<Activities>): Promise<unknown> {
  const worker = await stubWorker(env, bundle, activities);
  const options = { taskQueue: TASK_QUEUE, workflowId: `${type}-${Date.now()}`, args };
  return worker.runUntil(() => env.client.workflow.execute(type, options).catch((error: unknown) => error));
}

const TRANSFORM_PLAN: TransformPlan = { build: { scope: 'PARTIAL', select: ['dim_date'] }, isNothingNew: false };
const CANDIDATE = { publication: 3, models: 2, tests: 4, warnings: 1, seconds: 1 };

describe('mfgDbtTransform', () => {
  it('builds on the current loads and publishes', async () => {
    const warned = [{ node: 'relationships_orders', status: 'warn', message: 'Got 2 results' }] as const;
    const result = await run('mfgDbtTransform', [], {
      parseTransformInput: () => Promise.resolve(TRANSFORM_PLAN),
      buildCandidate: () => Promise.resolve({ ...CANDIDATE, status: 'BUILT', failures: [], warned: [...warned] }),
      checkGates: () => Promise.resolve({ checks: 0, failures: [] }),
      publish: (publication) => Promise.resolve({ publication, outcome: 'PUBLISHED' }),
    });
    expect(result).toMatchObject({ outcome: 'PUBLISHED', publication: 3, build: { models: 2, tests: 4 }, warned });
  });

  it('passes on what is selected, and builds nothing when nothing has changed', async () => {
    const orders: unknown[] = [];
    const activities: Partial<Activities> = {
      parseTransformInput: () => Promise.resolve(TRANSFORM_PLAN),
      buildCandidate: ({ build }) => {
        orders.push(build);
        const partial = { scope: 'PARTIAL', status: 'BUILT', failures: [], warned: [] } as const;
        return Promise.resolve({ ...CANDIDATE, ...partial, failures: [], warned: [] });
      },
      checkGates: () => Promise.resolve({ checks: 0, failures: [] }),
      publish: (publication) => Promise.resolve({ publication, outcome: 'PUBLISHED' }),
    };
    const input = { select: ['dim_date'] };
    expect(await run('mfgDbtTransform', [input], activities)).toMatchObject({ build: { scope: 'PARTIAL' } });
    expect(orders).toEqual([TRANSFORM_PLAN.build]);
    const nothingNew = { ...TRANSFORM_PLAN, isNothingNew: true };
    expect(
      await run('mfgDbtTransform', [{ onUnchanged: 'reuse' }], {
        ...activities,
        parseTransformInput: () => Promise.resolve(nothingNew),
      }),
    ).toMatchObject({ outcome: 'NOTHING_NEW', publication: null, build: null });
    expect(orders).toHaveLength(1);
  });

  it('fails with the broken model and its message', async () => {
    const result = await run('mfgDbtTransform', [], {
      parseTransformInput: () => Promise.resolve(TRANSFORM_PLAN),
      buildCandidate: () =>
        Promise.resolve({
          ...CANDIDATE,
          status: 'FAILED',
          failures: [{ node: 'dim_material', status: 'error', message: 'column x not found' }],
          warned: [],
        }),
    });
    expect((result as WorkflowFailedError).cause).toMatchObject({
      type: 'BuildFailedError',
      message:
        'a dbt node failed, candidate 3 is kept and readers keep what they had: dim_material: column x not found',
    });
  });

  it('refuses an input that it does not know', async () => {
    const result = await run('mfgDbtTransform', [{ models: 'x' }], {
      // The interceptor that makes this non-retryable belongs to the worker; here its effect is written out.
      parseTransformInput: (input) => {
        try {
          parseWorkflowInput(dbtTransformInputSchema, 'mfgDbtTransform', input);
        } catch (error) {
          return Promise.reject(ApplicationFailure.nonRetryable((error as Error).message, (error as Error).name));
        }
        return Promise.resolve(TRANSFORM_PLAN);
      },
    });
    expect((result as WorkflowFailedError).cause).toMatchObject({
      type: 'InvalidInputError',
      message: 'mfgDbtTransform: input: Unrecognized key: "models" (known fields: select, onUnchanged).',
    });
  });
});

describe('mfgDataQualityMonitoring', () => {
  it('returns failed checks as a result, not as a failure', async () => {
    const quality = {
      publication: 3,
      asOf: '2026-03-04T00:00:00.000Z',
      checks: 1,
      passed: 0,
      warned: 0,
      failed: 1,
      findings: [],
    };
    const seen: unknown[] = [];
    const result = await run('mfgDataQualityMonitoring', [{ publication: 3 }], {
      checkQuality: (input) => {
        seen.push(input);
        return Promise.resolve(quality);
      },
    });
    expect(result).toEqual({ ...quality, incidents: { opened: 0, resolved: 0 } });
    expect(seen).toMatchObject([{ input: { publication: 3 } }]);
  });
});

describe('mfgRetention', () => {
  it('returns the space won, and tells by its outcome when it was a dry run', async () => {
    const rules = { keepPublications: 3, keepDays: 30, graceHours: 24, dryRun: true };
    const won = {
      rules,
      keptDataSets: 3,
      droppedDataSets: [1],
      retiredPartitions: 2,
      abandonedBuilds: [],
      abandonedLoads: 0,
      removed: [{ kind: 'partitions' as const, items: 2, bytes: 1000 }],
      waiting: [],
      unknownFiles: [],
    };
    const seen: unknown[] = [];
    const result = await run('mfgRetention', [{ keepPublications: 3, dryRun: true }], {
      retain: (input) => {
        seen.push(input);
        return Promise.resolve(won);
      },
    });
    expect(result).toEqual(won);
    expect(seen).toEqual([{ keepPublications: 3, dryRun: true }]);
  });
});

describe('mfgPublications', () => {
  it('gives what the log says, and fails with the plain sentence of a wrong input', async () => {
    const answer: PublicationsResult = { head: null, publications: [] };
    const inputs: unknown[] = [];
    const activities: Partial<Activities> = {
      listPublications: (input) => {
        inputs.push(input);
        return Promise.resolve(answer);
      },
    };
    expect(await run('mfgPublications', [], activities)).toEqual(answer);
    expect(inputs).toHaveLength(1);
    const refused = (await run('mfgPublications', [{ limit: 0 }], {
      listPublications: () => Promise.reject(ApplicationFailure.nonRetryable('limit: too small.', 'InvalidInputError')),
    })) as WorkflowFailedError;
    expect(refused.cause).toMatchObject({ type: 'InvalidInputError', message: 'limit: too small.' });
  });
});
