import { createHash } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Config } from '../contracts/config';
import { PlatformError } from '../contracts/errors';
import { identify, isAlive, type ProcessIdentity } from './processes';

/**
 * What a running embedded platform says of itself in `<stateDir>/platform.json`. The file is also the lock: it exists
 * for as long as its process does, so that one state folder never has two platforms.
 */
export interface PlatformRecord extends ProcessIdentity {
  /** Unix socket on which the platform gives out leases. */
  socket: string;
}

/**
 * What the platform answers to each connection on its socket, as one line of JSON: the connection is a lease, and the
 * platform stays up for as long as one is open.
 */
export type LeaseAnswer =
  | {
      address: string;
      uiUrl: string;
      pid: number;
      /** The code it was started from (`codeVersion`). */
      version: string;
      sourceDir: string;
      dbtDir: string;
      /** It runs until it is stopped (`npm run dev`), not only while there are leases. */
      staysUp: boolean;
    }
  | { error: string };

/** The platform that runs for a state folder, if one does. */
export function runningPlatform(stateDir: string): PlatformRecord | undefined {
  const record = readRecord(stateDir);
  return record !== undefined && isAlive(record) ? record : undefined;
}

/**
 * Makes this process the platform of a state folder, unless another one runs for it.
 *
 * @returns the record, or the other platform's process number.
 */
export function claimPlatform(stateDir: string): PlatformRecord | { heldBy: number } {
  const self = identify(process.pid);
  if (self === undefined) throw new PlatformError(`The process list cannot be read: the embedded platform needs it.`);
  const record: PlatformRecord = { ...self, socket: socketPath(stateDir) };
  mkdirSync(stateDir, { recursive: true });
  // Written aside and linked: the record appears with its content, or not at all.
  const written = `${recordPath(stateDir)}.${process.pid}`;
  writeFileSync(written, JSON.stringify(record));
  try {
    for (let tries = 0; tries < 50; tries++) {
      try {
        linkSync(written, recordPath(stateDir));
        return record;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readRecord(stateDir);
      if (holder !== undefined && isAlive(holder)) return { heldBy: holder.pid };
      takeAway(stateDir, holder);
    }
  } finally {
    rmSync(written, { force: true });
  }
  throw new PlatformError(`${recordPath(stateDir)} cannot be replaced: delete it and try again.`);
}

/** Gives the state folder free, as the platform's last act. */
export function releasePlatform(stateDir: string): void {
  if (readRecord(stateDir)?.pid === process.pid) rmSync(recordPath(stateDir), { force: true });
}

/** Absolute path of a file of the embedded platform in the state folder. */
export function platformFile(
  config: Config,
  name: 'platform.log' | 'temporal.log' | 'temporal.db' | 'worker.log',
): string {
  return path.join(config.stateDir, name);
}

/** A stale record is moved aside, and put back when it turns out to be the new record of a faster process. */
function takeAway(stateDir: string, stale: PlatformRecord | undefined): void {
  const file = recordPath(stateDir);
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = parse(readFileSync(aside, 'utf8'));
  if (moved !== undefined && moved.startedAt !== stale?.startedAt) renameSync(aside, file);
  else rmSync(aside, { force: true });
}

function readRecord(stateDir: string): PlatformRecord | undefined {
  try {
    return parse(readFileSync(recordPath(stateDir), 'utf8'));
  } catch {
    return undefined;
  }
}

function parse(text: string): PlatformRecord | undefined {
  try {
    return JSON.parse(text) as PlatformRecord;
  } catch {
    return undefined;
  }
}

function recordPath(stateDir: string): string {
  return path.join(stateDir, 'platform.json');
}

/** Socket paths are limited to about 100 characters, so the socket is not in the state folder but in a private short one. */
function socketPath(stateDir: string): string {
  const folder = path.join(tmpdir(), `mfg-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid } = lstatSync(folder);
  if (uid !== process.getuid?.()) {
    throw new PlatformError(`${folder} belongs to another user: set TMPDIR to a folder of your own.`);
  }
  chmodSync(folder, 0o700);
  return path.join(folder, `${createHash('sha256').update(stateDir).digest('hex').slice(0, 16)}.sock`);
}
