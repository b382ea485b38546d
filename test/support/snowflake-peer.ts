import { spawn } from 'node:child_process';
import path from 'node:path';
import { closeAfterTests } from './scratch';

const ROOT = path.resolve(__dirname, '..', '..');
const PYTHON = path.join(ROOT, '.mfg', 'snowflake-peer-venv', 'bin', 'python');

/** What happens to the statements that match; requests that the driver repeats count too. */
export interface PeerFault {
  /** A regular expression on the statement's text, without regard to case. */
  match: string;
  /** A regular expression on the statement's query tag. */
  tag?: string;
  /**
   * `drop-before`: the connection is reset before the statement runs; `drop-after`: after it ran; `expire-token`: the session
   * goes on after the driver renewed its token; `expire-session`: it is over; `lose-put`: the file does not arrive; `lose-get`: the
   * first of the files does not.
   */
  action:
    | 'drop-before'
    | 'drop-after'
    | '503'
    | 'expire-token'
    | 'expire-session'
    | 'slow'
    | 'hold'
    | 'lose-put'
    | 'lose-get'
    | 'error';
  /** The first match that it happens to: 1 unless given. */
  nth?: number;
  /** How often it happens: once unless given, 0 for always. */
  times?: number;
  /** For `slow`. */
  seconds?: number;
  /** For `error`. */
  error?: { code: string; sqlState: string; message: string };
}

/** A statement that the peer executed, or refused on request. */
export interface PeerStatement {
  session: number;
  user: string;
  queryTag: string;
  sql: string;
  requestId: string;
  /** Seconds since 1970. */
  startedAt: number;
  seconds: number;
  /** Snowflake's error code, null when it succeeded. */
  error: string | null;
}

/** A running Snowflake-protocol peer: connect with any account, user and password to http://127.0.0.1:port. */
export interface Peer {
  port: number;
  addFault(fault: PeerFault): Promise<void>;
  /** Takes all faults away and lets go what is held. */
  clearFaults(): Promise<void>;
  statements(): Promise<PeerStatement[]>;
  forgetStatements(): Promise<void>;
  /** How many answers `hold` keeps back now. */
  held(): Promise<number>;
  /** Lets every held answer go. */
  release(): Promise<void>;
  /** Ends the peer, by SIGKILL when told to; with a state folder another one goes on where it ended. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

interface PeerOptions {
  /** A folder in which databases and stages survive the peer; memory without one. */
  state?: string;
  /** When a silent transaction that blocks another is rolled back: Snowflake's 5 minutes unless given. */
  idleLockSeconds?: number;
}

/** Starts a peer on a free port; it is stopped after the test file, and ends by itself when the test is killed. */
export async function startPeer({ state, idleLockSeconds = 300 }: PeerOptions = {}): Promise<Peer> {
  const args = ['-m', 'snowflake_peer', '--port', '0', '--idle-lock-s', String(idleLockSeconds)];
  const child = spawn(PYTHON, state ? [...args, '--state', state] : args, {
    cwd: path.join(ROOT, 'test', 'snowflake-peer'),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`The Snowflake peer ended with ${code} before it was ready.`)));
    child.stdout.once('data', (line: Buffer) => resolve((JSON.parse(line.toString()) as { port: number }).port));
  });
  const control = async (method: string, what: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/peer/${what}`, { method, body: JSON.stringify(body) });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`The peer refused ${method} ${what}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  closeAfterTests(stop);
  return {
    port,
    stop,
    addFault: async (fault) => void (await control('POST', 'faults', fault)),
    clearFaults: async () => void (await control('DELETE', 'faults')),
    statements: async () => (await control('GET', 'statements')) as PeerStatement[],
    forgetStatements: async () => void (await control('DELETE', 'statements')),
    held: async () => ((await control('GET', 'held')) as { held: number }).held,
    release: async () => void (await control('POST', 'release')),
  };
}
