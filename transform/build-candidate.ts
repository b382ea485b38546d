import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BuildOrder, CandidateResult, RunIdentity } from '../contracts/run';
import type { SourceTable } from '../contracts/source-contract';
import type { BuildRecord, Candidate, CandidateRequest, Warehouse } from '../warehouse/warehouse';
import { runDbtBuild, type DbtBuild } from './dbt-build';
import type { DbtProcess } from './dbt-process';
import { layersOf, relationsOf } from './manifest';
import { projectDigests } from './project-digest';

/** One attempt at a candidate. */
export interface CandidateBuildRequest
  extends Omit<DbtProcess, 'folder' | 'target' | 'environment'>, Pick<CandidateRequest, 'tables' | 'attempt'> {
  run: RunIdentity;
  order: BuildOrder;
  /** See CandidateRequest. Default: none. */
  withoutDates?: string[] | undefined;
  replacedTables?: string[] | undefined;
  /** Called as each dbt node ends. */
  onNode?: (done: number, of: number, node: string) => void;
}

/** Failures and warnings that travel with the result; all of them are in RAW.DBT_RUN_AUDIT. */
const FINDINGS_IN_RESULT = 20;

/**
 * Opens a candidate on the head and builds models and tests into it. Every attempt takes a new number: nothing reopens what a
 * killed attempt wrote.
 *
 * A PARTIAL candidate is a copy of its base. Built into it is everything downstream of sources whose RAW views differ from the
 * base's, of nodes that differ from the base's manifest, and of what was selected: the result equals a full build. Where there
 * is none of these, dbt is not started.
 *
 * @throws Error (to be tried again) when the dbt project was edited meanwhile: what dbt read is then not what was recorded.
 */
export async function buildCandidate(warehouse: Warehouse, request: CandidateBuildRequest): Promise<CandidateResult> {
  const { run, tables, attempt, order, signal } = request;
  const digests = await projectDigests(request.dbtDir);
  const candidate = await warehouse.createCandidate({
    run,
    tables,
    attempt,
    scope: order.scope,
    ...digests,
    withoutDates: request.withoutDates ?? [],
    replacedTables: request.replacedTables ?? [],
  });
  try {
    const build = await runDbtFor(candidate, {
      ...request,
      target: warehouse.dbtTarget,
      environment: warehouse.dbtEnvironment(candidate),
    });
    if ((await projectDigests(request.dbtDir)).projectDigest !== digests.projectDigest) {
      throw new Error(`the dbt project in ${request.dbtDir} was edited while it was built: it is built again.`);
    }
    const [first] = build.failures;
    const failure = first === undefined ? undefined : `${first.node}: ${first.message}`;
    await warehouse.finishCandidate(candidate, { ...build, failure, ...relationsOfCopy(candidate, build) });
    return {
      publication: candidate.publication,
      status: build.status,
      scope: candidate.scope,
      ...(candidate.fullBecause !== undefined && { fullBecause: candidate.fullBecause }),
      ...build.counts,
      ...layersOfBuild(build),
      failures: build.failures.slice(0, FINDINGS_IN_RESULT),
      warned: build.warned.slice(0, FINDINGS_IN_RESULT),
    };
  } catch (error) {
    const status = signal?.aborted ? 'CANCELLED' : 'FAILED';
    const failure = (error as Error).message;
    await warehouse.finishCandidate(candidate, { status, counts: NOTHING, nodes: [], failure, artifacts: [] });
    throw error;
  }
}

/** True when a build on the head would make what the head has: the same loads, contracts and dbt project. */
export async function isUpToDate(
  warehouse: Warehouse,
  { run, tables, dbtDir }: { run: RunIdentity; tables: SourceTable[]; dbtDir: string },
): Promise<boolean> {
  const now = await projectDigests(dbtDir);
  const head = await warehouse.buildInputs({ run, tables, withoutDates: [], replacedTables: [] });
  return (
    head.base !== null &&
    head.changedTables.length === 0 &&
    head.projectDigest === now.projectDigest &&
    head.settingsDigest === now.settingsDigest
  );
}

const NOTHING = { models: 0, tests: 0, warnings: 0, seconds: 0 };

async function runDbtFor(
  candidate: Candidate,
  request: CandidateBuildRequest & Pick<DbtProcess, 'target' | 'environment'>,
): Promise<DbtBuild> {
  const dbt = { ...request, folder: candidate.folder };
  if (candidate.scope === 'FULL') return runDbtBuild(dbt);
  const select = selectionOf(candidate, request);
  const manifest = candidate.baseManifest ?? '';
  if (select.length === 0) {
    const artifacts = [{ name: 'manifest.json', content: manifest }];
    return { status: 'BUILT', counts: NOTHING, nodes: [], failures: [], warned: [], artifacts };
  }
  if (!candidate.isProjectChanged) return runDbtBuild({ ...dbt, select });
  const stateDir = path.join(candidate.folder, 'state');
  await mkdir(stateDir, { recursive: true });
  await writeFile(path.join(stateDir, 'manifest.json'), manifest);
  return runDbtBuild({ ...dbt, select, stateDir });
}

/** dbt selectors of what a partial build makes, each closed over its descendants. */
function selectionOf(candidate: Candidate, { tables, order }: CandidateBuildRequest): string[] {
  const changed = tables.filter(({ name }) => candidate.changedTables.includes(name));
  return [
    ...changed.map(({ system, name }) => `source:${system}.${name}+`),
    // Always, whatever was selected: an edit that this build left out would be hidden from the next by this build's manifest.
    ...(candidate.isProjectChanged ? ['state:modified+'] : []),
    ...order.select.map((node) => `${node}+`),
  ];
}

/** Absent when dbt has come to nothing. */
function layersOfBuild({ artifacts, nodes }: DbtBuild): Pick<CandidateResult, 'layers'> {
  const manifest = artifacts.find(({ name }) => name === 'manifest.json')?.content;
  return manifest === undefined || nodes.length === 0 ? {} : { layers: layersOf(manifest, nodes) };
}

/** A copy still holds what models that were removed, renamed or moved have left in the base. */
function relationsOfCopy({ scope }: Candidate, { artifacts }: DbtBuild): Pick<BuildRecord, 'relations'> {
  const manifest = artifacts.find(({ name }) => name === 'manifest.json')?.content;
  return scope === 'PARTIAL' && manifest !== undefined ? { relations: relationsOf(manifest) } : {};
}
