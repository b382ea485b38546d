import type { WorkflowHandle } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundle } from '@temporalio/worker';
import type { Activities } from '../../activities';
import {
  incidentId,
  type ActInput,
  type AlertMessage,
  type FailingLook,
  type Incident,
  type IncidentLook,
  type IncidentSummary,
  type LookAnswer,
} from '../../contracts/incidents';
import type { CheckOutcome } from '../../contracts/quality';
import { TASK_QUEUE } from '../../contracts/task-queue';
import type { mfgIncident } from '../../workflows/incident';
import {
  acknowledgeUpdate,
  incidentQuery,
  observeUpdate,
  passUpdate,
  resolveUpdate,
  silenceUpdate,
} from '../../workflows/incident';
import { until } from '../support/live-bench';
import { bundleWorkflows, stubWorker, timeSkippingEnvironment } from '../support/workflow-env';

let env: TestWorkflowEnvironment;
let bundle: WorkflowBundle;

beforeAll(async () => {
  [env, bundle] = await Promise.all([timeSkippingEnvironment(), bundleWorkflows()]);
});
afterAll(() => env?.teardown());

const NOTHING: LookAnswer = { change: null, isSilent: false };
const DAY_MS = 24 * 60 * 60 * 1000;
const OUTCOME: CheckOutcome = {
  ...{ check: 'row_count', table: 'orders', severity: 'ERROR', status: 'WARN' },
  ...{ observed: '800 rows', expected: '1,000 rows', detail: '', sample: ['PO-1'] },
};

const REFUSED: [update: string, input: object | undefined, sentence: RegExp][] = [
  ['acknowledge', { actor: ' ' }, /^actor must be the name/],
  ['acknowledge', { actor: 'ann', reason: 'x'.repeat(501) }, /^reason must be a text of at most 500/],
  ['silence', { actor: 'ann', until: 'tomorrow' }, /^until must be a time such as/],
  ['silence', { actor: 'ann', until: '2020-01-01T00:00:00Z' }, /^until must be in the future/],
  ['silence', { actor: 'ann', until: '2090-01-01T00:00:00Z' }, /^until must be within 366 days/],
  ['resolve', { actor: 'ann' }, /^reason must say why/],
  ['observe', {}, /^this update is sent by runs/],
  ['pass', undefined, /^this update is sent by runs/],
];

type Told = Pick<AlertMessage, 'key'> & { kind: string; state: string; actor: string | null; failingRuns: number };

/** One incident on the time-skipping server, driven by looks and acts; what it tells by itself is collected. */
class Life {
  private looks = 0;

  constructor(
    private readonly handle: WorkflowHandle<typeof mfgIncident>,
    readonly told: Told[],
  ) {}

  async look(status: 'WARN' | 'FAIL', runKey = `run-${++this.looks}`): Promise<LookAnswer> {
    return this.handle.executeUpdate(observeUpdate, { args: [await failing(status, runKey)] });
  }

  async pass(runKey = `run-${++this.looks}`, rest: Partial<IncidentLook> = {}): Promise<LookAnswer> {
    const { outcome: _, ...look } = await failing('WARN', runKey);
    return this.handle.executeUpdate(passUpdate, { args: [{ ...look, ...rest }] });
  }

  ack = () => this.act(acknowledgeUpdate, { actor: 'ann' });
  silence = async (days: number) => {
    const until = new Date((await env.currentTimeMs()) + days * DAY_MS).toISOString();
    return this.act(silenceUpdate, { actor: 'ann', until, reason: 'known' });
  };
  resolve = () => this.act(resolveUpdate, { actor: 'bob', reason: 'a test batch' });

  /** Waits until people have been told: what is under way when a worker ends would hold up the next test. */
  private async act<T extends ActInput>(update: UpdateDefinition<IncidentSummary, [T]>, input: T) {
    const before = this.told.length;
    const incident = await this.handle.executeUpdate(update, { args: [input] });
    await until('the message is delivered', () => this.told.length > before);
    await env.client.workflow.getHandle(`mfg-alert-webhook-${this.told.at(-1)?.key}`).result();
    return incident;
  }

  query = (): Promise<Incident> => this.handle.query(incidentQuery);
  days = (days: number) => env.sleep(days * DAY_MS);
  get kinds() {
    return this.told.map(({ kind }) => kind);
  }
}

async function failing(status: 'WARN' | 'FAIL', runKey: string, publication = 5): Promise<FailingLook> {
  const at = new Date(await env.currentTimeMs()).toISOString();
  return { runKey, run: { workflowId: 'w', runId: 'r' }, publication, at, outcome: { ...OUTCOME, status } };
}

let lives = 0;
/** Opens an incident with a WARN and lets a test live with it. */
async function live(work: (life: Life, handle: WorkflowHandle<typeof mfgIncident>) => Promise<void>) {
  const told: Told[] = [];
  const activities: Partial<Activities> = {
    alertTargets: () => Promise.resolve(['webhook']),
    deliverAlert: ({ message }) => {
      const [{ kind, incident, actor } = { kind: '', incident: undefined, actor: null }] = message.changes;
      const { state = '', failingRuns = 0 } = incident ?? {};
      told.push({ key: message.key, kind, state, actor, failingRuns });
      return Promise.resolve({ isNew: true });
    },
  };
  const worker = await stubWorker(env, bundle, activities);
  await worker.runUntil(async () => {
    const handle = await env.client.workflow.start<typeof mfgIncident>('mfgIncident', {
      taskQueue: TASK_QUEUE,
      workflowId: `${incidentId('row_count', 'orders')}-${++lives}`,
      args: [{ first: await failing('WARN', 'run-0') }],
    });
    await work(new Life(handle, told), handle);
    // The server skips time only while nothing else runs on it; after a termination it skips none any more.
    const end = { ...(await failing('WARN', 'the end')), at: '2999-01-01T00:00:00.000Z' };
    await handle.executeUpdate(passUpdate, { args: [end] }).catch(() => undefined);
    await handle.result();
  });
}

describe('mfgIncident', () => {
  it('counts repeats in silence, and reminds each week, also when somebody has taken it on', async () => {
    await live(async (life, handle) => {
      expect(await life.look('WARN')).toEqual(NOTHING);
      expect(await life.look('WARN')).toEqual(NOTHING);
      expect(await life.query()).toMatchObject({ state: 'OPEN', failingRuns: 3, worst: 'WARN' });
      await life.days(15);
      expect(life.kinds).toEqual(['REMINDER', 'REMINDER']);
      await life.ack();
      await life.days(8);
      expect(life.told.slice(2)).toMatchObject([
        { kind: 'ACKNOWLEDGED', state: 'ACKNOWLEDGED', actor: 'ann' },
        { kind: 'REMINDER', state: 'ACKNOWLEDGED', failingRuns: 3 },
      ]);
      const keys = life.told.map(({ key }) => key);
      expect(new Set(keys).size).toBe(4);
      expect(keys.every((key) => /^[0-9a-f-]{36}-\d+$/.test(key))).toBe(true);
      expect(await life.pass()).toMatchObject({ change: { kind: 'RESOLVED' }, isSilent: false });
      expect(await handle.result()).toMatchObject({ state: 'RESOLVED', resolved: { by: 'PASS', publication: 5 } });
      // Of a look the run tells: the incident itself said nothing of it.
      expect(life.kinds).toHaveLength(4);
    });
  });

  it('is listed by its memo and search attributes', async () => {
    await live(async (life, handle) => {
      await life.look('FAIL');
      await life.ack();
      const { memo, typedSearchAttributes } = await handle.describe();
      expect(memo?.incident).toMatchObject({
        check: 'row_count',
        table: 'orders',
        state: 'ACKNOWLEDGED',
        worst: 'FAIL',
      });
      const attributes = typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]);
      expect(attributes).toEqual(
        expect.arrayContaining([
          ['MfgOutcome', 'ACKNOWLEDGED'],
          ['MfgPublication', 5],
        ]),
      );
    });
  });

  it('says once that it has become worse, and is open again for whoever took on the lesser', async () => {
    await live(async (life) => {
      await life.ack();
      expect(await life.look('FAIL')).toMatchObject({ change: { kind: 'WORSENED', incident: { state: 'OPEN' } } });
      expect(await life.look('WARN')).toEqual(NOTHING);
      expect(await life.look('FAIL')).toEqual(NOTHING);
      expect(await life.query()).toMatchObject({ status: 'FAIL', worst: 'FAIL', failingRuns: 4 });
    });
  });

  it('is silent until a time, and then says once that it still fails', async () => {
    await live(async (life) => {
      expect(await life.silence(3)).toMatchObject({ state: 'SILENCED' });
      expect(await life.look('FAIL')).toMatchObject({ change: { kind: 'WORSENED' }, isSilent: true });
      await life.days(2);
      expect(life.kinds).toEqual(['SILENCED']);
      await life.days(2);
      expect(life.told.slice(1)).toMatchObject([{ kind: 'SILENCE_ENDED', state: 'OPEN', failingRuns: 2 }]);
      expect(await life.look('FAIL')).toEqual(NOTHING);
      await life.days(7);
      expect(life.kinds).toEqual(['SILENCED', 'SILENCE_ENDED', 'REMINDER']);
    });
  });

  it('that is silenced for weeks is not reminded of, and its pass is nobody told', async () => {
    await live(async (life, handle) => {
      await life.silence(30);
      await life.days(20);
      expect(await life.pass()).toMatchObject({ change: { kind: 'RESOLVED' }, isSilent: true });
      await handle.result();
      expect(life.kinds).toEqual(['SILENCED']);
    });
  });

  it('is resolved by a person, who says why', async () => {
    await live(async (life, handle) => {
      await life.resolve();
      const end = await handle.result();
      expect(end).toMatchObject({ resolved: { by: 'PERSON', publication: 5 } });
      expect(end.acts).toMatchObject([{ act: 'RESOLVED', actor: 'bob', reason: 'a test batch' }]);
      expect(life.told).toMatchObject([{ kind: 'RESOLVED', actor: 'bob' }]);
    });
  });

  it('gives a look that is repeated the same answer, and lets the later look win', async () => {
    await live(async (life) => {
      const worse = await life.look('FAIL', 'retried');
      expect(await life.look('FAIL', 'retried')).toEqual(worse);
      expect(await life.look('WARN', 'run-0')).toMatchObject({ change: { kind: 'OPENED' } });
      expect(await life.query()).toMatchObject({ failingRuns: 2 });
      expect(await life.pass('of the past', { at: '2020-01-01T00:00:00.000Z' })).toEqual(NOTHING);
      expect(await life.pass('of an earlier publication', { publication: 4 })).toEqual(NOTHING);
      expect(await life.query()).toMatchObject({ state: 'OPEN' });
    });
  });

  it('refuses what it cannot use, with a sentence', async () => {
    await live(async (life, handle) => {
      for (const [update, input, sentence] of REFUSED) {
        const args = input === undefined ? [] : [input];
        const refused = await handle.executeUpdate(update, { args: args as [] }).catch((error: unknown) => error);
        expect([update, (refused as { cause?: Error }).cause?.message]).toEqual([
          update,
          expect.stringMatching(sentence),
        ]);
      }
      expect(await life.query()).toMatchObject({ state: 'OPEN', failingRuns: 1 });
    });
  });

  it('is not started by hand', async () => {
    const worker = await stubWorker(env, bundle, {});
    const options = { taskQueue: TASK_QUEUE, workflowId: 'by-hand', args: [] };
    const failed = await worker.runUntil(() =>
      env.client.workflow.execute('mfgIncident', options).catch((error: unknown) => error),
    );
    expect((failed as { cause?: Error }).cause?.message).toMatch(/^mfgIncident is started by the run that finds/);
  });
});
