import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { FailedDelivery, RunManifest } from '../../contracts/run';
import type { SourceSystem } from '../../contracts/source-contract';
import type { RawIngestionInput } from '../../contracts/workflow-inputs';
import { withDuckDb } from '../../duckdb/connection';
import { loadBatch } from '../../ingestion/load-batch';
import { planRun } from '../../ingestion/plan-run';
import type { BuildRecord, Candidate, CandidateRequest, Warehouse } from '../../warehouse/warehouse';
import { candidateRequest } from './candidate-request';
import { deliver, scratchDir } from './scratch';
import { smallSystem } from './tables';

/** A warehouse with what the suite does in place of dbt: runs SQL statements in a candidate's own database. */
export type TestedWarehouse = Warehouse & { build?: (candidate: Candidate, sql: string[]) => Promise<void> };

/** How the suite makes a warehouse of one kind on an empty state folder. */
export type MakeWarehouse = (stateDir: string) => TestedWarehouse;

/** A build that ended well. */
export const BUILT: BuildRecord = {
  status: 'BUILT',
  counts: { models: 1, tests: 1, warnings: 0, seconds: 0.1 },
  nodes: [{ node: 'dim_material', resourceType: 'model', status: 'success', message: 'OK', rows: 2, seconds: 0.1 }],
  failure: undefined,
  artifacts: [{ name: 'manifest.json', content: '{}' }],
};

/** A state folder, a source folder and a warehouse, with the steps of a run. */
export class WarehouseBench {
  readonly stateDir = scratchDir();
  readonly sourceDir = path.join(this.stateDir, 'source');
  readonly system: SourceSystem = smallSystem();
  readonly warehouse: TestedWarehouse;
  private runs = 0;

  constructor(make: MakeWarehouse) {
    this.warehouse = make(this.stateDir);
    mkdirSync(path.join(this.sourceDir, 'mes'), { recursive: true });
  }

  deliver(name: string, content: string): void {
    deliver(this.sourceDir, `mes/${name}`, content);
  }

  /** Plans a run as discovery does, for a date or another input; `startedAt` sets its place in time. */
  async plan(asked: string | RawIngestionInput = {}, startedAt?: string): Promise<RunManifest> {
    const workflowId = `run-${++this.runs}`;
    const run = { loadId: `${workflowId}::r`, workflowId, runId: 'r' };
    const { manifest } = await planRun({
      run,
      input: typeof asked === 'string' ? { logicalDate: asked } : asked,
      scheduledAt: undefined,
      systems: [this.system],
      sourceDir: this.sourceDir,
      known: await this.warehouse.knownDeliveries(),
      codeVersion: 'test',
    });
    return this.warehouse.saveManifest({ ...manifest, startedAt: startedAt ?? manifest.startedAt });
  }

  /** @returns what could not be loaded, where the load goes on with the others. */
  async load(manifest: RunManifest, attempt = 1, isGoingOn = false, signal?: AbortSignal): Promise<FailedDelivery[]> {
    const failed: FailedDelivery[] = [];
    for (const batch of manifest.batches.keys()) {
      const result = await loadBatch(this.warehouse, {
        isGoingOn,
        manifest,
        batch,
        attempt,
        tables: this.system.tables,
        sourceDir: this.sourceDir,
        landingDir: path.join(this.stateDir, 'landing'),
        stagingDir: path.join(this.stateDir, 'staging'),
        threads: 1,
        signal,
      });
      failed.push(...(result.failed ?? []));
    }
    return failed;
  }

  async candidate(manifest: RunManifest, build = BUILT, options: Partial<CandidateRequest> = {}): Promise<Candidate> {
    const candidate = await this.warehouse.createCandidate(candidateRequest(manifest, this.system.tables, options));
    await this.warehouse.finishCandidate(candidate, build);
    return candidate;
  }

  /** A whole run of one day's materials, with SQL in place of dbt's models; what is not `BUILT` is not published. Returns its number. */
  async runWithMarts(date: string, materials: string, models: string, build = BUILT): Promise<number> {
    const publication = await this.candidateWithMarts(date, materials, models, build);
    if (build.status === 'BUILT') await this.warehouse.publish(publication);
    return publication;
  }

  /** The same, without publishing it. */
  async candidateWithMarts(date: string, materials: string, models: string, build = BUILT): Promise<number> {
    this.deliver(`${date}/materials.csv`, `${MATERIALS}${materials}`);
    return this.candidateOf(models, build);
  }

  /** A load of all that is pending, with SQL in place of dbt's models: a candidate. Returns its number. */
  async candidateOf(models: string, build = BUILT): Promise<number> {
    const manifest = await this.plan();
    await this.load(manifest);
    const candidate = await this.warehouse.createCandidate(candidateRequest(manifest, this.system.tables));
    const schemas = ['staging', 'core', 'marts', 'main_dbt_test'].map((schema) => `create schema ${schema}`);
    await (this.warehouse.build ?? buildInFile)(candidate, [...schemas, ...statementsOf(models)]);
    await this.warehouse.finishCandidate(candidate, build);
    return candidate.publication;
  }

  /** A whole run: plan, load, build, publish. Returns the publication's number. */
  async run(asked?: string | RawIngestionInput, startedAt?: string): Promise<number> {
    const manifest = await this.plan(asked, startedAt);
    await this.load(manifest);
    const { replacedTables } = manifest;
    const { publication } = await this.candidate(manifest, BUILT, { replacedTables });
    expect(await this.warehouse.publish(publication)).toEqual({ publication, outcome: 'PUBLISHED' });
    return publication;
  }

  async rows(sql: string): Promise<Record<string, unknown>[]> {
    const { rows } = await this.warehouse.query({ kind: 'head' }, sql);
    // The one warehouse gives 64-bit integers as text, the other has no other ones.
    const comparable = (value: unknown) => (Number.isInteger(value) ? String(value) : value);
    return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, comparable(value)])));
  }

  async values(sql: string): Promise<unknown[]> {
    return (await this.rows(sql)).map((row) => Object.values(row)[0]);
  }
}

async function buildInFile(candidate: Candidate, sql: string[]): Promise<void> {
  await withDuckDb({ path: path.join(candidate.folder, 'mfg.duckdb') }, async (db) => {
    for (const statement of sql) await db.run(statement);
  });
}

/** The statements of a script: parts between semicolons that stand in no quotes. */
function statementsOf(script: string): string[] {
  const statements = script.match(/("(?:[^"]|"")*"|'(?:[^']|'')*'|[^;"'])+/g) ?? [];
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== '');
}

/** Header of a `materials` file. */
export const MATERIALS = 'material_id,material_name,quantity\n';
