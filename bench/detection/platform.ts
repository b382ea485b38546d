import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { DateTime } from 'luxon';
import { TerminalError } from '../../contracts/errors';
import { venvProgram } from '../../contracts/installation';
import { readModelQuality, type CheckedModels } from '../../contracts/model-quality';
import type { CheckOutcome } from '../../contracts/quality';
import { readSourceContracts, type SourceSystem, type SourceTable } from '../../contracts/source-contract';
import { loadBatch } from '../../ingestion/load-batch';
import { planRun } from '../../ingestion/plan-run';
import { refuseShrunken } from '../../ingestion/replaced-rows';
import { checkPublication } from '../../quality/checks';
import { buildCandidate } from '../../transform/build-candidate';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { type Layout, layoutOf } from '../../warehouse/duckdb/layout';
import type { Warehouse } from '../../warehouse/warehouse';

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

  /** The same platform as it stands now, in another folder: partitions, store and data sets. */
  async copyTo(stateDir: string): Promise<Platform> {
    await rm(stateDir, { recursive: true, force: true });
    // Verbatim, so that the link to what is published goes on naming its own platform's folder.
    await cp(this.#stateDir, stateDir, { recursive: true, verbatimSymlinks: true });
    return Platform.open(stateDir, this.#dbtDir);
  }

  /**
   * Loads what is pending in a source folder, builds and publishes it, as `mfgRawIngestion` does. A terminal error is what a run
   * would have ended with: the result names it.
   *
   * @param logicalDate the run's own date; by default the newest one that was delivered.
   */
  async ingest(sourceDir: string, logicalDate?: string): Promise<RunOutcome> {
    const warehouse = this.#warehouse;
    const { tables } = this;
    const workflowId = `bench-${logicalDate ?? 'newest'}-${Date.now()}`;
    const run = { loadId: `${workflowId}::r`, workflowId, runId: 'r' };
    const input = logicalDate === undefined ? {} : { logicalDate };
    const plan = { run, input, scheduledAt: undefined, systems: this.#systems, sourceDir, codeVersion: CODE_VERSION };
    try {
      const planned = await planRun({ ...plan, known: await warehouse.knownDeliveries() });
      const manifest = await warehouse.saveManifest(planned.manifest);
      const stagingDir = path.join(this.#stateDir, 'staging');
      for (const batch of manifest.batches.keys()) {
        const request = { manifest, batch, attempt: 1, tables, sourceDir, stagingDir, threads: THREADS };
        await loadBatch(warehouse, request);
      }
      refuseShrunken(await warehouse.replacedRows(run.loadId), tables, []);
      const build = await buildCandidate(warehouse, {
        ...{ run, tables, attempt: 1, order: { scope: 'FULL' as const, select: [] }, dbt: venvProgram('dbt') },
        ...{ dbtDir: this.#dbtDir, threads: THREADS, parseCacheDir: path.join(path.dirname(this.#dbtDir), 'parsed') },
      });
      if (build.status !== 'BUILT') return { refused: build.failures.map((f) => `${f.node}: ${f.message}`).join('; ') };
      const result = await warehouse.publish(build.publication);
      if (result.outcome !== 'PUBLISHED') throw new Error(`publication ${build.publication}: ${result.outcome}`);
      return { publication: build.publication };
    } catch (error) {
      if (error instanceof TerminalError) return { refused: `${error.name}: ${error.message}` };
      throw error;
    }
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
