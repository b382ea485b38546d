import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { ConfigurationError } from '../contracts/errors';
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
/**
 * Unit tests prove the models' code on made-up rows: they say nothing of this data, and `npm test` runs them. Exposures are
 * descriptions.
 */
const NOT_BUILT = ['unit_test', 'exposure'];
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
 *
 * @throws ConfigurationError when dbt cannot be started; Error (to be tried again) when something else killed it.
 */
export async function runDbtBuild(request: DbtBuildRequest): Promise<DbtBuild> {
  const targetPath = path.join(request.folder, 'target');
  await mkdir(targetPath, { recursive: true });
  const cached = path.join(request.parseCacheDir, PARTIAL_PARSE);
  await copyFile(cached, path.join(targetPath, PARTIAL_PARSE)).catch(ignoreMissing);
  const started = Date.now();
  const { code, errors } = await runDbt(request, targetPath);
  await keepParseState(path.join(targetPath, PARTIAL_PARSE), cached, path.basename(request.folder));
  const results = await readFile(path.join(targetPath, 'run_results.json'), 'utf8').catch(() => undefined);
  const nodes = results === undefined ? [] : toNodes(results);
  const seconds = (Date.now() - started) / 1000;
  return {
    ...judge(nodes, code, errors),
    counts: count(nodes, seconds),
    nodes,
    artifacts: await readArtifacts(targetPath),
  };
}

/** Runs the process to its end; returns its exit code and dbt's own error messages. */
async function runDbt(request: DbtBuildRequest, targetPath: string): Promise<{ code: number; errors: string[] }> {
  const { signal } = request;
  signal?.throwIfAborted();
  const options = ['--log-format', 'json', '--log-level', 'info', '--log-level-file', 'info', '--no-use-colors'];
  const child = spawn(
    request.dbt,
    [...options, '--log-path', path.join(request.folder, 'logs'), 'build']
      .concat(['--project-dir', request.dbtDir, '--profiles-dir', request.dbtDir, '--target', request.target])
      .concat(['--target-path', targetPath, '--threads', String(request.threads)])
      .concat(NOT_BUILT.flatMap((type) => ['--exclude-resource-type', type])),
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
  // A failure to start is awaited only after its output has ended: until then it must not count as unhandled.
  exit.catch(() => undefined);
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
    const [code, killedBy] = (await exit.catch((error: unknown) => cannotStart(request.dbt, error))) as [
      number | null,
      NodeJS.Signals | null,
    ];
    signal?.throwIfAborted();
    if (code === null) throw new Error(`dbt was killed by ${killedBy} (out of memory?): it is tried again.`);
    if (code !== 0 && errors.length === 0) errors.push((await stderr).trim() || `dbt ended with exit code ${code}`);
    return { code, errors };
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function cannotStart(dbt: string, error: unknown): never {
  throw new ConfigurationError(
    `dbt cannot be started (${(error as Error).message}): run npm run setup to install ${dbt}.`,
    {
      cause: error,
    },
  );
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

/** Only an exit code of 0 with nothing but good results is a good build. */
function judge(nodes: NodeResult[], code: number, errors: string[]): Pick<DbtBuild, 'status' | 'failures' | 'warned'> {
  const failures = nodes.filter((node) => node.status === 'error' || node.status === 'fail').map(toFailure);
  const warned = nodes.filter((node) => node.status === 'warn').map(toFailure);
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

async function keepParseState(fresh: string, cached: string, build: string): Promise<void> {
  await mkdir(path.dirname(cached), { recursive: true });
  const aside = `${cached}.${build}`;
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
