import { execFile } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { createActivities } from '../../activities';
import { PROJECT_ROOT } from '../../contracts/config';
import { venvProgram } from '../../contracts/installation';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { terminalErrorInterceptor } from '../../workers/terminal-error-interceptor';
import { countRecords, LiveBench } from './live-bench';
import { closeAfterTests } from './scratch';
import { SMALL_TABLES, smallDbtProject, stagingOnly } from './small-dbt';
import { installSilentRuntime, SILENT } from './workflow-env';

/** An activity's attempt that a test may disturb. */
interface Attempt {
  activity: string;
  attempt: number;
  workflowId: string | undefined;
  runId: string | undefined;
}

/** Runs an attempt's work, or fails before or after it. */
type Disturbance = (attempt: Attempt, work: () => Promise<unknown>) => Promise<unknown>;

/** What a case did to Temporal and to the warehouse: the columns of the table in docs/identity.md. */
export interface Effect {
  runs: string;
  loadIds: string;
  manifests: string;
  partitions: string;
  candidates: string;
  readers: string;
}

/** What stands in the warehouse at one moment. */
interface Snapshot {
  runs: Set<string>;
  /** JSON by LOAD_ID. */
  manifests: Map<string, string>;
  opened: number;
  sealed: number;
  candidates: number;
  published: number;
  /** LOAD_ID by partition, of those that readers see. */
  seen: Map<string, string>;
}

interface Run {
  workflowId: string;
  runId: string;
  loadId: string;
  status: string;
}

const INGESTIONS = "WorkflowType = 'mfgRawIngestion' or WorkflowType = 'continuingIngestion'";

/**
 * A live bench whose worker runs in the test's own process, with the platform's workflows, activities and interceptor, so that
 * a test can take away an activity's result or hold it back. It measures what a case does to identities.
 */
export class IdentityBench {
  readonly dbtDir = stagingOnly(smallDbtProject());
  readonly live: LiveBench;
  client!: Client;
  /** What happens to activities; by default nothing. */
  disturb: Disturbance = (_attempt, work) => work();
  private before!: Snapshot;

  constructor(dates: string[]) {
    this.live = new LiveBench(dates, this.dbtDir);
  }

  async start(): Promise<void> {
    installSilentRuntime();
    const workflowsPath = path.join(PROJECT_ROOT, 'test', 'support', 'continuing-workflow.ts');
    const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: SILENT });
    this.client = await this.live.startServer();
    const connection = await NativeConnection.connect({ address: this.live.address });
    const worker = await Worker.create({
      connection,
      taskQueue: TASK_QUEUE,
      workflowBundle,
      activities: this.activities(),
      interceptors: { activity: [() => ({ inbound: terminalErrorInterceptor })] },
      shutdownGraceTime: '1s',
      shutdownForceTime: '20s',
    });
    const running = worker.run();
    closeAfterTests(async () => {
      worker.shutdown();
      await running;
      await connection.close();
    });
    this.before = await this.snapshot();
  }

  private activities(): Record<string, (...args: never[]) => Promise<unknown>> {
    const { config, warehouse } = this.live;
    const real = createActivities({ config, warehouse, codeVersion: 'test', dbt: venvProgram('dbt') });
    return Object.fromEntries(
      Object.entries(real as Record<string, (...args: never[]) => Promise<unknown>>).map(([activity, work]) => [
        activity,
        (...args: never[]) => {
          const { attempt, workflowExecution } = Context.current().info;
          const { workflowId, runId } = workflowExecution ?? {};
          return this.disturb({ activity, attempt, workflowId, runId }, () => work(...args));
        },
      ]),
    );
  }

  /** Another day arrives. */
  deliver(date: string): void {
    this.live.deliverShipped(date);
  }

  /** Temporal's own command line, as an operator uses it. */
  async temporal(...args: string[]): Promise<void> {
    await promisify(execFile)(venvProgram('temporal'), [...args, '--address', this.live.address]);
  }

  /** Ingestions by their start, except a reset's: that one's start is its first run's. */
  private async runs(): Promise<Run[]> {
    const runs: (Run & { startTime: number })[] = [];
    for await (const run of this.client.workflow.list({ query: INGESTIONS })) {
      const [loadId] = (run.searchAttributes.MfgLoadId ?? []) as string[];
      const { workflowId, runId, status, startTime } = run;
      runs.push({ workflowId, runId, loadId: loadId ?? '', status: status.name, startTime: startTime.getTime() });
    }
    return runs.sort((a, b) => a.startTime - b.startTime);
  }

  /** Workflow ids of all ingestions, ascending. */
  async workflowIds(): Promise<string[]> {
    return [...new Set((await this.runs()).map(({ workflowId }) => workflowId))].sort();
  }

  /** Waits until so many runs more than at the last measurement are known, and all have ended. */
  private async ended(runs: number, patience_s = 240): Promise<void> {
    const deadline = Date.now() + patience_s * 1000;
    for (;;) {
      const known = (await this.runs()).filter(({ runId }) => !this.before.runs.has(runId));
      if (known.length >= runs && known.every(({ status }) => status !== 'RUNNING')) return;
      if (Date.now() > deadline) throw new Error(`${known.length} of ${runs} runs in ${patience_s} s`);
      await sleep(100);
    }
  }

  /**
   * What has happened since the last measurement.
   *
   * @param runs the ingestions that are expected to have run since then; more are counted too.
   */
  async effect(runs: number): Promise<Effect> {
    await this.ended(runs);
    const { before } = this;
    const after = await this.snapshot();
    this.before = after;
    await this.expectNothingLost();
    const since = (await this.runs()).filter(({ runId }) => !before.runs.has(runId));
    const loadIds = [...new Set(since.map(({ loadId }) => loadId))];
    const known = loadIds.filter((loadId) => before.manifests.has(loadId));
    const changed = known.filter((loadId) => before.manifests.get(loadId) !== after.manifests.get(loadId));
    const written = loadIds.filter((loadId) => !before.manifests.has(loadId) && after.manifests.has(loadId));
    return {
      runs: String(since.length),
      loadIds: count(known.length, 'the same', loadIds.length - known.length, 'new'),
      manifests: changed.length > 0 ? 'CHANGED' : count(known.length, 'the same', written.length, 'new'),
      partitions: `${after.opened - before.opened} opened, ${after.sealed - before.sealed} sealed`,
      candidates: `${after.candidates - before.candidates} opened, ${after.published - before.published} published`,
      readers: difference(before.seen, after.seen, loadIds),
    };
  }

  private async snapshot(): Promise<Snapshot> {
    const runs = await this.runs();
    const manifests = new Map<string, string>();
    for (const loadId of new Set(runs.map((run) => run.loadId))) {
      const manifest = await this.live.warehouse.readManifest(loadId);
      if (manifest !== undefined) manifests.set(loadId, JSON.stringify(manifest));
    }
    const runIds = new Set(runs.map(({ runId }) => runId));
    if ((await this.live.warehouse.head()) === undefined) {
      return { runs: runIds, manifests, opened: 0, sealed: 0, candidates: 0, published: 0, seen: new Map() };
    }
    const [counts] = await this.live.rows(`select
      (select count(*) from raw.raw_load_audit where status = 'STARTED') as opened,
      (select count(*) from raw.raw_load_audit where status = 'LOADED') as sealed,
      (select count(*) from raw.raw_publication) as candidates,
      (select count(*) from raw.raw_publication where status = 'PUBLISHED') as published`);
    const seen = await this.live.rows('select table_name, logical_date::varchar as d, load_id from raw.current_load');
    return {
      runs: runIds,
      manifests,
      opened: Number(counts?.opened),
      sealed: Number(counts?.sealed),
      candidates: Number(counts?.candidates),
      published: Number(counts?.published),
      seen: new Map(seen.map((row) => [`${String(row.table_name)} ${String(row.d)}`, String(row.load_id)])),
    };
  }

  /**
   * For every date that readers see, the view and the rejected records of its load hold each delivered record once; each
   * LOAD_ID has sealed one partition of a table and a date at the most.
   */
  private async expectNothingLost(): Promise<void> {
    const seen = await this.live.rows(
      "select distinct logical_date::varchar as d from raw.current_load where table_name = 'materials' order by d",
    );
    for (const table of SMALL_TABLES) {
      const delivered = seen.map(({ d }) => countRecords(path.join(this.live.sourceDir, 'mes', String(d)), table));
      const found = await this.live.value(`select (select count(*) from raw.${table}_history) + (
        select count(*) from raw.raw_rejected_rows where _load_seq in (
          select load_seq from raw.current_load where table_name = '${table}'))`);
      expect([table, Number(found)]).toEqual([table, delivered.reduce((sum, records) => sum + records, 0)]);
    }
    const doubled = `select load_id, table_name, logical_date from raw.raw_load_audit where status = 'LOADED'
      group by all having count(*) > 1`;
    expect(await this.live.rows(doubled)).toEqual([]);
  }
}

function count(known: number, knownWord: string, fresh: number, freshWord: string): string {
  const parts = [
    ...(known > 0 ? [known === 1 ? knownWord : `${known} ${knownWord}`] : []),
    ...(fresh > 0 ? [`${fresh} ${freshWord}`] : []),
  ];
  return parts.join(', ') || 'none';
}

/** Which partitions readers see that they did not see before, by the LOAD_IDs of the case in their order. */
function difference(before: Map<string, string>, after: Map<string, string>, loadIds: string[]): string {
  const gone = [...before.keys()].filter((place) => !after.has(place));
  const other = [...after].filter(([place, loadId]) => before.get(place) !== loadId).map(([, loadId]) => loadId);
  if (gone.length === 0 && other.length === 0) return 'as before';
  const parts = [...new Set(other)]
    .sort((a, b) => loadIds.indexOf(a) - loadIds.indexOf(b))
    .map((loadId) => {
      const place = loadIds.indexOf(loadId) + 1;
      const name = place === 0 ? 'ANOTHER LOAD' : loadIds.length === 1 ? 'its load' : `load ${place}`;
      return `${other.filter((one) => one === loadId).length} of ${name}`;
    });
  return [...parts, ...(gone.length > 0 ? [`${gone.length} GONE`] : [])].join(', ');
}
