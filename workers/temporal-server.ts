import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import type { Config } from '../contracts/config';
import { PlatformError } from '../contracts/errors';
import { venvProgram } from '../contracts/installation';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes';
import { platformFile } from './platform-record';
import { commandLine, endProcess, identify, isAlive, listensOn, type ProcessIdentity } from './processes';

/** A running Temporal dev server with its Web UI, on this machine's loopback interface only. */
export interface TemporalServer {
  address: string;
  uiUrl: string;
  /** Settles when the server ends; `stop` is one reason for it. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

interface Ports {
  port: number;
  uiPort: number;
}

/** `<stateDir>/temporal-server.json`: the ports to prefer next time, and the process to take away when it was left behind. */
type ServerRecord = ProcessIdentity & Ports;

const STOP_PATIENCE_MS = 10_000;
const START_PATIENCE_MS = 30_000;
const MAX_STARTS = 5;
const LOG_LIMIT_BYTES = 10_000_000;

/** Its transfer queue waits up to a second per workflow task unless told otherwise; WAL halves the latency again. */
const SPEED_FLAGS = [
  ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=5000'],
  ...['--sqlite-pragma', 'journal_mode=wal'],
  ...['--sqlite-pragma', 'synchronous=NORMAL'],
];

/**
 * Starts the Temporal dev server on the state folder's database and waits until it listens on its ports itself. Ports are those
 * of the last time, else the configured ones, else any that are free. A server that a killed platform left behind is
 * stopped first.
 *
 * @param fixed the ports to use and no others: a server that comes back must be found where it was.
 * Besides these the server picks ports of its own, which another one may take at the same moment: a start that fails is
 * tried again a few times.
 *
 * @throws PlatformError with the line of the server's log that says why.
 */
export async function startTemporalServer(config: Config, fixed?: Ports): Promise<TemporalServer> {
  mkdirSync(config.stateDir, { recursive: true });
  const last = readRecord(config);
  if (last !== undefined) await stopLeftBehind(config, last);
  const deadline = Date.now() + START_PATIENCE_MS;
  for (let tries = 1; ; tries++) {
    const ports = fixed ?? (await choosePorts(config, last));
    const server = await tryStart(config, ports, deadline);
    if ('stop' in server) return server;
    if (server.isFinal || tries === MAX_STARTS || Date.now() > deadline) {
      throw new PlatformError(
        `The Temporal server did not start (${reasonIn(server.said)}): see ${platformFile(config, 'temporal.log')}.`,
      );
    }
    // Not in step with whoever took the port.
    await sleep(100 + Math.random() * 400);
  }
}

async function tryStart(
  config: Config,
  ports: Ports,
  deadline: number,
): Promise<TemporalServer | { said: string; isFinal: boolean }> {
  const logFile = platformFile(config, 'temporal.log');
  const logged = rotate(logFile);
  const log = openSync(logFile, 'a');
  // A process group of its own: Ctrl-C in a terminal reaches the platform only, which drains its worker first.
  const child = spawn(venvProgram('temporal'), serverArguments(config, ports), {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: config.stateDir,
  });
  closeSync(log);
  let failure = '';
  child.on('error', (error) => (failure = error.message));
  const ended = new Promise<void>((resolve) => child.once('error', () => resolve()).once('exit', () => resolve()));
  const self = child.pid === undefined ? undefined : identify(child.pid);
  if (self !== undefined) writeRecord(config, { ...self, ...ports });
  let running = true;
  void ended.then(() => (running = false));
  // Whatever ends this process in a hurry ends the server too; its database survives that.
  const endHard = (): void => void child.kill('SIGKILL');
  process.once('exit', endHard);
  void ended.then(() => process.off('exit', endHard));
  const stop = async () => {
    if (self !== undefined) await endProcess(self, STOP_PATIENCE_MS);
    await ended;
  };
  while (running) {
    const { pid } = child;
    if (pid !== undefined && listensOn(pid, ports.port) && listensOn(pid, ports.uiPort)) {
      return { address: `127.0.0.1:${ports.port}`, uiUrl: `http://127.0.0.1:${ports.uiPort}`, ended, stop };
    }
    if (Date.now() > deadline) {
      await stop();
      return { said: `it did not listen within ${START_PATIENCE_MS / 1000} s`, isFinal: true };
    }
    await sleep(20);
  }
  // What could not even be spawned will not be the next time.
  return { said: failure || readFileSync(logFile, 'utf8').slice(logged), isFinal: failure !== '' };
}

function serverArguments(config: Config, { port, uiPort }: Ports): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--db-filename', platformFile(config, 'temporal.db'), '--namespace', 'default', '--log-level', 'error'],
    ...SPEED_FLAGS,
    ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ];
}

async function stopLeftBehind(config: Config, last: ServerRecord): Promise<void> {
  if (isAlive(last) && commandLine(last.pid).includes(platformFile(config, 'temporal.db'))) {
    await endProcess(last, STOP_PATIENCE_MS);
  }
}

async function choosePorts(config: Config, last: Ports | undefined): Promise<Ports> {
  const port = await firstFree([last?.port, config.temporalPort], []);
  return { port, uiPort: await firstFree([last?.uiPort, config.temporalUiPort], [port]) };
}

async function firstFree(preferred: (number | undefined)[], taken: number[]): Promise<number> {
  for (const port of preferred) {
    if (port !== undefined && !taken.includes(port) && (await listenOnce(port)) === port) return port;
  }
  const free = await listenOnce(0);
  if (free === undefined) throw new PlatformError('No free port was found on 127.0.0.1: end a program that uses them.');
  return free;
}

/** Listens on a port for a moment. @returns the port; undefined when it is taken. */
function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}

/** Keeps a log from growing for ever. @returns the size at which the next entry starts. */
function rotate(file: string): number {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size < LOG_LIMIT_BYTES) return size;
  renameSync(file, `${file}.1`);
  return 0;
}

/** The line that says why: a crash ends with a stack trace, whose last line says nothing. */
function reasonIn(said: string): string {
  const lines = said.trim().split('\n');
  return (lines.find((line) => /panic|fatal|error/i.test(line)) ?? lines.at(-1))?.trim() || 'it said nothing';
}

function readRecord(config: Config): ServerRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordPath(config), 'utf8')) as ServerRecord;
  } catch {
    return undefined;
  }
}

function writeRecord(config: Config, record: ServerRecord): void {
  writeFileSync(recordPath(config), JSON.stringify(record));
}

function recordPath(config: Config): string {
  return path.join(config.stateDir, 'temporal-server.json');
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
