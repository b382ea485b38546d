import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../../contracts/config';
import { venvProgram } from '../../contracts/installation';
import { readSourceContracts } from '../../contracts/source-contract';
import { loadBatch } from '../../ingestion/load-batch';
import { planRun } from '../../ingestion/plan-run';
import { runDbtBuild, type DbtBuild } from '../../transform/dbt-build';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { layoutOf } from '../../warehouse/duckdb/layout';
import type { Warehouse } from '../../warehouse/warehouse';
import { candidateRequest } from './candidate-request';
import { scratchDir } from './scratch';

const run = promisify(execFile);

/** The shipped dbt project. */
export const DBT_DIR = path.join(PROJECT_ROOT, 'dbt');

/**
 * A copy of the shipped project in which no test is a node, in a scratch folder: for data sets of which only the rows matter, since
 * the tests are most of a build. What the tests say of such data, other test files hear.
 */
export function projectWithoutTests(): string {
  const project = path.join(scratchDir(), 'dbt');
  cpSync(DBT_DIR, project, { recursive: true });
  const file = path.join(project, 'dbt_project.yml');
  const shipped = readFileSync(file, 'utf8');
  const silent = shipped.replace('  +severity: error\n', '  +enabled: false\n');
  if (silent === shipped) throw new Error(`${file} has no line '+severity: error' any more`);
  writeFileSync(file, `${silent}\nunit_tests:\n  +enabled: false\n`);
  return project;
}

/** dbt's parse state, kept from test file to test file: of projects whose settings differ apart, of jest's workers apart. */
function parseCacheOf(dbtDir: string): string {
  const settings = createHash('sha256')
    .update(readFileSync(path.join(dbtDir, 'dbt_project.yml')))
    .digest('hex');
  const worker = process.env.JEST_WORKER_ID ?? '1';
  return path.join(PROJECT_ROOT, '.mfg', 'test-parse', `${settings.slice(0, 12)}-${worker}`);
}

/** A published data set, made by the real load path and dbt, without Temporal. */
export class DataSet {
  constructor(
    readonly stateDir: string,
    readonly warehouse: Warehouse,
    readonly build: DbtBuild,
    readonly publication: number,
  ) {}

  async rows(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.warehouse.query({ kind: 'publication', publication: this.publication }, sql)).rows;
  }

  /** A copy of the database for dbt to work on, in a folder of its own. */
  copy(name: string): string {
    const folder = path.join(this.stateDir, name);
    mkdirSync(folder);
    cpSync(layoutOf(this.stateDir).database(this.publication), path.join(folder, 'mfg.duckdb'));
    return folder;
  }
}

/** Loads every delivery of a source folder, builds and publishes; a second call on the same state builds again. */
export async function buildDataSet(sourceDir: string, stateDir: string, dbtDir = DBT_DIR): Promise<DataSet> {
  const systems = await readSourceContracts(dbtDir);
  const tables = systems.flatMap((system) => system.tables);
  const warehouse = createDuckDbWarehouse(stateDir, 'test');
  const known = await warehouse.knownDeliveries();
  const identity = { loadId: `load-${Date.now()}::r`, workflowId: `load-${Date.now()}`, runId: 'r' };
  const plan = { run: identity, input: {}, scheduledAt: undefined, systems, sourceDir, known, codeVersion: 'test' };
  const manifest = await warehouse.saveManifest((await planRun(plan)).manifest);
  for (const batch of manifest.batches.keys()) {
    const stagingDir = path.join(stateDir, 'staging');
    await loadBatch(warehouse, { manifest, batch, attempt: 1, tables, sourceDir, stagingDir, threads: 2 });
  }
  const candidate = await warehouse.createCandidate(candidateRequest(identity, tables));
  const build = await runDbtBuild({
    dbt: venvProgram('dbt'),
    dbtDir,
    folder: candidate.folder,
    target: warehouse.dbtTarget,
    threads: 2,
    parseCacheDir: parseCacheOf(dbtDir),
  });
  await warehouse.finishCandidate(candidate, { ...build, failure: build.failures[0]?.message });
  if (build.status !== 'BUILT') throw new Error(`the build is ${build.status}: ${JSON.stringify(build.failures)}`);
  await warehouse.publish(candidate.publication);
  return new DataSet(stateDir, warehouse, build, candidate.publication);
}

/** Runs dbt in a folder that holds a copy of a data set's database; its output, also when it fails. */
export async function runDbt(
  folder: string,
  args: string[],
  dbtDir = DBT_DIR,
): Promise<{ ok: boolean; output: string }> {
  const parsed = path.join(parseCacheOf(dbtDir), 'partial_parse.msgpack');
  mkdirSync(path.join(folder, 'target'), { recursive: true });
  if (existsSync(parsed)) copyFileSync(parsed, path.join(folder, 'target', path.basename(parsed)));
  const options = ['--project-dir', dbtDir, '--profiles-dir', dbtDir, '--target-path', path.join(folder, 'target')];
  const command = ['--no-use-colors', '--log-path', path.join(folder, 'logs'), ...args, ...options];
  const env = { ...process.env, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false' };
  try {
    const { stdout } = await run(venvProgram('dbt'), command, { cwd: folder, env, maxBuffer: 2 ** 26 });
    return { ok: true, output: stdout };
  } catch (error) {
    return { ok: false, output: (error as { stdout?: string }).stdout ?? String(error) };
  }
}
