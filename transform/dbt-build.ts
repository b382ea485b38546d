import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { BuildCounts, NodeFailure } from '../contracts/run';
import type { NodeResult } from '../warehouse/warehouse';
import { runDbt, targetPathOf, type DbtEnd, type DbtEvent, type DbtProcess } from './dbt-process';

/** One build of one candidate, whose folder is dbt's working directory. */
export interface DbtBuildRequest extends DbtProcess {
  /** What to build: dbt selectors, each an argument of its own. Default: everything. */
  select?: string[] | undefined;
  /** Folder with the manifest that `state:` selectors compare with. */
  stateDir?: string | undefined;
  /** Called as each node ends. */
  onNode?: (done: number, of: number, node: string) => void;
}

/** What dbt did. */
export interface DbtBuild {
  /** `HELD`: all models stand, a test failed. `FAILED`: a model failed, or dbt could not run at all. */
  status: 'BUILT' | 'HELD' | 'FAILED';
  counts: BuildCounts;
  nodes: NodeResult[];
  failures: NodeFailure[];
  warned: NodeFailure[];
  artifacts: { name: string; content: string }[];
}

/** A node's result under its unique id. */
type NodeResults = Map<string, NodeResult>;

const ARTIFACTS = ['manifest.json', 'run_results.json'];
/**
 * Unit tests prove the models' code on made-up rows: they say nothing of this data, and `npm test` runs them. Exposures are
 * descriptions.
 */
const NOT_BUILT = ['unit_test', 'exposure'];

const runResultsSchema = z.object({
  elapsed_time: z.number(),
  results: z.array(
    z.looseObject({
      unique_id: z.string(),
      status: z.string(),
      message: z.string().nullish(),
      failures: z.number().nullish(),
      execution_time: z.number(),
      adapter_response: z.looseObject({ rows_affected: z.number().optional() }).nullish(),
    }),
  ),
});

/**
 * Runs `dbt build` as one process and reads its results from dbt's own artifacts. When a test fails, dbt leaves out what is
 * downstream of it; that is built and tested then by two more processes, so that a candidate which is held is whole.
 *
 * A selection is built into a copy of another build: incremental models and seeds are made anew, as in an empty database.
 * A failing model or test is a result, not an error. On abort dbt and all it started are stopped, and the signal's
 * reason is thrown.
 *
 * @throws ConfigurationError when dbt cannot be started; Error (to be tried again) when something else killed it.
 */
export async function runDbtBuild(request: DbtBuildRequest): Promise<DbtBuild> {
  const started = Date.now();
  const selection = request.select && ['--full-refresh', ...selectArguments(request.select)];
  const state = request.stateDir === undefined ? [] : ['--state', request.stateDir];
  const end = await runDbt(
    request,
    ['build', ...withThreads(request), ...excluding(NOT_BUILT), ...state, ...(selection ?? [])],
    nodeReporter(request),
  );
  const results = await readNodes(request.folder);
  const artifacts = await readArtifacts(request.folder);
  let judged = judge(results, end, request.select !== undefined);
  if (judged.status === 'HELD') {
    await completeHeld(request, results);
    judged = judge(results, end, false);
    if ([...results.values()].some(isSkippedModel)) judged.status = 'FAILED';
  }
  const nodes = [...results.values()];
  const seconds = (Date.now() - started) / 1000;
  return {
    ...judged,
    counts: count(nodes, seconds),
    nodes,
    artifacts,
  };
}

/** Builds what dbt skipped because a test upstream failed, then runs the tests that were skipped. */
async function completeHeld(request: DbtBuildRequest, results: NodeResults): Promise<void> {
  const skipped = [...results.values()].filter((node) => node.status === 'skipped');
  const models = skipped.filter(isSkippedModel).map(({ node }) => node);
  const tests = skipped.filter((node) => !isSkippedModel(node)).map(({ node }) => node);
  const run = async (command: string[]) => {
    await runDbt(request, command, nodeReporter(request));
    for (const [id, node] of await readNodes(request.folder)) results.set(id, node);
  };
  if (models.length > 0) {
    const options = [...excluding([...NOT_BUILT, 'test']), '--full-refresh', ...selectArguments(models)];
    await run(['build', ...withThreads(request), ...options]);
  }
  if (tests.length > 0) {
    await run(['test', ...withThreads(request), ...excluding(['unit_test']), ...selectArguments(tests)]);
  }
}

/** A model, or whatever else leaves a relation: all but a test. */
function isSkippedModel({ status, resourceType }: NodeResult): boolean {
  return status === 'skipped' && resourceType !== 'test';
}

function nodeReporter(request: DbtBuildRequest): (event: DbtEvent) => void {
  let done = 0;
  return ({ info, data }) => {
    if (data.node_info !== undefined && data.total !== undefined && /Result$/.test(info.name)) {
      request.onNode?.(++done, data.total, data.node_info.node_name);
    }
  };
}

function withThreads({ threads }: DbtBuildRequest): string[] {
  return ['--threads', String(threads)];
}

function excluding(types: string[]): string[] {
  return types.flatMap((type) => ['--exclude-resource-type', type]);
}

function selectArguments(select: string[]): string[] {
  return ['--select', ...select];
}

/** Results of the last dbt process in a folder; empty when it wrote none. */
async function readNodes(folder: string): Promise<NodeResults> {
  const results = await readFile(path.join(targetPathOf(folder), 'run_results.json'), 'utf8').catch(() => undefined);
  return results === undefined ? new Map() : toNodes(results);
}

function toNodes(results: string): NodeResults {
  return new Map(
    runResultsSchema.parse(JSON.parse(results)).results.map((result) => {
      // <type>.<package>.<name>[.<hash>], but unit_test.<package>.<model>.<name>
      const [resourceType = '', , name = '', last = name] = result.unique_id.split('.');
      const node = {
        node: resourceType === 'unit_test' ? last : name,
        resourceType,
        status: result.status,
        message: oneSentence(result.message ?? ''),
        rows: result.failures ?? result.adapter_response?.rows_affected ?? null,
        seconds: result.execution_time,
      };
      return [result.unique_id, node];
    }),
  );
}

/** Only an exit code of 0 with nothing but good results is a good build; of a selection, also one of nothing. */
function judge(
  results: NodeResults,
  { code, errors }: DbtEnd,
  mayBeEmpty: boolean,
): Pick<DbtBuild, 'status' | 'failures' | 'warned'> {
  const nodes = [...results.values()];
  const failures = nodes.filter((node) => node.status === 'error' || node.status === 'fail').map(toFailure);
  const warned = nodes.filter((node) => node.status === 'warn').map(toFailure);
  if (nodes.length === 0 && code === 0 && mayBeEmpty) return { status: 'BUILT', failures, warned };
  if (nodes.length === 0) {
    const message = oneSentence(errors.at(-1) ?? 'dbt wrote no results');
    return { status: 'FAILED', failures: [{ node: 'dbt', status: 'error', message }], warned };
  }
  const hasBrokenModel = nodes.some((node) => node.status === 'error' && node.resourceType === 'model');
  if (hasBrokenModel) return { status: 'FAILED', failures, warned };
  const isGood = (node: NodeResult) => ['success', 'pass', 'warn', 'no-op'].includes(node.status);
  if (code === 0 && nodes.every(isGood)) return { status: 'BUILT', failures, warned };
  if (failures.length > 0) return { status: 'HELD', failures, warned };
  const other = nodes.find((node) => !isGood(node));
  const message = oneSentence(other?.message || errors.at(-1) || `dbt ended with exit code ${code}`);
  return { status: 'FAILED', failures: [{ node: other?.node ?? 'dbt', status: 'error', message }], warned };
}

function toFailure(node: NodeResult): NodeFailure {
  return { node: node.node, status: node.status as NodeFailure['status'], message: node.message };
}

function count(nodes: NodeResult[], seconds: number): BuildCounts {
  const models = nodes.filter((node) => node.resourceType === 'model' && node.status === 'success').length;
  const tests = nodes.filter((node) => node.resourceType === 'test' || node.resourceType === 'unit_test').length;
  return { models, tests, warnings: nodes.filter((node) => node.status === 'warn').length, seconds };
}

/** dbt's messages span lines: the first says which kind of error, the rest what it is. */
function oneSentence(message: string): string {
  return message.replace(/\s+/g, ' ').trim().slice(0, 1000);
}

async function readArtifacts(folder: string): Promise<DbtBuild['artifacts']> {
  const found = [];
  for (const name of ARTIFACTS) {
    const content = await readFile(path.join(targetPathOf(folder), name), 'utf8').catch(() => undefined);
    if (content !== undefined) found.push({ name, content });
  }
  return found;
}
