import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { DateTime } from 'luxon';
import { TerminalError } from '../../contracts/errors';
import { venvProgram } from '../../contracts/installation';
import { readModelQuality, type CheckedModels } from '../../contracts/model-quality';
import type { CheckOutcome } from '../../contracts/quality';
import type { RunIdentity } from '../../contracts/run';
import { readSourceContracts, type SourceSystem, type SourceTable } from '../../contracts/source-contract';
import { loadBatch } from '../../ingestion/load-batch';
import { planRun } from '../../ingestion/plan-run';
import { refuseShrunken } from '../../ingestion/replaced-rows';
import { checkPublication } from '../../quality/checks';
import { buildCandidate } from '../../transform/build-candidate';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { type Layout, layoutOf } from '../../warehouse/duckdb/layout';
import type { Warehouse } from '../../warehouse/warehouse';
import { type CompiledModel, buildModels } from './compiled-models';

const THREADS = 2;
const CODE_VERSION = 'bench';

/** What one day's run came to: a publication, or the sentence that refused it. */
export type RunOutcome = { publication: number } | { refused: string };

/** An embedded platform in a folder of its own: a run's steps, one after the other, without Temporal. */
export class Platform {
  readonly #stateDir: string;
  readonly #dbtDir: string;
  readonly #warehouse: Warehouse;
  readonly #systems: SourceSystem[];
  readonly #models: CheckedModels;

  private constructor(stateDir: string, dbtDir: string, systems: SourceSystem[], models: CheckedModels) {
    this.#stateDir = stateDir;
    this.#dbtDir = dbtDir;
    this.#systems = systems;
    this.#models = models;
    this.#warehouse = createDuckDbWarehouse(stateDir, CODE_VERSION);
  }

  /** @param dbtDir the shipped project, or a copy of it in which no test is a node. */
  static async open(stateDir: string, dbtDir: string): Promise<Platform> {
    return new Platform(stateDir, dbtDir, await readSourceContracts(dbtDir), await readModelQuality(dbtDir));
  }

  /** The same platform as it stands now, in another folder: store, partitions, and of the data sets the one that is published. */
  async copyTo(stateDir: string, publication: number): Promise<Platform> {
    const layout = this.layout;
    const kept = [layout.build(publication), layout.database(publication)];
    await rm(stateDir, { recursive: true, force: true });
    const isCopied = (file: string) => !file.startsWith(`${layout.builds}${path.sep}`) || kept.includes(file);
    // Verbatim, so that the link to what is published goes on naming its own platform's folder.
    await cp(this.#stateDir, stateDir, { recursive: true, verbatimSymlinks: true, filter: isCopied });
    return Platform.open(stateDir, this.#dbtDir);
  }

  /**
   * Loads what is pending in a source folder, builds and publishes it, as `mfgRawIngestion` does. A terminal error is what a run
   * would have ended with: the result names it.
   *
   * @param compiled the models as an earlier build compiled them; by default dbt builds them.
   */
  async ingest(sourceDir: string, compiled?: readonly CompiledModel[]): Promise<RunOutcome> {
    const warehouse = this.#warehouse;
    const { tables } = this;
    const workflowId = `bench-${Date.now()}`;
    const run = { loadId: `${workflowId}::r`, workflowId, runId: 'r' };
    const systems = this.#systems;
    const plan = { run, input: {}, scheduledAt: undefined, systems, sourceDir, codeVersion: CODE_VERSION };
    try {
      const planned = await planRun({ ...plan, known: await warehouse.knownDeliveries() });
      const manifest = await warehouse.saveManifest(planned.manifest);
      const stagingDir = path.join(this.#stateDir, 'staging');
      for (const batch of manifest.batches.keys()) {
        const request = { manifest, batch, attempt: 1, tables, sourceDir, stagingDir, threads: THREADS };
        await loadBatch(warehouse, request);
      }
      refuseShrunken(await warehouse.replacedRows(run.loadId), tables, []);
      const publication = await (compiled === undefined ? this.#buildByDbt(run) : this.#buildAgain(run, compiled));
      const result = await warehouse.publish(publication);
      if (result.outcome !== 'PUBLISHED') throw new Error(`publication ${publication}: ${result.outcome}`);
      return { publication };
    } catch (error) {
      if (error instanceof TerminalError) return { refused: `${error.name}: ${error.message}` };
      throw error;
    }
  }

  async #buildByDbt(run: RunIdentity): Promise<number> {
    const build = await buildCandidate(this.#warehouse, {
      ...{ run, tables: this.tables, attempt: 1, order: { scope: 'FULL' as const, select: [] } },
      ...{ dbt: venvProgram('dbt'), dbtDir: this.#dbtDir, threads: THREADS, parseCacheDir: this.#parseCacheDir },
    });
    if (build.status !== 'BUILT') throw new Error(`the build is ${build.status}: ${JSON.stringify(build.failures)}`);
    return build.publication;
  }

  async #buildAgain(run: RunIdentity, compiled: readonly CompiledModel[]): Promise<number> {
    const candidate = await this.#warehouse.createCandidate({
      ...{ run, tables: this.tables, attempt: 1, scope: 'FULL', withoutDates: [], replacedTables: [] },
      ...{ projectDigest: CODE_VERSION, settingsDigest: CODE_VERSION },
    });
    await buildModels(this.layout.database(candidate.publication), compiled, THREADS);
    const counts = { models: compiled.length, tests: 0, warnings: 0, seconds: 0 };
    await this.#warehouse.finishCandidate(candidate, {
      ...{ status: 'BUILT', counts, nodes: [], failure: undefined, artifacts: [] },
    });
    return candidate.publication;
  }

  /**
   * Runs all checks on a publication. The one place in the bench that calls them.
   *
   * @param onTable called as each table's checks begin.
   */
  async check(publication: number, asOf: Date, onTable?: (table: string) => void): Promise<CheckOutcome[]> {
    const target = { kind: 'publication' as const, publication };
    const request = { target, systems: this.#systems, models: this.#models, asOf, onTable };
    return (await checkPublication(this.#warehouse, request)).outcomes;
  }

  /** Runs one read-only query on a publication. */
  async rows(publication: number, sql: string): Promise<Record<string, unknown>[]> {
    return (await this.#warehouse.query({ kind: 'publication', publication }, sql)).rows;
  }

  /** Every described table. */
  get tables(): SourceTable[] {
    return this.#systems.flatMap((system) => system.tables);
  }

  /** The manifest that dbt left of a build which it made. */
  manifestOf(publication: number): string {
    return path.join(this.layout.build(publication), 'target', 'manifest.json');
  }

  get #parseCacheDir(): string {
    return path.join(path.dirname(this.#dbtDir), 'parsed');
  }

  /** Where it keeps what. */
  get layout(): Layout {
    return layoutOf(this.#stateDir);
  }

  /** IANA zone of the source system. */
  get timeZone(): string {
    return this.#systems[0]?.timeZone ?? 'utc';
  }

  /** The end of a logical date, in its source system's time zone. */
  endOf(logicalDate: string): Date {
    return DateTime.fromISO(logicalDate, { zone: this.timeZone }).plus({ days: 1 }).toJSDate();
  }
}
