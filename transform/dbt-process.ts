import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { ConfigurationError } from '../contracts/errors';

/** Where and how dbt runs. */
export interface DbtProcess {
  /** The dbt executable. */
  dbt: string;
  /** The dbt project, which holds its profiles too. */
  dbtDir: string;
  /** dbt's working directory, so that the profile's relative path names the candidate in it; artifacts and logs go here. */
  folder: string;
  target: string;
  /** What the target's profile reads from the environment, besides what this process has. */
  environment?: Record<string, string> | undefined;
  threads: number;
  /** Folder that keeps dbt's partial-parse state from run to run: parsing is a third of a small build. */
  parseCacheDir: string;
  signal?: AbortSignal | undefined;
}

/** How dbt ended. */
export interface DbtEnd {
  code: number;
  /** dbt's own error messages; at least one unless the code is 0. */
  errors: string[];
}

/** One line of dbt's structured log. */
export type DbtEvent = z.infer<typeof logLineSchema>;

const PARTIAL_PARSE = 'partial_parse.msgpack';
/** dbt ends its connections on SIGINT; what has not ended by then is killed. */
const INTERRUPT_PATIENCE_MS = 3_000;

const logLineSchema = z.object({
  info: z.object({ name: z.string(), level: z.string(), msg: z.string() }),
  data: z.looseObject({
    index: z.number().optional(),
    total: z.number().optional(),
    node_info: z.looseObject({ node_name: z.string() }).optional(),
    spec_raw: z.string().optional(),
  }),
});

/** dbt's artifacts of a run in a folder. */
export function targetPathOf(folder: string): string {
  return path.join(folder, 'target');
}

/**
 * Runs one dbt command as one process to its end. No shell is involved: each argument reaches dbt as it is.
 *
 * On abort dbt and all it started are stopped, and the signal's reason is thrown.
 *
 * @param command the command and its own options, such as `['build', '--select', 'dim_date']`.
 * @throws ConfigurationError when dbt cannot be started; Error (to be tried again) when something else killed it.
 */
export async function runDbt(
  request: DbtProcess,
  command: string[],
  onEvent: (event: DbtEvent) => void = () => undefined,
): Promise<DbtEnd> {
  const targetPath = targetPathOf(request.folder);
  await mkdir(targetPath, { recursive: true });
  const fresh = path.join(targetPath, PARTIAL_PARSE);
  const cached = path.join(request.parseCacheDir, PARTIAL_PARSE);
  await copyFile(cached, fresh).catch(ignoreMissing);
  const end = await runProcess(request, command, targetPath, onEvent);
  await keepParseState(fresh, cached, path.basename(request.folder));
  return end;
}

async function runProcess(
  request: DbtProcess,
  [name = '', ...options]: string[],
  targetPath: string,
  onEvent: (event: DbtEvent) => void,
): Promise<DbtEnd> {
  const { signal } = request;
  signal?.throwIfAborted();
  const log = ['--log-format', 'json', '--log-level', 'info', '--log-level-file', 'info', '--no-use-colors'];
  const child = spawn(
    request.dbt,
    [...log, '--log-path', path.join(request.folder, 'logs'), name]
      .concat(['--project-dir', request.dbtDir, '--profiles-dir', request.dbtDir, '--target', request.target])
      .concat(['--target-path', targetPath])
      .concat(options),
    {
      cwd: request.folder,
      // A group of its own, so that a stop reaches whatever dbt started, and Ctrl-C on the worker does not reach dbt first.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...request.environment,
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
    for await (const line of createInterface({ input: child.stdout })) {
      const event = parseLogLine(line);
      if (event === undefined) continue;
      if (event.info.level === 'error') errors.push(event.info.msg);
      onEvent(event);
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

function parseLogLine(line: string): DbtEvent | undefined {
  try {
    return logLineSchema.parse(JSON.parse(line));
  } catch {
    // Python warnings and the like are no log events.
    return undefined;
  }
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

async function readAll(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stderr ?? []) text += String(chunk);
  return text.slice(-4000);
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
