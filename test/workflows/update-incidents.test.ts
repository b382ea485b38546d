import { ApplicationFailure, Client, type WorkflowClientInterceptor, type WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundle } from '@temporalio/worker';
import type { Activities } from '../../activities';
import { createCurrentPublication } from '../../activities/current-publication';
import type { ActivityDependencies } from '../../activities/dependencies';
import { createUpdateIncidents } from '../../activities/update-incidents';
import { venvProgram } from '../../contracts/installation';
import { incidentId, type AlertMessage, type Incident, type IncidentChange } from '../../contracts/incidents';
import type { CheckOutcome, CheckStatus, QualityRecord } from '../../contracts/quality';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { tellIncidents } from '../../incidents/incident-book';
import { looksOf, type Looks } from '../../incidents/looks';
import type { Warehouse } from '../../warehouse/warehouse';
import {
  acknowledgeUpdate,
  incidentQuery,
  observeUpdate,
  resolveUpdate,
  type mfgIncident,
} from '../../workflows/incident';
import { mfg } from '../support/command-line';
import { until } from '../support/live-bench';
import { CANDIDATE, QUALITY } from '../support/ingestion-stub';
import { bundleWorkflows, installSilentRuntime, stubWorker } from '../support/workflow-env';

/** On Temporal's real server: its visibility and its way with workflows that have ended are what this is about. */
let env: TestWorkflowEnvironment;
let bundle: WorkflowBundle;
/** What each run's checks have found, by run id, and the publication that readers see. */
const saved = new Map<string, QualityRecord[]>();
let head = 5;
let found: [check: string, status: CheckStatus][] = [];
const told: AlertMessage[] = [];
let isReceiving = true;
let transform: () => Promise<typeof CANDIDATE> = () => Promise.resolve(CANDIDATE);
let stop: () => Promise<void>;

beforeAll(async () => {
  installSilentRuntime();
  const executable = { type: 'existing-path', path: venvProgram('temporal') } as const;
  const extraArgs = ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60'].concat(
    Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  );
  [env, bundle] = await Promise.all([
    TestWorkflowEnvironment.createLocal({ server: { executable, extraArgs } }),
    bundleWorkflows(),
  ]);
  const warehouse: Pick<Warehouse, 'head' | 'savedQuality'> = {
    head: () => Promise.resolve(head),
    savedQuality: ({ runId }) => Promise.resolve(saved.get(runId) ?? []),
  };
  const dependencies = { warehouse } as unknown as ActivityDependencies;
  const worker = await stubWorker(env, bundle, {
    currentPublication: createCurrentPublication(dependencies),
    updateIncidents: createUpdateIncidents(dependencies),
    alertTargets: () => Promise.resolve(['webhook']),
    deliverAlert: ({ message }) => {
      if (!isReceiving) return Promise.reject(new Error('MFG_ALERT_WEBHOOK_URL (h) answered 500'));
      told.push(message);
      return Promise.resolve({ isNew: true });
    },
    checkQuality: ({ run }) => {
      saved.set(run.runId, recordsOf(found));
      return Promise.resolve({ ...QUALITY, publication: 5 });
    },
    parseTransformInput: () => Promise.resolve({ build: { scope: 'FULL', select: [] }, isNothingNew: false }),
    buildCandidate: () => transform(),
    publish: (publication) => Promise.resolve({ publication, outcome: 'PUBLISHED' }),
  } satisfies Partial<Activities>);
  const running = worker.run();
  stop = async () => {
    worker.shutdown();
    await running;
  };
});
afterAll(async () => {
  await stop?.();
  await env?.teardown();
});

beforeEach(() => {
  told.length = 0;
  head = 5;
});

function outcome(check: string, status: CheckStatus): CheckOutcome {
  const severity = check.startsWith('info') ? 'INFO' : 'ERROR';
  return { check, table: 'orders', severity, status, observed: '1', expected: '0', detail: '', sample: [] };
}

function recordsOf(outcomes: typeof found): QualityRecord[] {
  const rest = { details: {}, isGate: false, ruleVersion: '', codeVersion: '', startedAt: new Date().toISOString() };
  return outcomes.map(([check, status], ordinal) => ({ ...outcome(check, status), ...rest, ordinal, publication: 5 }));
}

let runs = 0;
async function monitor(...outcomes: typeof found) {
  found = outcomes;
  const options = { taskQueue: TASK_QUEUE, workflowId: `monitoring-${++runs}`, args: [] };
  return (await env.client.workflow.execute('mfgDataQualityMonitoring', options)) as typeof QUALITY;
}

async function runTransform(): Promise<{ failed: boolean }> {
  const options = { taskQueue: TASK_QUEUE, workflowId: `transform-${++runs}`, args: [] };
  const failed = await env.client.workflow.execute('mfgDbtTransform', options).then(
    () => false,
    () => true,
  );
  return { failed };
}

const incident = (check: string): WorkflowHandle<typeof mfgIncident> =>
  env.client.workflow.getHandle(incidentId(check, 'orders'));
const kindsOf = (changes: IncidentChange[]) =>
  changes.map(({ kind, incident: { check } }) => `${check} ${kind}`).sort();
/** Messages as they came, waited for. */
async function messages(count: number): Promise<string[][]> {
  await until(`${count} messages`, () => told.length >= count, 20);
  return told.map(({ changes }) => kindsOf(changes));
}

/** Visibility knows of an incident a moment after the incident does. */
async function isListed(...checks: string[]): Promise<void> {
  await until(
    'they are listed',
    async () => {
      const ids: string[] = [];
      const query = "WorkflowType = 'mfgIncident' and ExecutionStatus = 'Running'";
      for await (const { workflowId, memo } of env.client.workflow.list({ query }))
        if (memo?.incident) ids.push(workflowId);
      return checks.every((check) => ids.includes(incidentId(check, 'orders')));
    },
    20,
  );
}

describe('mfgDataQualityMonitoring', () => {
  it('opens, repeats and resolves incidents, and says all that one run changed in one message', async () => {
    const first = await monitor(['a', 'FAIL'], ['b', 'WARN'], ['info', 'WARN'], ['c', 'PASS']);
    expect(first.incidents).toEqual({ opened: 2, resolved: 0 });
    expect(await messages(1)).toEqual([['a OPENED', 'b OPENED']]);
    expect(told[0]).toMatchObject({ changeCount: 2, run: { workflowType: 'mfgDataQualityMonitoring' } });
    expect((await monitor(['a', 'FAIL'], ['b', 'WARN'])).incidents).toEqual({ opened: 0, resolved: 0 });
    await isListed('a', 'b');
    expect((await monitor(['a', 'PASS'], ['b', 'ERROR'], ['b', 'PASS'])).incidents).toEqual({ opened: 1, resolved: 1 });
    expect(await messages(2)).toEqual([
      ['a OPENED', 'b OPENED'],
      ['a RESOLVED', 'b WORSENED'],
    ]);
    expect(new Set(told.map(({ key }) => key)).size).toBe(2);
    const { resolved, failingRuns } = await incident('a').result();
    expect({ resolved, failingRuns }).toMatchObject({ resolved: { by: 'PASS', publication: 5 }, failingRuns: 2 });
    // The next failure is an incident of its own.
    expect((await monitor(['a', 'FAIL'])).incidents).toEqual({ opened: 1, resolved: 0 });
    expect((await incident('a').query(incidentQuery)).failingRuns).toBe(1);
  });

  it('does nothing when it has looked at the past', async () => {
    head = 6;
    expect((await monitor(['past', 'FAIL'])).incidents).toEqual({ opened: 0, resolved: 0 });
    await expect(incident('past').describe()).rejects.toThrow('not found');
  });

  it('does not open again what a person has resolved, until a newer publication fails', async () => {
    await monitor(['known', 'FAIL']);
    await incident('known').executeUpdate(resolveUpdate, { args: [{ actor: 'ann', reason: 'a test batch' }] });
    expect(await messages(2)).toEqual([['known OPENED'], ['known RESOLVED']]);
    expect((await monitor(['known', 'FAIL'])).incidents).toEqual({ opened: 0, resolved: 0 });
    const [failing] = looks('known', 'FAIL', 'later').failing;
    const answers = await tell({ failing: failing ? [{ ...failing, publication: 6 }] : [], passing: [] });
    expect(kindsOf(answers.changes)).toEqual(['known OPENED']);
  });
});

const never = new AbortController().signal;
const tell = (what: Looks, client: Client = env.client) =>
  tellIncidents(client, what, new Date().toISOString(), () => undefined, never);

function looks(check: string, status: CheckStatus, runKey: string): Looks {
  const origin = { runKey, run: { workflowId: 'w', runId: runKey }, publication: 5 };
  return looksOf([{ ...outcome(check, status), startedAt: new Date().toISOString() }], origin);
}

function together(...all: Looks[]): Looks {
  return { failing: all.flatMap((l) => l.failing), passing: all.flatMap((l) => l.passing) };
}

describe('runs at once, and runs that are tried again', () => {
  it('two runs open one incident, and one of them says so', async () => {
    for (const check of ['race1', 'race2', 'race3']) {
      const both = await Promise.all(['x', 'y'].map((key) => tell(looks(check, 'FAIL', `${check}-${key}`))));
      expect(kindsOf(both.flatMap(({ changes }) => changes))).toEqual([`${check} OPENED`]);
      expect((await incident(check).query(incidentQuery)).failingRuns).toBe(2);
    }
  });

  it('an earlier failure that comes after a pass opens nothing', async () => {
    const early = looks('late', 'FAIL', 'late-early');
    await tell(looks('late', 'FAIL', 'late-first'));
    await isListed('late');
    expect((await tell(looks('late', 'PASS', 'late-pass'))).resolved).toBe(1);
    expect((await tell(early)).changes).toEqual([]);
  });

  it('lose no change and double none, wherever the activity is cut off', async () => {
    for (const when of ['before', 'after'] as const) {
      let wasCut = true;
      for (let call = 1; wasCut; call++) {
        const name = (what: string) => `${what}_${when}${call}`;
        await tell(together(looks(name('worse'), 'WARN', 'earlier'), looks(name('ends'), 'FAIL', 'earlier')));
        await isListed(name('worse'), name('ends'));
        const what = together(
          looks(name('begins'), 'FAIL', name('run')),
          looks(name('worse'), 'FAIL', name('run')),
          looks(name('ends'), 'PASS', name('run')),
        );
        const { connection } = env.client;
        const cut = new Client({ connection, interceptors: { workflow: [cutAt(call, when)] } });
        wasCut = (await tell(what, cut)).untold.length > 0;
        const { changes } = await tell(what);
        expect(kindsOf(changes)).toEqual(
          [`${name('begins')} OPENED`, `${name('ends')} RESOLVED`, `${name('worse')} WORSENED`].sort(),
        );
        expect((await incident(name('worse')).query(incidentQuery)).failingRuns).toBe(2);
        expect((await incident(name('begins')).query(incidentQuery)).failingRuns).toBe(1);
        if (!wasCut) expect(call).toBeGreaterThan(5);
      }
    }
  });

  it('an incident that continues as new has forgotten nothing', async () => {
    await tell(looks('long', 'WARN', 'long-0'));
    const before = (await incident('long').describe()).runId;
    const handle = incident('long');
    await handle.executeUpdate(acknowledgeUpdate, { args: [{ actor: 'ann' }] });
    let looked = 0;
    await until('it continues as new', async () => {
      await tell(looks('long', 'WARN', `long-${++looked}`));
      return (await handle.describe()).runId !== before;
    });
    const known: Incident = await incident('long').query(incidentQuery);
    expect(known).toMatchObject({ state: 'ACKNOWLEDGED', failingRuns: looked + 1, firstRunId: before });
    expect(known.acts).toHaveLength(1);
    expect(known.looks).toHaveLength(Math.min(20, looked + 1));
    // The same look again, now told to another execution.
    const [again] = looks('long', 'WARN', `long-${looked}`).failing;
    await handle.executeUpdate(observeUpdate, { args: again ? [again] : (undefined as never) });
    expect((await incident('long').query(incidentQuery)).failingRuns).toBe(looked + 1);
    expect((await handle.describe()).memo?.incident).toMatchObject({ state: 'ACKNOWLEDGED' });
  });
});

/** Fails at one call of the client, before it is sent or after it was done. */
function cutAt(call: number, when: 'before' | 'after'): WorkflowClientInterceptor {
  let calls = 0;
  const step = async <I, R>(input: I, next: (input: I) => Promise<R>): Promise<R> => {
    const isIt = ++calls === call;
    if (isIt && when === 'before') throw new Error('cut off');
    const answer = await Promise.allSettled([next(input)]);
    if (isIt) throw new Error('cut off');
    if (answer[0].status === 'rejected') throw answer[0].reason;
    return answer[0].value;
  };
  return { describe: step, start: step, startUpdate: step };
}

describe('mfg incidents', () => {
  const savedEnvironment = { ...process.env };
  beforeEach(() => Object.assign(process.env, { TEMPORAL_ADDRESS: env.address }));
  afterEach(() => {
    process.env = { ...savedEnvironment };
    isReceiving = true;
  });

  it('lists, shows, acknowledges, silences and resolves, and shows what nobody has got', async () => {
    isReceiving = false;
    await monitor(['cli', 'FAIL']);
    await isListed('cli');
    const id = 'cli/orders';
    expect((await mfg('incidents')).out).toMatch(/^cli\/orders +FAIL +open/m);
    expect(await mfg('incidents', 'ack', id, '--reason', 'on it')).toMatchObject({
      ...{ code: 0, out: 'cli on orders is acknowledged.\n' },
    });
    expect((await mfg('incidents', 'show', id)).out).toMatch(/acknowledged +on it/);
    const silenced = await mfg('incidents', 'silence', id, '--for', '2d', '--json');
    expect(JSON.parse(silenced.out)).toMatchObject({ state: 'SILENCED' });
    expect((await mfg('incidents', 'silence', id, '--until', '2020-01-01T00:00:00Z')).err).toMatch(
      /^cli\/orders: until must be in the future/,
    );
    await until('it is tried again', async () => {
      const { undelivered } = JSON.parse((await mfg('incidents', '--json')).out) as { undelivered: object[] };
      return undelivered.length >= 2;
    });
    expect((await mfg('incidents')).out).toMatch(/^webhook .*tried again, attempt \d .*answered 500/m);
    expect(await mfg('incidents', 'resolve', id, '-r', 'a test batch')).toMatchObject({ code: 0 });
    // Its workflow may still be handing over the last message.
    expect(await mfg('incidents', 'resolve', id, '-r', 'again')).toMatchObject({
      ...{ code: 2, err: expect.stringMatching(/^there is no open incident|is resolved already/) as string },
    });
    expect(JSON.parse((await mfg('incidents', 'show', id, '--json')).out)).toMatchObject({ state: 'RESOLVED' });
    await until('it is listed as resolved', async () =>
      /^cli\/orders +FAIL +resolved/m.test((await mfg('incidents', '--all')).out),
    );
  });
});

describe('runs themselves', () => {
  const identity = (check: string, table: string) => env.client.workflow.getHandle(incidentId(check, table));

  it('a run that fails is an incident, which the next good one resolves', async () => {
    transform = () => Promise.reject(ApplicationFailure.nonRetryable('no space left', 'StoreError'));
    expect([await runTransform(), await runTransform()]).toEqual([{ failed: true }, { failed: true }]);
    transform = () => Promise.resolve(CANDIDATE);
    expect(await runTransform()).toEqual({ failed: false });
    expect(await messages(2)).toEqual([['run_failed OPENED'], ['run_failed RESOLVED']]);
    expect(told[0]?.changes[0]?.incident).toMatchObject({ table: 'mfgDbtTransform', detail: 'no space left' });
    expect(await identity('run_failed', 'mfgDbtTransform').result()).toMatchObject({ failingRuns: 2 });
  });

  it('a held candidate is one, until readers are past it', async () => {
    const failures = [{ node: 'unique_x', status: 'fail' as const, message: 'Got 1 result' }];
    transform = () => Promise.resolve({ ...CANDIDATE, status: 'HELD', failures });
    await runTransform();
    transform = () => Promise.resolve(CANDIDATE);
    await monitor(['fine', 'PASS']);
    expect(await messages(1)).toEqual([['candidate_held OPENED']]);
    head = 8;
    await runTransform();
    expect(await messages(2)).toEqual([['candidate_held OPENED'], ['candidate_held RESOLVED']]);
  });

  it('a run that is cancelled is none, nor is an input that somebody mistyped', async () => {
    transform = () => Promise.reject(ApplicationFailure.nonRetryable('no such model', 'InvalidInputError'));
    expect(await runTransform()).toEqual({ failed: true });
    let reached: () => void = () => undefined;
    const building = new Promise<void>((resolve) => (reached = resolve));
    transform = () => {
      reached();
      return Promise.reject(new Error('tried again'));
    };
    const options = { taskQueue: TASK_QUEUE, workflowId: 'cancelled', args: [] };
    const handle = await env.client.workflow.start('mfgDbtTransform', options);
    await building;
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect(told).toEqual([]);
  });
});
