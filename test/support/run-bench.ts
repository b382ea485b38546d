import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { venvProgram } from '../../contracts/installation';
import type { BuildOrder, CandidateResult, RunManifest } from '../../contracts/run';
import { readSourceContracts } from '../../contracts/source-contract';
import type { RawIngestionInput } from '../../contracts/workflow-inputs';
import { withDuckDb } from '../../duckdb/connection';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import { loadBatch } from '../../ingestion/load-batch';
import { planRun } from '../../ingestion/plan-run';
import { buildCandidate, isUpToDate } from '../../transform/build-candidate';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { layoutOf } from '../../warehouse/duckdb/layout';
import { scratchDir } from './scratch';

/** The steps of real runs, with real dbt, without Temporal: what the activities call, in the order of the workflow. */
export class RunBench {
  readonly stateDir = scratchDir();
  readonly sourceDir = path.join(this.stateDir, 'source');
  readonly warehouse = createDuckDbWarehouse(this.stateDir, 'test');
  private runs = 0;

  constructor(readonly dbtDir: string) {
    mkdirSync(path.join(this.sourceDir, 'mes'), { recursive: true });
  }

  /** Plans and loads, as an ingestion does before it builds. */
  async load(input: RawIngestionInput = {}): Promise<RunManifest> {
    const workflowId = `run-${++this.runs}`;
    const systems = await readSourceContracts(this.dbtDir);
    const { manifest } = await planRun({
      run: { loadId: `${workflowId}::r`, workflowId, runId: 'r' },
      input,
      scheduledAt: undefined,
      systems,
      sourceDir: this.sourceDir,
      known: await this.warehouse.knownDeliveries(),
      codeVersion: 'test',
    });
    await this.warehouse.saveManifest(manifest);
    for (const batch of manifest.batches.keys()) {
      await loadBatch(this.warehouse, {
        manifest,
        batch,
        attempt: 1,
        tables: systems.flatMap((system) => system.tables),
        sourceDir: this.sourceDir,
        stagingDir: path.join(this.stateDir, 'staging'),
        threads: 2,
      });
    }
    return manifest;
  }

  /** Builds a candidate with what a run has loaded; by default a run that loaded nothing. */
  async build(
    scope: BuildOrder['scope'],
    select: string[] = [],
    run?: RunManifest,
    onNode?: () => void,
  ): Promise<CandidateResult> {
    const workflowId = `build-${++this.runs}`;
    const systems = await readSourceContracts(this.dbtDir);
    return buildCandidate(this.warehouse, {
      run: run ?? { loadId: `${workflowId}::r`, workflowId, runId: 'r' },
      order: { scope, select },
      tables: systems.flatMap((system) => system.tables),
      attempt: 1,
      dbt: venvProgram('dbt'),
      dbtDir: this.dbtDir,
      threads: 2,
      parseCacheDir: path.join(this.stateDir, 'dbt'),
      ...(onNode && { onNode }),
    });
  }

  /** A whole run: builds and publishes what it has loaded. */
  async publish(scope: BuildOrder['scope'], select: string[] = [], run?: RunManifest): Promise<CandidateResult> {
    const candidate = await this.build(scope, select, run);
    expect(candidate).toMatchObject({ status: 'BUILT', failures: [] });
    const { publication } = candidate;
    expect(await this.warehouse.publish(publication)).toEqual({ publication, outcome: 'PUBLISHED' });
    return candidate;
  }

  async isUpToDate(run: RunManifest): Promise<boolean> {
    const tables = (await readSourceContracts(this.dbtDir)).flatMap((system) => system.tables);
    return isUpToDate(this.warehouse, { run, tables, dbtDir: this.dbtDir });
  }

  /** Models that a build ran, by name, in order. */
  async builtModels({ publication }: CandidateResult): Promise<string[]> {
    const { rows } = await this.warehouse.query(
      { kind: 'head' },
      `select node from raw.dbt_run_audit where publication = ${publication} and resource_type = 'model' order by node`,
    );
    return rows.map((row) => String(row.node));
  }

  /**
   * Every relation of two builds that is not there in the same shape with the same rows, as one sentence each. The audits and the
   * builds' own numbers are left out.
   */
  async differences(one: CandidateResult, other: CandidateResult): Promise<string[]> {
    return withDuckDb({ path: ':memory:' }, async (db) => {
      const layout = layoutOf(this.stateDir);
      await db.run(`attach ${sqlString(layout.database(one.publication))} as one (read_only)`);
      await db.run(`attach ${sqlString(layout.database(other.publication))} as other (read_only)`);
      const relations = async (catalog: string) =>
        db.rows(
          `select table_schema as schema, table_name as name, any_value(t.table_type) as kind,
             string_agg(column_name || ' ' || data_type, ', ' order by ordinal_position) as columns
           from information_schema.columns as c join information_schema.tables as t using (table_catalog, table_schema, table_name)
           where table_catalog = '${catalog}'
             and not (table_schema = 'raw' and (table_name like 'raw_%' or table_name like '%_audit' or table_name = 'current_publication'))
           group by all order by all`,
        );
      const [mine, others] = [await relations('one'), await relations('other')];
      const found = symmetricDifference(mine, others).map((row) => `only one has ${row}`);
      for (const { schema, name } of mine) {
        const of = (catalog: string) =>
          `(from ${catalog}.${sqlIdentifier(String(schema))}.${sqlIdentifier(String(name))})`;
        const compared = await db
          .rows(
            `select (select count(*) from (${of('one')} except all ${of('other')})) as fewer,
               (select count(*) from (${of('other')} except all ${of('one')})) as more,
               (select count(*) from ${of('one')}) as all_rows`,
          )
          .catch((error: Error) => [{ fewer: error.message, more: '', all_rows: '' }]);
        const [row] = compared;
        if (Number(row?.fewer) !== 0 || Number(row?.more) !== 0) {
          found.push(`${String(schema)}.${String(name)}: ${String(row?.fewer)} and ${String(row?.more)} rows differ`);
        }
      }
      return found;
    });
  }
}

function symmetricDifference(one: object[], other: object[]): string[] {
  const [a, b] = [one, other].map((rows) => rows.map((row) => JSON.stringify(row))) as [string[], string[]];
  return [...a.filter((row) => !b.includes(row)), ...b.filter((row) => !a.includes(row))];
}
