import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process for as long as it runs: its number alone may be given to another one after it. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the operating system's own words; compared, never read. */
  startedAt: string;
}

/** Identity of a running process; undefined when none runs under this number (one that only waits to be reaped does not). */
export function identify(pid: number): ProcessIdentity | undefined {
  if (process.platform === 'linux') {
    const stat = readOrUndefined(`/proc/${pid}/stat`);
    if (stat === undefined) return undefined;
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readOrUndefined('/proc/sys/kernel/random/boot_id')?.trim();
    return state === 'Z' || state === 'X' ? undefined : { pid, startedAt: `${fields[18]}@${boot}` };
  }
  const line = ps(pid, 'stat=,lstart=');
  return line === '' || line.startsWith('Z') ? undefined : { pid, startedAt: line.replace(/^\S+\s+/, '') };
}

/** Whether the very process that was identified still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** The command line of a running process; empty when there is none. */
export function commandLine(pid: number): string {
  if (identify(pid) === undefined) return '';
  if (process.platform !== 'linux') return ps(pid, 'command=');
  return (readOrUndefined(`/proc/${pid}/cmdline`) ?? '').split('\0').join(' ').trim();
}

/** Asks a process to end and waits for it; after `patience_ms` ends it. Does nothing when it has already gone. */
export async function endProcess(identity: ProcessIdentity, patience_ms: number): Promise<void> {
  for (const [signal, wait_ms] of [
    ['SIGTERM', patience_ms],
    ['SIGKILL', 5000],
  ] as const) {
    if (!isAlive(identity)) return;
    try {
      process.kill(identity.pid, signal);
    } catch {
      return;
    }
    const deadline = Date.now() + wait_ms;
    while (isAlive(identity) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Whether this process itself listens on a TCP port of this machine (IPv4). That something accepts connections there is
 * not enough: it may be another program that took the port a moment before.
 */
export function listensOn(pid: number, port: number): boolean {
  if (process.platform !== 'linux') {
    const query = ['-nP', '-a', '-p', String(pid), `-iTCP:${port}`, '-sTCP:LISTEN'];
    return spawnSync('lsof', query, { stdio: 'ignore' }).status === 0;
  }
  const LISTENING = '0A';
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const sockets = (readOrUndefined('/proc/net/tcp') ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTENING && local?.endsWith(`:${hexPort}`))
    .map((columns) => `socket:[${columns[9]}]`);
  return sockets.length > 0 && openFiles(pid).some((file) => sockets.includes(file));
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      } catch {
        return '';
      }
    });
  } catch {
    return [];
  }
}

function readOrUndefined(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function ps(pid: number, columns: string): string {
  return (spawnSync('ps', ['-o', columns, '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '').trim();
}
