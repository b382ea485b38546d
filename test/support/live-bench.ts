import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { loadConfig, PROJECT_ROOT, type Config } from '../../contracts/config';
import { DIST, venvProgram } from '../../contracts/installation';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import type { Warehouse } from '../../warehouse/warehouse';
import { startTemporalServer, type TemporalServer } from '../../workers/temporal-server';
import { closeAfterTests, scratchDir } from './scratch';
import { smallDbtProject } from './small-dbt';

/** The published data set as one poll of the reader saw it. */
export type ReaderRow = [publication: number, ...rest: (number | string | null)[]];

export interface ReaderReport {
  polls: ReaderRow[];
  kept: ReaderRow[];
  errors: string[];
}

/** The longest that a client's call waits before it is tried again. */
const RETRY_DELAY_MS = 250;

/**
 * Everything real on a scratch state folder: Temporal's dev server, worker processes of the built code, DuckDB, dbt and the
 * shipped export. What is under test can be killed; what it left is asked of the files and of the store. It closes by itself
 * after the tests of its file.
 */
export class LiveBench {
  readonly stateDir = scratchDir();
  readonly sourceDir = path.join(this.stateDir, 'source');
  readonly config: Config;
  readonly warehouse: Warehouse;
  private server: TemporalServer | undefined;
  private connection: Connection | undefined;
  private readonly children = new Set<ChildProcess>();
  private closing: Promise<void> | undefined;

  /**
   * @param dates the shipped export's logical dates to deliver, all of them by default.
   * @param dbtDir the dbt project; by default the small one, which knows four of the delivered tables.
   * @param variables of every worker's environment: another warehouse, for example.
   */
  constructor(
    dates = shippedDates(),
    dbtDir = smallDbtProject(),
    protected readonly variables: Record<string, string> = {},
  ) {
    mkdirSync(path.join(this.sourceDir, 'mes'), { recursive: true });
    for (const date of dates) this.deliverShipped(date);
    this.config = loadConfig({
      MFG_STATE_DIR: this.stateDir,
      MFG_SOURCE_DIR: this.sourceDir,
      MFG_DBT_DIR: dbtDir,
      ...variables,
    });
    this.warehouse = this.makeWarehouse();
    closeAfterTests(() => this.close());
  }

  /** What the tests ask the warehouse with. */
  protected makeWarehouse(): Warehouse {
    return createDuckDbWarehouse(this.stateDir, 'test');
  }

  deliverShipped(date: string): void {
    cpSync(path.join(SHIPPED, date), path.join(this.sourceDir, 'mes', date), {
      ...{ recursive: true, preserveTimestamps: true },
    });
  }

  async startServer(): Promise<Client> {
    this.assertOpen();
    this.server = await startTemporalServer(this.config, this.ports());
    const address = this.server.address;
    for (let tries = 0; this.connection === undefined; tries++) {
      this.connection = await Connection.connect({ address, interceptors: [this.retries()] }).catch(
        (error: unknown) => {
          if (tries > 50) throw error;
          return undefined;
        },
      );
      await sleep(50);
    }
    return new Client({ connection: this.connection });
  }

  /** The client's own retries, but none any more once this closes: one that finds its channel closed throws out of a timer. */
  private retries() {
    const { retryableDecider } = defaultGrpcRetryOptions();
    return makeGrpcRetryInterceptor({
      delayFunction: () => RETRY_DELAY_MS,
      retryableDecider: (attempt, status) => this.closing === undefined && retryableDecider(attempt, status),
    });
  }

  /** The server's address, for Temporal's own command line and for workers. */
  get address(): string {
    if (this.server === undefined) throw new Error('the server was not started');
    return this.server.address;
  }

  /** The same ports again: where clients and workers look for a server that comes back. */
  private ports(): { port: number; uiPort: number } | undefined {
    if (this.server === undefined) return undefined;
    return { port: Number(this.server.address.split(':')[1]), uiPort: Number(new URL(this.server.uiUrl).port) };
  }

  /** Kills the Temporal server as a power cut does. */
  async killServer(): Promise<void> {
    const { pid } = JSON.parse(readFileSync(path.join(this.stateDir, 'temporal-server.json'), 'utf8')) as {
      pid: number;
    };
    process.kill(pid, 'SIGKILL');
    await this.server?.ended;
  }

  /**
   * Starts a worker process and waits until it polls.
   *
   * @param variables of its environment, besides the bench's.
   * @param dist the built code to run, by default this project's.
   */
  async startWorker(variables: Record<string, string> = {}, dist = DIST): Promise<ChildProcess> {
    this.assertOpen();
    const env = {
      ...process.env,
      TEMPORAL_ADDRESS: this.server?.address,
      MFG_STATE_DIR: this.stateDir,
      MFG_SOURCE_DIR: this.sourceDir,
      MFG_DBT_DIR: this.config.dbtDir,
      ...this.variables,
      ...variables,
    };
    const worker = spawn(process.execPath, [path.join(dist, 'workers', 'main.js')], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.children.add(worker);
    const ended = once(worker, 'close').then(() => Promise.reject(new Error('the worker ended at its start')));
    await Promise.race([once(worker.stdout, 'data'), ended]);
    return worker;
  }

  /** Starts the reader from outside. `stop` ends it and gives its report. */
  startReader(): { stop: () => Promise<ReaderReport> } {
    this.assertOpen();
    const script = path.join(PROJECT_ROOT, 'test', 'support', 'reader.py');
    const database = path.join(this.stateDir, 'published', 'mfg.duckdb');
    const reader = spawn(venvProgram('python'), [script, database], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.children.add(reader);
    let output = '';
    reader.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return {
      stop: async () => {
        reader.kill('SIGTERM');
        await once(reader, 'close');
        return JSON.parse(output) as ReaderReport;
      },
    };
  }

  async rows(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.warehouse.query({ kind: 'head' }, sql)).rows;
  }

  async value(sql: string): Promise<unknown> {
    const [row] = await this.rows(sql);
    return Object.values(row ?? {})[0];
  }

  /** Ends all that was started and what that has started; nothing can be started any more. */
  close(): Promise<void> {
    this.closing ??= this.endAll();
    return this.closing;
  }

  private async endAll(): Promise<void> {
    for (const child of this.children) await sigkill(child);
    // Retries that were already waiting.
    await sleep(2 * RETRY_DELAY_MS);
    await this.connection?.close();
    await this.server?.stop();
    // A killed worker leaves its dbt, which is in a group of its own.
    await until('what the workers left behind ends', () => {
      const left = processesOf(this.stateDir);
      for (const pid of left) killGroup(pid);
      return left.length === 0;
    });
  }

  /** A test that was stuck may go on after its time limit; it must not start anything that nobody would end. */
  private assertOpen(): void {
    if (this.closing !== undefined) throw new Error('the bench is closed');
  }
}

/** Processes whose command line names a folder. */
function processesOf(folder: string): number[] {
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    .split('\n')
    .filter((line) => line.includes(folder))
    .map((line) => Number.parseInt(line, 10));
}

/** Kills a process, and its group when it leads one. */
function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It leads no group, or has just ended.
    }
  }
}

const SHIPPED = path.join(PROJECT_ROOT, 'data', 'raw', 'source_system', 'mes');

/** Logical dates of the shipped export, ascending. */
export function shippedDates(): string[] {
  return existsSync(SHIPPED) ? readdirSync(SHIPPED).sort() : [];
}

/** Kills a process without a chance to clean up, and waits for its end. */
export async function sigkill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
}

/** Waits for a condition that is looked at every few milliseconds. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  patience_s = 120,
): Promise<void> {
  const deadline = Date.now() + patience_s * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${patience_s} s in vain: ${what}`);
    await sleep(2);
  }
}

/** Files below a folder, relative to it; an absent folder has none. */
export function filesBelow(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: 'utf8' });
}

/**
 * Records of one table in a delivery's folder, counted without the code under test: lines after the header that are not
 * empty. The shipped export has no line end inside a cell.
 */
export function countRecords(folder: string, table: string): number {
  const isOfTable = new RegExp(`^${table}(-[a-z0-9]+)?[.]csv([.]gz)?$`);
  return readdirSync(folder)
    .filter((name) => isOfTable.test(name))
    .map((name) => {
      const bytes = readFileSync(path.join(folder, name));
      const lines = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1').split('\n').slice(1);
      return lines.filter((line) => line.trim() !== '').length;
    })
    .reduce((sum, records) => sum + records, 0);
}
