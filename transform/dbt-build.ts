import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { BuildCounts, NodeFailure } from '../contracts/run';
import type { NodeResult } from '../warehouse/warehouse';

/** One dbt process for one candidate. */
export interface DbtBuildRequest {
  /** The dbt executable. */
  dbt: string;
  /** The dbt project, which holds its profiles too. */
  dbtDir: string;
  /** The candidate's folder: dbt's working directory, so that the profile's relative path names the candidate. */
  folder: string;
  target: string;
  threads: number;
  /** Folder that keeps dbt's partial-parse state from build to build: parsing is a third of a small build. */
  parseCacheDir: string;
  signal?: AbortSignal | undefined;
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

const ARTIFACTS = ['manifest.json', 'run_results.json'];
const PARTIAL_PARSE = 'partial_parse.msgpack';
/** dbt ends its connections on SIGINT; what has not ended by then is killed. */
const INTERRUPT_PATIENCE_MS = 3_000;

const logLineSchema = z.object({
  info: z.object({ name: z.string(), level: z.string(), msg: z.string() }),
  data: z.looseObject({
    index: z.number().optional(),
    total: z.number().optional(),
    node_info: z.looseObject({ node_name: z.string() }).optional(),
  }),
});

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
 * Runs `dbt build` as one process and reads its results from dbt's own artifacts.
 *
 * A failing model or test is a result, not an error. On abort dbt and all it started are stopped, and the signal's
 * reason is thrown.
 */
export async function runDbtBuild(request: DbtBuildRequest): Promise<DbtBuild> {
  const targetPath = path.join(request.folder, 'target');
  await mkdir(targetPath, { recursive: true });
  const cached = path.join(request.parseCacheDir, PARTIAL_PARSE);
  await copyFile(cached, path.join(targetPath, PARTIAL_PARSE)).catch(ignoreMissing);
  const started = Date.now();
  const errors = await runDbt(request, targetPath);
  await keepParseState(path.join(targetPath, PARTIAL_PARSE), cached);
  const results = await readFile(path.join(targetPath, 'run_results.json'), 'utf8').catch(() => undefined);
  const nodes = results === undefined ? [] : toNodes(results);
  const seconds = (Date.now() - started) / 1000;
  return { ...judge(nodes, errors), counts: count(nodes, seconds), nodes, artifacts: await readArtifacts(targetPath) };
}

/** Runs the process to its end; returns dbt's own error messages. */
async function runDbt(request: DbtBuildRequest, targetPath: string): Promise<string[]> {
  const { signal } = request;
  signal?.throwIfAborted();
  const options = ['--log-format', 'json', '--log-level', 'info', '--log-level-file', 'info', '--no-use-colors'];
  const child = spawn(
    request.dbt,
    [...options, '--log-path', path.join(request.folder, 'logs'), 'build']
      .concat(['--project-dir', request.dbtDir, '--profiles-dir', request.dbtDir, '--target', request.target])
      .concat(['--target-path', targetPath, '--threads', String(request.threads)]),
    {
      cwd: request.folder,
      // A group of its own, so that a stop reaches whatever dbt started, and Ctrl-C on the worker does not reach dbt first.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
        MFG_THREADS: String(request.threads),
        PYTHONUNBUFFERED: '1',
      },
    },
  );
  const exit = once(child, 'close');
  const stop = () => void stopGroup(child);
  signal?.addEventListener('abort', stop);
  const errors: string[] = [];
  try {
    const stderr = readAll(child);
    let done = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const event = parseLogLine(line);
      if (event === undefined) continue;
      if (event.info.level === 'error') errors.push(event.info.msg);
      if (event.data.node_info !== undefined && event.data.total !== undefined && /Result$/.test(event.info.name)) {
        request.onNode?.(++done, event.data.total, event.data.node_info.node_name);
      }
    }
    const [code] = (await exit) as [number | null];
    signal?.throwIfAborted();
    if (code !== 0 && errors.length === 0) errors.push((await stderr).trim() || `dbt ended with exit code ${code}`);
    return errors;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

async function stopGroup(child: ChildProcess): Promise<void> {
  signalGroup(child, 'SIGINT');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), INTERRUPT_PATIENCE_MS);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  clearTimeout(timer);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has ended by itself.
  }
}

function parseLogLine(line: string): z.infer<typeof logLineSchema> | undefined {
  try {
    return logLineSchema.parse(JSON.parse(line));
  } catch {
    // Python warnings and the like are no log events.
    return undefined;
  }
}

function toNodes(results: string): NodeResult[] {
  return runResultsSchema.parse(JSON.parse(results)).results.map((result) => {
    // <type>.<package>.<name>[.<hash>], but unit_test.<package>.<model>.<name>
    const [resourceType = '', , name = '', last = name] = result.unique_id.split('.');
    return {
      node: resourceType === 'unit_test' ? last : name,
      resourceType,
      status: result.status,
      message: oneSentence(result.message ?? ''),
      rows: result.failures ?? result.adapter_response?.rows_affected ?? null,
      seconds: result.execution_time,
    };
  });
}

function judge(nodes: NodeResult[], errors: string[]): Pick<DbtBuild, 'status' | 'failures' | 'warned'> {
  const failures = nodes.filter((node) => node.status === 'error' || node.status === 'fail').map(toFailure);
  const warned = nodes.filter((node) => node.status === 'warn').map(toFailure);
  if (nodes.length === 0) {
    const message = oneSentence(errors.at(-1) ?? 'dbt wrote no results');
    return { status: 'FAILED', failures: [{ node: 'dbt', status: 'error', message }], warned };
  }
  const hasBrokenModel = nodes.some((node) => node.status === 'error' && node.resourceType === 'model');
  if (hasBrokenModel) return { status: 'FAILED', failures, warned };
  if (failures.length > 0 || nodes.some((node) => node.status === 'skipped'))
    return { status: 'HELD', failures, warned };
  return { status: 'BUILT', failures, warned };
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

async function keepParseState(fresh: string, cached: string): Promise<void> {
  await mkdir(path.dirname(cached), { recursive: true });
  const aside = `${cached}.${process.pid}`;
  try {
    await copyFile(fresh, aside);
    await rename(aside, cached);
  } catch (error) {
    ignoreMissing(error);
  }
}

async function readArtifacts(targetPath: string): Promise<{ name: string; content: string }[]> {
  const found = [];
  for (const name of ARTIFACTS) {
    const content = await readFile(path.join(targetPath, name), 'utf8').catch(() => undefined);
    if (content !== undefined) found.push({ name, content });
  }
  return found;
}

async function readAll(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stderr ?? []) text += String(chunk);
  return text.slice(-4000);
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
