import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { DateTime } from 'luxon';
import type { Activities } from '../../activities';
import { loadConfig, PROJECT_ROOT } from '../../contracts/config';
import { readSourceContracts } from '../../contracts/source-contract';
import { rawIngestionInputSchema } from '../../contracts/workflow-inputs';
import { surveyRun } from '../../ingestion/survey-run';
import { startTemporalServer } from '../../workers/temporal-server';
import { mfg } from '../support/command-line';
import { projectFile } from '../support/deployment-files';
import { CANDIDATE, PLAN, QUALITY } from '../support/ingestion-stub';
import { closeAfterTests, deliver, scratchDir } from '../support/scratch';
import { bundleWorkflows, installSilentRuntime, stubWorker } from '../support/workflow-env';

/** Real server, real command lines, real workflows; activities that only tell which date a run has: weeks of nights in seconds. */
let client: Client;
const sourceDir = scratchDir();
const config = loadConfig({ MFG_STATE_DIR: scratchDir() });
const environment = { TEMPORAL_ADDRESS: '', MFG_STATE_DIR: config.stateDir };

const activities: Partial<Activities> = {
  discoverDeliveries: async ({ input, scheduledAt }) => {
    const systems = await readSourceContracts(config.dbtDir);
    const parsed = rawIngestionInputSchema.parse(input ?? {});
    const { logicalDate } = await surveyRun({ input: parsed, scheduledAt, systems, sourceDir });
    return { ...PLAN, logicalDate, batches: 0, logicalDates: [] };
  },
  checkQuality: () => Promise.resolve(QUALITY),
  parseTransformInput: () => Promise.resolve({ build: { scope: 'FULL', select: [] }, isNothingNew: false }),
  buildCandidate: () => Promise.resolve(CANDIDATE),
  publish: (publication) => Promise.resolve({ publication, outcome: 'PUBLISHED' }),
};

beforeAll(async () => {
  installSilentRuntime();
  deliver(sourceDir, 'mes/2026-01-05/materials.csv', 'there is one');
  const [server, bundle] = await Promise.all([startTemporalServer(config), bundleWorkflows()]);
  closeAfterTests(() => server.stop());
  environment.TEMPORAL_ADDRESS = server.address;
  Object.assign(process.env, environment);
  const connection = await Connection.connect({ address: server.address });
  const nativeConnection = await NativeConnection.connect({ address: server.address });
  client = new Client({ connection });
  const worker = await stubWorker({ nativeConnection, namespace: 'default' }, bundle, activities);
  const running = worker.run();
  closeAfterTests(async () => {
    worker.shutdown();
    await running;
    await Promise.all([connection.close(), nativeConnection.close()]);
  });
});

interface ScheduledRun {
  workflowId: string;
  type: string;
  logicalDate: string;
  scheduledAt: Date;
  startedAt: Date;
}

/** Waits until so many runs whose workflow id begins so have ended, without their parts. */
async function runsOf(prefix: string, count: number): Promise<ScheduledRun[]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const runs: ScheduledRun[] = [];
    for await (const run of client.workflow.list({
      query: `WorkflowId STARTS_WITH '${prefix}-2' and ExecutionStatus = 'Completed'`,
    })) {
      const { TemporalScheduledStartTime: [scheduledAt] = [], MfgLogicalDate: [logicalDate] = [] } =
        run.searchAttributes;
      if (!(scheduledAt instanceof Date)) continue;
      runs.push({
        workflowId: run.workflowId,
        type: run.type,
        logicalDate: String(logicalDate),
        scheduledAt,
        startedAt: run.startTime,
      });
    }
    if (runs.length >= count) return runs.sort((a, b) => a.scheduledAt.getTime() - b.scheduledAt.getTime());
    if (Date.now() > deadline) throw new Error(`${runs.length} of ${count} runs of ${prefix}`);
    await sleep(100);
  }
}

describe('mfg schedules', () => {
  const file = path.join(scratchDir(), 'plant.yml');
  const nightly = (fields = '') =>
    `  nightly:\n    workflow: mfgRawIngestion\n    cron: '59 23 * * *'\n    time_zone: Europe/Berlin\n    jitter: 2h\n${fields}`;
  const checks =
    "  checks:\n    workflow: mfgDataQualityMonitoring\n    cron: '0 7,19 * * mon-fri'\n    time_zone: America/New_York\n";
  const write = (...entries: string[]) => writeFileSync(file, `schedules:\n${entries.join('')}`);
  const schedules = (...args: string[]) => mfg('schedules', ...args);
  const changes = async (verb: 'apply' | 'diff', ...args: string[]) => {
    const { code, out } = await schedules(verb, '--file', file, '--json', ...args);
    expect(code).toBe(0);
    const { changes: all } = JSON.parse(out) as { changes: { scheduleId: string; change: string; fields: object[] }[] };
    return Object.fromEntries(
      all.map(({ scheduleId, change, fields }) => [scheduleId, fields.length > 0 ? fields : change]),
    );
  };

  it('apply makes them, and a second time changes nothing', async () => {
    write(nightly(), checks);
    expect(await changes('diff')).toEqual({ nightly: 'create', checks: 'create' });
    expect(await changes('apply')).toEqual({ nightly: 'create', checks: 'create' });
    const updated = async () => (await client.schedule.getHandle('checks').describe()).info.lastUpdatedAt;
    const before = await updated();
    expect(await changes('apply')).toEqual({ nightly: 'none', checks: 'none' });
    expect(await updated()).toEqual(before);
    expect((await schedules('apply', '--file', file)).out).toMatch(
      /Nothing to change: the schedules are as the file has them\.\n$/,
    );
  });

  it('diff and apply tell each field, also of what was changed by hand; a pause stays', async () => {
    expect((await schedules('pause', 'nightly', '--reason', 'line 2 is rebuilt')).out).toMatch(/^nightly is paused/);
    await client.schedule.getHandle('nightly').update((schedule) => ({
      ...schedule,
      spec: { ...schedule.spec, timezone: 'Asia/Tokyo', calendars: [{ hour: 5 }] },
      policies: { ...schedule.policies, pauseOnFailure: true },
    }));
    write(nightly('    overlap: skip\n    input: { tables: [materials] }\n'), checks);
    const expected = [
      { field: 'input', before: '{}', after: '{"tables":["materials"]}' },
      { field: 'cron', before: '0 5 * * *', after: '59 23 * * *' },
      { field: 'time_zone', before: 'Asia/Tokyo', after: 'Europe/Berlin' },
      { field: 'overlap', before: 'buffer_one', after: 'skip' },
      { field: 'pause on failure', before: 'true' },
    ];
    expect(await changes('diff')).toEqual({ nightly: expected, checks: 'none' });
    expect(await changes('apply')).toEqual({ nightly: expected, checks: 'none' });
    expect(await changes('diff')).toEqual({ nightly: 'none', checks: 'none' });
    const { state } = await client.schedule.getHandle('nightly').describe();
    expect(state).toMatchObject({ paused: true, note: expect.stringMatching(/: line 2 is rebuilt$/) as unknown });
    expect((await schedules('resume', 'nightly')).out).toBe('nightly goes on.\n');
    expect((await client.schedule.getHandle('nightly').describe()).state.paused).toBe(false);
  });

  it('what has left the file is told, and deleted by --prune only; what was made by hand is left alone', async () => {
    await client.schedule.create({
      scheduleId: 'theirs',
      spec: { cronExpressions: ['0 1 * * *'] },
      action: { type: 'startWorkflow', workflowType: 'mfgRetention', taskQueue: 'x', workflowId: 'theirs' },
      state: { paused: true },
    });
    write(nightly());
    const listed = async () => {
      const { out } = await schedules('list', '--json');
      const { schedules: all } = JSON.parse(out) as { schedules: { scheduleId: string; fromFile: boolean }[] };
      return Object.fromEntries(all.map(({ scheduleId, fromFile }) => [scheduleId, fromFile]));
    };
    // The list of schedules comes from visibility, which follows within a moment.
    for (let tries = 0; tries < 50 && !('theirs' in (await listed())); tries++) await sleep(100);
    expect(await listed()).toEqual({ nightly: true, checks: true, theirs: false });
    expect(await changes('apply')).toMatchObject({ checks: 'unlisted' });
    expect(await listed()).toMatchObject({ checks: true });
    expect(await changes('apply', '--prune')).toMatchObject({ checks: 'delete' });
    await expect(client.schedule.getHandle('checks').describe()).rejects.toThrow(/not found/i);
    expect(await client.schedule.getHandle('theirs').describe()).toMatchObject({ state: { paused: true } });
  });

  it('trigger starts a run, which tells of its schedule, and one that is not there is named', async () => {
    const { code, out } = await schedules('trigger', 'nightly', '--json');
    expect(code).toBe(0);
    const { run } = JSON.parse(out) as { run: { workflowId: string; runId: string } };
    const { memo, type } = await client.workflow.getHandle(run.workflowId, run.runId).describe();
    expect({ memo, type }).toEqual({ memo: { schedule: 'nightly' }, type: 'mfgRawIngestion' });
    expect(await schedules('trigger', 'nightli')).toMatchObject({
      code: 2,
      err: 'there is no schedule nightli: `npx mfg schedules list` shows them.\n',
    });
  });

  it('a jitter that starts a run after midnight leaves its logical date alone', async () => {
    // Real time: each run is meant for a full three seconds and starts up to almost three later.
    const options = { type: 'startWorkflow', workflowType: 'mfgRawIngestion', taskQueue: 'mfg-data-platform' } as const;
    await client.schedule.create({
      scheduleId: 'jittered',
      spec: { intervals: [{ every: '3s' }], jitter: '2900ms' },
      action: { ...options, workflowId: 'jittered' },
      policies: { overlap: 'ALLOW_ALL' },
    });
    const runs = await runsOf('jittered', 3);
    await client.schedule.getHandle('jittered').delete();
    expect(runs.map(({ scheduledAt }) => scheduledAt.getTime() % 3000)).toEqual(runs.map(() => 0));
    expect(runs.some(({ scheduledAt, startedAt }) => startedAt.getTime() - scheduledAt.getTime() > 100)).toBe(true);
    // And the nightly one of two hours' jitter: its date is that of 23:59, in the zone, less the system's offset of a day.
    await client.schedule.getHandle('nightly').backfill({
      ...{ start: new Date('2026-03-10T12:00:00Z'), end: new Date('2026-03-12T12:00:00Z'), overlap: 'BUFFER_ALL' },
    });
    const nights = (await runsOf('nightly', 3)).filter(({ scheduledAt }) => scheduledAt < new Date('2026-03-13'));
    expect(nights.map(({ logicalDate }) => logicalDate)).toEqual(['2026-03-09', '2026-03-10']);
  });
});

describe("the README's schedules", () => {
  /** Command lines of a page's code, continued lines joined. */
  const commands = projectFile('README.md')
    .replaceAll(/\\\n\s+/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('npx mfg temporal schedule '));
  const sh = (command: string) =>
    promisify(execFile)('sh', ['-c', command], { cwd: PROJECT_ROOT, env: { ...process.env, ...environment } });
  const idIn = (command: string) => /--schedule-id (\S+)/.exec(command)?.[1] ?? '';

  it('are made by its own command lines, for each of the three workflows', async () => {
    const created = commands.filter((command) => command.includes(' schedule create '));
    for (const command of created) await sh(command);
    const types = await Promise.all(
      created.map(async (command) => (await client.schedule.getHandle(idIn(command)).describe()).action.workflowType),
    );
    expect(types).toEqual(['mfgRawIngestion', 'mfgDbtTransform', 'mfgDataQualityMonitoring']);
    for (const [index, command] of created.entries()) {
      await client.schedule.getHandle(idIn(command)).trigger();
      const [run] = await runsOf(idIn(command), 1);
      expect(run?.type).toBe(types[index]);
    }
  });

  it('start what a trigger and a backfill ask for: every local day once, over both clock changes', async () => {
    const [trigger = '', backfill = ''] = commands.filter((command) => !command.includes(' schedule create '));
    const id = idIn(backfill);
    const before = (await runsOf(id, 1)).length;
    await sh(trigger);
    expect((await runsOf(id, before + 1)).length).toBe(before + 1);

    const days = (first: string, count: number) =>
      Array.from({ length: count }, (_, day) => DateTime.fromISO(first).plus({ days: day }).toISODate());
    await sh(backfill);
    const autumn = backfill
      .replace(/--start-time \S+/, '--start-time 2026-10-22T12:00:00Z')
      .replace(/--end-time \S+/, '--end-time 2026-10-27T12:00:00Z');
    expect(autumn).not.toBe(backfill);
    await sh(autumn);
    const nights = (await runsOf(id, before + 11)).filter(
      ({ scheduledAt }) => scheduledAt.getUTCHours() < 4 && scheduledAt.getTime() % 3_600_000 === 1_800_000,
    );
    const dates = nights.map(({ logicalDate }) => logicalDate);
    // A run in the night loads the day before: the nights of 27 to 31 March and of 23 to 27 October.
    expect(dates).toEqual([...days('2026-03-26', 5), ...days('2026-10-22', 5)]);
    expect(dates).toEqual(expect.arrayContaining(['2026-03-28', '2026-03-29', '2026-10-24', '2026-10-25']));
  });
});
