import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundle } from '@temporalio/worker';
import { createAlertTargets, createDeliverAlert, createPingDeadMan } from '../../activities/deliver-alert';
import type { ActivityDependencies } from '../../activities/dependencies';
import type { Activities } from '../../activities';
import { loadConfig } from '../../contracts/config';
import type { AlertMessage, FailingLook, Incident } from '../../contracts/incidents';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { acknowledgeUpdate, resolveUpdate, type mfgIncident } from '../../workflows/incident';
import { CANDIDATE, COUNTS, PLAN, QUALITY } from '../support/ingestion-stub';
import { until } from '../support/live-bench';
import { Receiver, SECRET_PATH, type Answer } from '../support/receiver';
import { scratchDir } from '../support/scratch';
import { bundleWorkflows, stubWorker, timeSkippingEnvironment } from '../support/workflow-env';

let env: TestWorkflowEnvironment;
let bundle: WorkflowBundle;
const receivers: Receiver[] = [];

beforeAll(async () => {
  [env, bundle] = await Promise.all([timeSkippingEnvironment(), bundleWorkflows()]);
});
afterAll(async () => {
  await env?.teardown();
  for (const receiver of receivers) await receiver.close();
});

const HOUR_MS = 60 * 60 * 1000;
const TOKEN = 'secret-token';
const LOOK: FailingLook = {
  ...{ runKey: 'run-0', run: { workflowId: 'w', runId: 'r' }, publication: 5, at: '2026-03-11T02:00:00.000Z' },
  outcome: {
    ...{ check: 'row_count', table: 'orders', severity: 'ERROR', status: 'FAIL' },
    ...{ observed: '800 rows', expected: '1,000 rows', detail: '' },
  },
};

async function receiver(answers: Answer[] = [], otherwise?: Answer): Promise<{ receiver: Receiver; url: string }> {
  const made = new Receiver(() => env.currentTimeMs(), answers, otherwise);
  receivers.push(made);
  return { receiver: made, url: await made.listen() };
}

/** The real delivery, to the receivers that the variables name. */
function delivering(variables: Record<string, string>): Partial<Activities> {
  const config = loadConfig({ MFG_STATE_DIR: scratchDir(), MFG_TEMPORAL_UI_URL: 'http://ui.example', ...variables });
  const dependencies = { config } as ActivityDependencies;
  return {
    // What a test does not ask for is not delivered either: its file is looked at in unit tests.
    alertTargets: async () => (await createAlertTargets(dependencies)()).filter((target) => target !== 'file'),
    deliverAlert: createDeliverAlert(dependencies),
    pingDeadMan: createPingDeadMan(dependencies),
  };
}

const alertOf = (target: string, { headers, body }: Receiver['requests'][number]) => {
  const key = headers['idempotency-key'] ?? (JSON.parse(body) as { key: string }).key;
  return env.client.workflow.getHandle(`mfg-alert-${target}-${String(key)}`);
};

describe('dead-man ping', () => {
  const GOOD: Partial<Activities> = {
    discoverDeliveries: () => Promise.resolve(PLAN),
    loadPartitions: () => Promise.resolve({ ...COUNTS, tables: ['materials'] }),
    checkLoad: () => Promise.resolve({ ...COUNTS, partitions: 5 }),
    buildCandidate: () => Promise.resolve(CANDIDATE),
    publish: (publication) => Promise.resolve({ publication, outcome: 'PUBLISHED' }),
    checkQuality: () => Promise.resolve(QUALITY),
  };

  it('a worker that stands still for a day is noticed by who hears nothing of it', async () => {
    // The receiver has a clock of its own, as it would elsewhere: nights pass for it between two runs.
    let now = Date.parse('2026-03-11T02:00:00Z');
    const deadMan = new Receiver(() => now);
    receivers.push(deadMan);
    const url = await deadMan.listen();
    const alarm = () => now - (deadMan.requests.at(-1)?.at ?? 0) > 26 * HOUR_MS;
    const activities = { ...GOOD, ...delivering({ MFG_DEADMAN_URL: url }) };
    const night = (workflowId: string) =>
      env.client.workflow.start('mfgRawIngestion', { taskQueue: TASK_QUEUE, workflowId, args: [] });
    const worker = await stubWorker(env, bundle, activities);
    await worker.runUntil(async () => {
      for (const day of [1, 2, 3]) {
        expect(await (await night(`night-${day}`)).result()).toMatchObject({ outcome: 'PUBLISHED' });
        expect(deadMan.requests).toHaveLength(day);
        now += 24 * HOUR_MS;
        expect(alarm()).toBe(false);
      }
    });
    const missed = await night('night-4');
    now += 3 * HOUR_MS;
    expect({ alarm: alarm(), pings: deadMan.requests.length }).toEqual({ alarm: true, pings: 3 });
    const again = await stubWorker(env, bundle, activities);
    await again.runUntil(() => missed.result());
    expect({ alarm: alarm(), pings: deadMan.requests.length }).toEqual({ alarm: false, pings: 4 });
    expect(deadMan.requests.every(({ method, body }) => method === 'GET' && body === '')).toBe(true);
  });

  it('that is not answered does not fail the run, and a run that failed sends none', async () => {
    const { receiver: deadMan, url } = await receiver([], { status: 500 });
    const activities = { ...GOOD, ...delivering({ MFG_DEADMAN_URL: url }) };
    const worker = await stubWorker(env, bundle, activities);
    const options = { taskQueue: TASK_QUEUE, args: [] };
    await worker.runUntil(() => env.client.workflow.execute('mfgRawIngestion', { ...options, workflowId: 'unheard' }));
    expect(deadMan.requests).toHaveLength(4);
    const failing = await stubWorker(env, bundle, {
      ...activities,
      buildCandidate: () => Promise.resolve({ ...CANDIDATE, status: 'FAILED' }),
    });
    const failed = failing.runUntil(() =>
      env.client.workflow.execute('mfgRawIngestion', { ...options, workflowId: 'failed' }),
    );
    await expect(failed).rejects.toThrow();
    expect(deadMan.requests).toHaveLength(4);
  });
});

// The last: after a request that hung, this server skips no time any more.
describe('delivery', () => {
  it('is given up after three days, which is seen by its failure', async () => {
    const { receiver: slack, url } = await receiver([], { status: 503, headers: { 'Retry-After': '3600' } });
    const message: AlertMessage = { key: 'key-1', at: LOOK.at, changes: [], changeCount: 0, run: null };
    const worker = await stubWorker(env, bundle, delivering({ MFG_ALERT_SLACK_URL: url }));
    const failed = await worker.runUntil(() =>
      env.client.workflow
        .execute('mfgAlert', { taskQueue: TASK_QUEUE, workflowId: 'alert', args: [{ target: 'slack', message }] })
        .catch((error: unknown) => error),
    );
    expect((failed as { cause?: Error }).cause).toMatchObject({
      type: 'AlertNotDeliveredError',
      message:
        "the message was not delivered to 'slack' within three days: MFG_ALERT_SLACK_URL (127.0.0.1) answered 503",
    });
    const [first, last] = [slack.requests[0]?.at ?? 0, slack.requests.at(-1)?.at ?? 0];
    expect(last - first).toBeGreaterThan(70 * HOUR_MS);
    expect(last - first).toBeLessThanOrEqual(72 * HOUR_MS);
    const { typedSearchAttributes } = await env.client.workflow.getHandle('alert').describe();
    expect(typedSearchAttributes.getAll().map(({ value }) => value)).toContain('NOT_DELIVERED');
  });

  it('goes on until the receiver has it, with one key and in order, and nobody waits for it', async () => {
    const date = new Date((await env.currentTimeMs()) + 2 * HOUR_MS).toUTCString();
    const { receiver: webhook, url } = await receiver([
      { status: 500 },
      'hang',
      { status: 429, headers: { 'Retry-After': '1800' } },
      { status: 503, headers: { 'Retry-After': date } },
    ]);
    const variables = { MFG_ALERT_WEBHOOK_URL: url, MFG_ALERT_WEBHOOK_TOKEN: TOKEN };
    const worker = await stubWorker(env, bundle, delivering(variables));
    await worker.runUntil(async () => {
      const handle = await env.client.workflow.start<typeof mfgIncident>('mfgIncident', {
        ...{ taskQueue: TASK_QUEUE, workflowId: 'mfg-incident-row_count-orders', args: [{ first: LOOK }] },
      });
      await handle.executeUpdate(acknowledgeUpdate, { args: [{ actor: 'ann' }] });
      await until('the first attempt', () => webhook.requests.length > 0);
      const [first] = webhook.requests;
      const alert = alertOf('webhook', first ?? fail());
      expect(await alert.result()).toMatchObject({ target: 'webhook', isNew: true });
      expect(webhook.requests).toHaveLength(5);
      for (const { method, body, headers } of webhook.requests) {
        expect({ method, body }).toEqual({ method: 'POST', body: first?.body });
        const key = first?.headers['idempotency-key'];
        expect(headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, 'idempotency-key': key });
      }
      const gaps = webhook.requests.slice(1).map(({ at }, index) => at - (webhook.requests[index]?.at ?? 0));
      // After the 429 as it asked; a date is taken for an hour at the most.
      expect(gaps[2]).toBeGreaterThanOrEqual(0.5 * HOUR_MS - 1000);
      expect(gaps[2]).toBeLessThan(0.6 * HOUR_MS);
      expect(gaps[3]).toBeGreaterThan(0.9 * HOUR_MS);
      expect(gaps[3]).toBeLessThan(1.1 * HOUR_MS);
      expect(JSON.parse(first?.body ?? '')).toMatchObject({
        changeCount: 1,
        changes: [
          {
            kind: 'ACKNOWLEDGED',
            actor: 'ann',
            check: 'row_count',
            incidentKey: expect.stringContaining(':') as string,
          },
        ],
        run: null,
      });
      // What is told next is a message of its own, and comes once.
      await handle.executeUpdate(resolveUpdate, { args: [{ actor: 'ann', reason: 'a test batch' }] });
      const end: Incident = await handle.result();
      await until('the second message', () => webhook.requests.length === 6);
      await alertOf('webhook', webhook.requests[5] ?? fail()).result();
      expect(end.state).toBe('RESOLVED');
      expect(new Set(webhook.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(2);
      // The address and the token stand in no history.
      for (const history of [await alert.fetchHistory(), await handle.fetchHistory()]) {
        const text = readable(history);
        expect(text).not.toContain(TOKEN);
        expect(text).not.toContain(SECRET_PATH);
      }
    });
  });
});

function fail(): never {
  throw new Error('there is no request');
}

/** A history with its payloads, which are bytes, as text. */
function readable(history: unknown): string {
  return JSON.stringify(history, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString() : value,
  );
}
