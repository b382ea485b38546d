import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { PROJECT_ROOT, type Config } from '../contracts/config';
import { PlatformError } from '../contracts/errors';
import { codeVersion, DIST } from '../contracts/installation';
import { platformFile, runningPlatform, type LeaseAnswer } from '../workers/platform-record';

/** The embedded platform's promise to stay up until the lease is released or this process ends, however it ends. */
export interface Lease {
  address: string;
  uiUrl: string;
  startedByUs: boolean;
  /** The platform runs on without leases (`npm run dev`): what is started and not waited for will be done. */
  staysUp: boolean;
  /** Settles when the platform ended although the lease was not released. */
  lost: Promise<void>;
  /** Ends the lease. The last one ends the platform, and settles when nothing of it runs any more. */
  release(): Promise<void>;
}

/** Covers a first start on a slow machine, and the drain of a platform that is just ending. */
const PATIENCE_MS = 60_000;

/**
 * Leases the embedded platform of the configured state folder: the one that runs, else one that is started now.
 *
 * @throws PlatformError in one sentence: it does not start, or the one that runs has other code or other folders.
 */
export async function leasePlatform(config: Config): Promise<Lease> {
  const version = codeVersion();
  const deadline = Date.now() + PATIENCE_MS;
  const log = platformFile(config, 'platform.log');
  let started: StartedPlatform | undefined;
  while (Date.now() < deadline) {
    const running = runningPlatform(config.stateDir);
    const connection = running && (await connectTo(running.socket, deadline));
    if (connection) {
      const { socket, answer } = connection;
      const problem = 'error' in answer ? answer.error : mismatch(config, version, answer);
      if (problem === undefined) return asLease(socket, answer as Ready, started?.process.pid);
      socket.destroy();
      throw new PlatformError(problem);
    }
    if (running === undefined) {
      if (started?.process.exitCode)
        throw new PlatformError(`The platform did not start (${started.lastLine()}): see ${log}.`);
      // One that lost the race for the state folder, or ended with the last lease of others, has exit code 0.
      if (started === undefined || started.process.exitCode === 0) started = startPlatform(config, log);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new PlatformError(`The platform was not ready within ${PATIENCE_MS / 1000} seconds: see ${log}.`);
}

type Ready = Exclude<LeaseAnswer, { error: string }>;

interface StartedPlatform {
  process: ChildProcess;
  lastLine(): string;
}

function startPlatform(config: Config, logFile: string): StartedPlatform {
  mkdirSync(config.stateDir, { recursive: true });
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  const log = openSync(logFile, 'a');
  // Detached: neither this terminal's Ctrl-C nor its end reaches it; the lease does.
  const child = spawn(process.execPath, ['--enable-source-maps', path.join(DIST, 'workers', 'platform.js')], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: PROJECT_ROOT,
    env: { ...process.env, ...asEnvironment(config) },
  });
  closeSync(log);
  child.on('error', () => undefined);
  child.unref();
  const lastLine = () => readFileSync(logFile, 'utf8').slice(size).trim().split('\n').at(-1) || 'it said nothing';
  return { process: child, lastLine };
}

/** The configuration may come from elsewhere than this process's environment: a test, an option. */
function asEnvironment(config: Config): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: '',
    MFG_STATE_DIR: config.stateDir,
    MFG_SOURCE_DIR: config.sourceDir,
    MFG_DBT_DIR: config.dbtDir,
    MFG_WAREHOUSE: config.warehouse,
    MFG_THREADS: String(config.threads),
    MFG_PARALLEL_LOADS: String(config.parallelLoads),
    MFG_ON_UNCHANGED: config.onUnchanged,
    MFG_STRATEGY: config.strategy,
    MFG_TEMPORAL_PORT: String(config.temporalPort),
    MFG_TEMPORAL_UI_PORT: String(config.temporalUiPort),
    MFG_PAYLOAD_KEYS: config.payloadKeys ?? '',
    MFG_ALERT_SLACK_URL: config.alerts.slackUrl ?? '',
    MFG_ALERT_WEBHOOK_URL: config.alerts.webhookUrl ?? '',
    MFG_ALERT_WEBHOOK_TOKEN: config.alerts.webhookToken ?? '',
    MFG_ALERT_FILE: config.alerts.file,
    MFG_DEADMAN_URL: config.alerts.deadmanUrl ?? '',
  };
}

/** @returns undefined when nobody listens, or the platform ends before it answers. */
function connectTo(file: string, deadline: number): Promise<{ socket: Socket; answer: LeaseAnswer } | undefined> {
  return new Promise((resolve) => {
    const socket = connect(file);
    const giveUp = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(undefined);
    };
    const timer = setTimeout(giveUp, Math.max(0, deadline - Date.now()));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
      const end = text.indexOf('\n');
      if (end < 0) return;
      clearTimeout(timer);
      socket.removeAllListeners();
      resolve({ socket, answer: JSON.parse(text.slice(0, end)) as LeaseAnswer });
    });
    socket.once('error', giveUp).once('close', giveUp);
  });
}

function mismatch(config: Config, version: string, { pid, ...platform }: Ready): string | undefined {
  const remedy = platform.staysUp
    ? 'stop it with Ctrl-C in the terminal of its `npm run dev` and start it again'
    : 'try again when the commands that use it have ended';
  if (platform.version !== version) {
    return `The platform that runs for ${config.stateDir} (process ${pid}) was started from other code: ${remedy}.`;
  }
  for (const [variable, theirs, ours] of [
    ['MFG_SOURCE_DIR', platform.sourceDir, config.sourceDir],
    ['MFG_DBT_DIR', platform.dbtDir, config.dbtDir],
  ] as const) {
    if (theirs === ours) continue;
    return `The platform that runs for ${config.stateDir} (process ${pid}) has ${variable} ${theirs}, not ${ours}: ${remedy}, or set another MFG_STATE_DIR.`;
  }
  return undefined;
}

function asLease(socket: Socket, { address, uiUrl, pid, staysUp }: Ready, startedPid: number | undefined): Lease {
  let released = false;
  const closed = new Promise<void>((resolve) => {
    socket
      .on('error', () => undefined)
      .once('close', () => resolve())
      .resume();
  });
  const lost = new Promise<void>((resolve) => void closed.then(() => released || resolve()));
  // A process that has nothing left to do may end without a word: that is a release too.
  socket.unref();
  const release = async () => {
    released = true;
    socket.ref().end();
    await closed;
  };
  return { address, uiUrl, startedByUs: pid === startedPid, staysUp, lost, release };
}
