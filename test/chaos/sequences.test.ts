import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Client } from '@temporalio/client';
import * as fc from 'fast-check';
import type { DbtTransformResult, RawIngestionResult, RunProgress } from '../../contracts/run';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { placeOf, type Content, type Place } from '../model/deliveries';
import { OpenDuckDb } from '../model/open-duckdb';
import { Plant, type Entry, type Run } from '../model/plant';
import { LiveBench, shippedDates, sigkill } from '../support/live-bench';
import { SMALL_TABLES } from '../support/small-dbt';

/**
 * The model-based test's few sequences with everything real: server, worker processes, dbt. What each shows is that workflows do with the
 * warehouse what the model's steps do.
 */

const SEED = Number(process.env.MFG_MODEL_SEED ?? 20261124);
const RUNS = Number(process.env.MFG_MODEL_LIVE_RUNS ?? 1);
const STEPS = ['deliver', 'correct', 'ingest', 'kill', 'reset', 'two at once', 'transform', 'roll back'] as const;
const ACT = { actor: 'anna', reason: 'model' };

/** Each sequence begins with what makes the others possible, and has every step once, in any order, and some twice. */
const sequences = fc.sample(
  fc.tuple(
    fc.shuffledSubarray([...STEPS], { minLength: STEPS.length }),
    fc.array(fc.constantFrom(...STEPS), { minLength: 1, maxLength: 3 }),
  ),
  { seed: SEED, numRuns: RUNS },
);

class LiveSequence {
  readonly plant = new Plant(SMALL_TABLES, shippedDates());
  private readonly bench = new LiveBench([]);
  private client!: Client;
  private worker!: Awaited<ReturnType<LiveBench['startWorker']>>;
  private version = 0;
  private days = 0;
  private readonly ingested: Run[] = [];

  async begin(): Promise<void> {
    this.client = await this.bench.startServer();
    this.worker = await this.bench.startWorker();
    this.deliver();
    this.deliver();
    await this.ingest();
  }

  async step(name: (typeof STEPS)[number]): Promise<void> {
    switch (name) {
      case 'deliver':
        return this.deliver();
      case 'correct':
        return this.correct();
      case 'ingest':
        return this.ingest();
      case 'kill':
        return this.ingest({ isKilled: true });
      case 'reset':
        return this.reset();
      case 'two at once':
        return this.twoAtOnce();
      case 'transform':
        return this.transform();
      case 'roll back':
        return this.rollBack();
    }
  }

  /** One more day of the shipped export. */
  private deliver(): void {
    const date = shippedDates()[this.days++] ?? '';
    this.bench.deliverShipped(date);
    for (const table of SMALL_TABLES) this.plant.delivered.set(placeOf(table, date), this.content());
  }

  /** Other bytes, the same records: an empty line at the end of an old day's file. */
  private correct(): void {
    const date = shippedDates()[this.version % this.days] ?? '';
    const file = path.join(this.bench.sourceDir, 'mes', date, 'materials.csv.gz');
    writeFileSync(file, gzipSync(Buffer.concat([gunzipSync(readFileSync(file)), Buffer.from('\n')])));
    this.plant.delivered.set(placeOf('materials', date), this.content());
  }

  private content() {
    return { value: ++this.version, rows: 1, rejects: 0, isReadable: true };
  }

  private async ingest({ isKilled = false } = {}): Promise<void> {
    const { run, handle } = await this.start();
    if (isKilled) {
      await sleep(200 + ((this.version * 397) % 3000));
      await sigkill(this.worker);
      this.worker = await this.bench.startWorker();
    }
    this.published(run, (await handle.result()) as RawIngestionResult);
  }

  /** Starts an ingestion, and plans it in the model. */
  private async start(name = `model-${this.plant.runs.length + 1}`) {
    const { logicalDate, load } = this.plant.plan(undefined, false);
    const handle = await this.client.workflow.start('mfgRawIngestion', { taskQueue: TASK_QUEUE, workflowId: name });
    const contents = new Map(load.map((place) => [place, this.plant.delivered.get(place) ?? this.content()]));
    const run: Run = {
      loadId: `${name}::${handle.firstExecutionRunId}`,
      startedAt: this.plant.clock(false),
      logicalDate,
      planned: contents,
      sealed: new Map(contents),
      isBackfill: false,
      replacedTables: [],
      attempts: 1,
    };
    this.plant.runs.push(run);
    this.ingested.push(run);
    return { run, handle };
  }

  /** A run's end: its publication is the head and holds what the model's candidate of it would. */
  private published(run: Run, result: Pick<RawIngestionResult, 'outcome' | 'publication'> | DbtTransformResult): void {
    const dataSet = this.plant.candidate(run);
    expect(result.outcome).toBe('PUBLISHED');
    if (dataSet === undefined || result.publication === null) throw new Error('a run publishes something');
    const publication = result.publication;
    const base = this.plant.head?.publication ?? null;
    const entry: Entry = {
      publication,
      kind: 'BUILD',
      base,
      target: null,
      loadId: run.loadId,
      dataSet: publication,
      status: 'PUBLISHED',
    };
    this.plant.log.push(entry);
    this.plant.dataSets.set(publication, dataSet);
    this.plant.moveHead(entry);
    this.plant.forgetWithdrawn(publication);
  }

  /** Two runs of the same day; whichever is second is built on the other. The one that planned later has the newer load. */
  private async twoAtOnce(): Promise<void> {
    const first = await this.start();
    while ((await first.handle.query<RunProgress>('progress')).stage === 'discovering') await sleep(20);
    const both = [first, await this.start()];
    const ended = await Promise.all(
      both.map(async ({ run, handle }) => ({ run, result: (await handle.result()) as RawIngestionResult })),
    );
    ended.sort((a, b) => Number(a.result.publication) - Number(b.result.publication));
    for (const { run, result } of ended) this.published(run, result);
  }

  /** The last ingestion again from its first task: the same LOAD_ID, the same load. */
  private async reset(): Promise<void> {
    const run = this.ingested.at(-1) as Run;
    const [workflowId = '', runId = ''] = run.loadId.split('::');
    const history = await this.client.workflow.getHandle(workflowId, runId).fetchHistory();
    const task = history.events?.find((event) => event.workflowTaskCompletedEventAttributes);
    await this.client.workflowService.resetWorkflowExecution({
      namespace: this.client.options.namespace,
      workflowExecution: { workflowId, runId },
      workflowTaskFinishEventId: task?.eventId ?? null,
      reason: 'model',
      requestId: randomUUID(),
    });
    this.published(run, (await this.client.workflow.getHandle(workflowId).result()) as RawIngestionResult);
  }

  private async transform(): Promise<void> {
    const name = `model-${this.plant.runs.length + 1}`;
    const result = (await this.client.workflow.execute('mfgDbtTransform', {
      ...{ taskQueue: TASK_QUEUE, workflowId: name },
    })) as DbtTransformResult;
    const none = {
      logicalDate: null,
      planned: new Map<Place, Content>(),
      sealed: new Map<Place, Content>(),
      isBackfill: false,
      replacedTables: [],
    };
    const run: Run = { ...none, loadId: name, startedAt: this.plant.clock(false), attempts: 1 };
    this.plant.runs.push(run);
    this.published(run, result);
  }

  /** To the publication before; where there is none, back to the newest. */
  private async rollBack(): Promise<void> {
    const { head, visible } = this.plant;
    const to = this.plant.before();
    const target = to === undefined ? undefined : this.plant.entry(to);
    const after = target && this.plant.dataSets.get(target.dataSet);
    if (head === undefined || visible === undefined || target === undefined || after === undefined) return;
    const result = await this.bench.warehouse.rollback(undefined, ACT);
    expect(result.withdrawnDeliveries).toBe(this.plant.withdraw(visible, after));
    const entry: Entry = { ...target, ...result, kind: 'ROLLBACK', base: head.publication, target: target.publication };
    this.plant.log.push(entry);
    this.plant.moveHead(entry);
  }

  /** What a reader of the published file sees, and what is withdrawn. */
  async expectReadersSeeTheModel(db: OpenDuckDb): Promise<void> {
    const { visible, head } = this.plant;
    const file = path.join(this.bench.stateDir, 'published', 'mfg.duckdb');
    const seen = await db.attached(file, 'read_only', (published) =>
      published.rows(`select table_name || ' ' || logical_date || ' ' || load_id as load,
        (select publication from raw.current_publication)::integer as data_set from raw.current_load order by load`),
    );
    expect(seen).toEqual(
      [...(visible?.holds ?? [])]
        .map(([place, { loadId }]) => `${place} ${loadId}`)
        .sort()
        .map((load) => ({ load, data_set: head?.dataSet })),
    );
    const { withdrawn } = await this.bench.warehouse.knownDeliveries();
    expect(withdrawn.map((d) => `${d.table} ${d.logicalDate} ${d.loadId}`).sort()).toEqual(
      this.plant.withdrawn.map(({ place, loadId }) => `${place} ${loadId}`).sort(),
    );
  }
}

it.each(sequences)('shows readers what the model says: %j, %j', async (all, more) => {
  const db = await OpenDuckDb.open();
  const sequence = new LiveSequence();
  await sequence.begin();
  await sequence.expectReadersSeeTheModel(db);
  for (const name of [...all, ...more]) {
    await sequence.step(name);
    await sequence.expectReadersSeeTheModel(db);
  }
  db.close();
});
