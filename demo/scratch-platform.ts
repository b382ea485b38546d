import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pc from 'picocolors';
import { connectPlatform } from '../client/mfg-platform';
import { loadConfig, PROJECT_ROOT } from '../contracts/config';
import { PlatformError } from '../contracts/errors';
import { DIST } from '../contracts/installation';
import { startTemporalServer, type TemporalServer } from '../workers/temporal-server';
import type { Week } from './deliveries';

/** dbt is at work by then, and far from its end. */
const INTO_THE_BUILD_MS = 4_000;

/** A Temporal server, a worker process and the command line, on a state folder of their own. */
export class ScratchPlatform {
  private worker: ChildProcess | undefined;

  private constructor(
    private readonly server: TemporalServer,
    private readonly env: NodeJS.ProcessEnv,
    readonly dbtDir: string,
    readonly publishedFile: string,
  ) {}

  /** Starts server and worker on the week's folder, with a copy of the shipped dbt project. */
  static async start({ folder, sourceDir }: Week): Promise<ScratchPlatform> {
    const stateDir = path.join(folder, 'state');
    const dbtDir = path.join(folder, 'dbt');
    await cp(path.join(PROJECT_ROOT, 'dbt'), dbtDir, { recursive: true });
    // Whatever the user's platform is configured to do, this one is embedded and tells nobody.
    const own = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(MFG|TEMPORAL|SNOWFLAKE)_/.test(name)),
    );
    const settings = {
      MFG_STATE_DIR: stateDir,
      MFG_SOURCE_DIR: sourceDir,
      MFG_DBT_DIR: dbtDir,
      MFG_WAREHOUSE: 'duckdb',
    };
    const silent = { MFG_ALERT_SLACK_URL: '', MFG_ALERT_WEBHOOK_URL: '', MFG_ALERT_FILE: '', MFG_DEADMAN_URL: '' };
    const server = await startTemporalServer(loadConfig({ ...settings, TEMPORAL_ADDRESS: '' }));
    const env = { ...own, ...settings, ...silent, TEMPORAL_ADDRESS: server.address };
    const published = path.join(stateDir, 'published', 'mfg.duckdb');
    const platform = new ScratchPlatform(server, env, dbtDir, published);
    await platform.startWorker();
    return platform;
  }

  async stop(): Promise<void> {
    await this.endWorker('SIGTERM');
    await this.server.stop();
  }

  /**
   * Runs one command of the command line as a person would, and shows it.
   *
   * @throws PlatformError when it ends with another exit code than the expected one.
   */
  async mfg(expected: number, ...words: string[]): Promise<void> {
    console.log(pc.bold(`$ npx mfg ${words.map((word) => (word.includes(' ') ? `'${word}'` : word)).join(' ')}`));
    const child = spawn(process.execPath, [path.join(PROJECT_ROOT, 'bin', 'mfg.mjs'), ...words], {
      env: this.env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== expected) throw new PlatformError(`mfg ${words[0] ?? ''} ended with ${code}, not with ${expected}.`);
  }

  /** What readers see, and the newest entry of the publication log, which a gate may have held back. */
  async publications(): Promise<{ head: number; newest: number }> {
    const client = await connectPlatform({ address: this.server.address });
    try {
      const { head, publications } = await client.publications({ limit: 1 });
      const newest = publications[0]?.publication;
      if (head === null || newest === undefined) throw new PlatformError('Nothing is published.');
      return { head, newest };
    } finally {
      await client.close();
    }
  }

  /** Starts an ingestion as a service would, kills the worker with all its children's work half done, and starts another. */
  async ingestWhileWorkerIsKilled(say: (line: string) => void): Promise<void> {
    const client = await connectPlatform({ address: this.server.address });
    try {
      const run = await client.startOrAttach('mfgRawIngestion', {}, 'bad-day-second-try');
      for await (const { run: progress } of run.progress()) if (progress?.stage === 'building') break;
      await new Promise((resolve) => setTimeout(resolve, INTO_THE_BUILD_MS));
      const pid = this.worker?.pid;
      await this.endWorker('SIGKILL');
      say(pc.red(`worker ${pid} killed (SIGKILL) while dbt builds`));
      await this.startWorker();
      say(`worker ${this.worker?.pid} started; the run ${run.workflowId} goes on by itself`);
      const { outcome, publication } = await run.result();
      say(`run ${run.workflowId}: ${outcome}, publication ${publication}`);
    } finally {
      await client.close();
    }
  }

  private async startWorker(): Promise<void> {
    const worker = spawn(process.execPath, [path.join(DIST, 'workers', 'main.js')], {
      env: this.env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.worker = worker;
    const ended = once(worker, 'close').then(() => Promise.reject(new PlatformError('The worker ended at its start.')));
    await Promise.race([once(worker.stdout, 'data'), ended]);
  }

  private async endWorker(signal: NodeJS.Signals): Promise<void> {
    const worker = this.worker;
    if (worker === undefined || worker.exitCode !== null || worker.signalCode !== null) return;
    const closed = once(worker, 'close');
    worker.kill(signal);
    await closed;
  }
}

/** Makes the check of the OEE's bounds a gate, in the demonstration's copy of the dbt project. */
export async function declareOeeGate(dbtDir: string): Promise<void> {
  const file = path.join(dbtDir, 'models', 'marts', '_marts__models.yml');
  const text = await readFile(file, 'utf8');
  const rule = '{ name: oee_out_of_bounds, fails_when: oee_index < 0 or oee_index > 1.1 }';
  if (!text.includes(rule)) throw new PlatformError(`${file} has no rule ${rule}.`);
  await writeFile(file, text.replace(rule, rule.replace(' }', ', severity: error, gate: true }')));
}
