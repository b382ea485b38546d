import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time';
import { connectClient } from '../../client/connection';
import { assertWorkerPolls } from '../../client/worker-polls';
import { examine, type Finding } from '../../client/doctor/finding';
import { checkTemporal } from '../../client/doctor/temporal';
import { leasePlatform, type Lease } from '../../client/platform';
import { loadConfig, PROJECT_ROOT, type Config } from '../../contracts/config';
import { PlatformError, TemporalUnreachableError } from '../../contracts/errors';
import { DIST } from '../../contracts/installation';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes';
import { runningPlatform } from '../../workers/platform-record';
import { isAlive, type ProcessIdentity } from '../../workers/processes';
import { startTemporalServer } from '../../workers/temporal-server';
import { scratchDir } from '../support/scratch';

let config: Config;
let leases: Lease[];
let children: ChildProcess[];
let takenPorts: Server[];

beforeEach(async () => {
  // Ports that are taken: the platform has to find others, whatever runs on this machine.
  takenPorts = [await listen(), await listen()];
  const [port, uiPort] = takenPorts.map((server) => String((server.address() as AddressInfo).port));
  config = loadConfig({ MFG_STATE_DIR: scratchDir(), MFG_TEMPORAL_PORT: port, MFG_TEMPORAL_UI_PORT: uiPort });
  config.temporalAddress = undefined;
  leases = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const server of takenPorts) server.close();
  await Promise.all(leases.map((lease) => lease.release()));
  await until(() => !platformRuns() && !serverRuns());
});

describe('the embedded platform', () => {
  it('starts with its preferred ports taken, keeps histories for 30 days and knows the search attributes', async () => {
    const connected = await connectClient(config);
    try {
      expect(connected.address).not.toBe(`127.0.0.1:${config.temporalPort}`);
      expect(connected.uiUrl).not.toContain(`:${config.temporalUiPort}`);
      expect((await fetch(connected.uiUrl ?? '')).status).toBe(200);
      await assertWorkerPolls(connected);

      const { workflowService, connection } = connected.client;
      const namespace = await workflowService.describeNamespace({ namespace: 'default' });
      expect(tsToMs(namespace.config?.workflowExecutionRetentionTtl)).toBe(30 * 24 * 3600 * 1000);
      const known = await (connection as Connection).operatorService.listSearchAttributes({ namespace: 'default' });
      expect(Object.keys(known.customAttributes ?? {})).toEqual(expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)));
    } finally {
      await connected.close();
    }
    expect([platformRuns(), serverRuns()]).toEqual([false, false]);
  });

  it('is shared by commands that start at once, ends with the last of them, and is found where it was', async () => {
    const [first, second] = await Promise.all([lease(), lease()]);
    expect(first.address).toBe(second.address);
    expect([first.startedByUs, second.startedByUs].filter(Boolean)).toHaveLength(1);
    expect(first.staysUp).toBe(false);
    await first.release();
    expect([platformRuns(), serverRuns()]).toEqual([true, true]);
    await second.release();
    expect([platformRuns(), serverRuns()]).toEqual([false, false]);

    // Links to runs that were printed earlier stay good.
    const { address, uiUrl } = await lease();
    expect({ address, uiUrl }).toEqual({ address: first.address, uiUrl: first.uiUrl });
  });

  it('ends, server and all, when the command that leased it is killed', async () => {
    const client = await leaseFromAnotherProcess();
    expect([platformRuns(), serverRuns()]).toEqual([true, true]);
    client.kill('SIGKILL');
    await until(() => !platformRuns() && !serverRuns());
  });

  it('tells its client when it is killed; the server that it leaves is taken away by the next start', async () => {
    const first = await lease();
    const left = serverRecord();
    process.kill(runningPlatform(config.stateDir)?.pid ?? 0, 'SIGKILL');
    await first.lost;
    expect(serverRuns()).toBe(true);
    await lease();
    expect(isAlive(left)).toBe(false);
    expect(serverRuns()).toBe(true);
  });

  it('brings a server that was killed back where it was', async () => {
    const { address } = await lease();
    const killed = serverRecord();
    process.kill(killed.pid, 'SIGKILL');
    await until(() => serverRuns() && serverRecord().pid !== killed.pid);
    const connection = await Connection.connect({ address });
    await connection.close();
  });

  it('refuses, in one sentence, a command that means another source folder', async () => {
    await lease();
    const refused = leasePlatform({ ...config, sourceDir: '/elsewhere' });
    await expect(refused).rejects.toThrow(PlatformError);
    await expect(refused).rejects.toThrow(/has MFG_SOURCE_DIR \/.*, not \/elsewhere: try again when/);
  });

  it('says why it does not start', async () => {
    mkdirSync(path.join(config.stateDir, 'temporal.db'));
    await expect(leasePlatform(config)).rejects.toThrow(/^The (platform|Temporal server) did not start \(.+\): see /);
  });
});

describe('npm run dev', () => {
  it('stays up without leases, says where it is, and leaves nothing running after Ctrl-C', async () => {
    const dev = runDev();
    const output = collect(dev);
    await until(() => output().includes('Ctrl-C stops everything'));
    expect(output()).toMatch(/Web UI +http:\/\/127\.0\.0\.1:\d+/);
    const leased = await lease();
    expect(leased).toMatchObject({ startedByUs: false, staysUp: true });
    await leased.release();
    expect([platformRuns(), serverRuns()]).toEqual([true, true]);

    const second = runDev();
    const refusal = collect(second);
    expect(await exitCode(second)).toBe(1);
    expect(refusal()).toMatch(/^The platform of .+ runs already, as process \d+: use that one, or stop it first\.$/m);

    dev.kill('SIGINT');
    expect(await exitCode(dev)).toBe(0);
    expect([platformRuns(), serverRuns()]).toEqual([false, false]);
  });
});

describe('another Temporal server', () => {
  it('that does not answer is named in one sentence, soon', async () => {
    const started = Date.now();
    const refused = connectClient({ ...config, temporalAddress: `127.0.0.1:${await freePort()}` });
    await expect(refused).rejects.toThrow(TemporalUnreachableError);
    await expect(refused).rejects.toThrow(
      /^No Temporal server answers at 127\.0\.0\.1:\d+ \(.+\): start it, or correct/,
    );
    expect(Date.now() - started).toBeLessThan(12_000);
  });

  it('without a worker is told apart from one with `npm run worker`, which drains on SIGTERM', async () => {
    const server = await startTemporalServer(config);
    const external = { ...config, temporalAddress: server.address };
    const connected = await connectClient(external);
    try {
      await expect(assertWorkerPolls(connected)).rejects.toThrow(
        `No worker polls task queue 'mfg-data-platform' at ${server.address}: start one with \`npm run worker\`.`,
      );
      const findings: Finding[] = [];
      await examine([['Temporal', checkTemporal(external)]], (finding) => findings.push(finding));
      expect(findings).toEqual([
        { check: 'Temporal', verdict: 'ok', detail: `${server.address}, namespace default` },
        { check: 'search attributes', verdict: 'ok', detail: Object.keys(SEARCH_ATTRIBUTES).join(', ') },
        {
          check: 'worker',
          verdict: 'failed',
          detail: `No worker polls task queue 'mfg-data-platform' at ${server.address}`,
          remedy: 'start one with `npm run worker`',
        },
      ]);
      const worker = node([path.join(DIST, 'workers', 'main.js')], { TEMPORAL_ADDRESS: server.address });
      const output = collect(worker);
      await until(() => output().includes('Polling task queue'));
      await until(() =>
        assertWorkerPolls(connected).then(
          () => true,
          () => false,
        ),
      );
      worker.kill('SIGTERM');
      expect(await exitCode(worker)).toBe(0);
      expect(output()).toContain('Drained and stopped.');
    } finally {
      await connected.close();
      await server.stop();
    }
  });
});

async function lease(): Promise<Lease> {
  const leased = await leasePlatform(config);
  leases.push(leased);
  return leased;
}

function platformRuns(): boolean {
  return runningPlatform(config.stateDir) !== undefined;
}

function serverRecord(): ProcessIdentity {
  return JSON.parse(readFileSync(path.join(config.stateDir, 'temporal-server.json'), 'utf8')) as ProcessIdentity;
}

function serverRuns(): boolean {
  try {
    return isAlive(serverRecord());
  } catch {
    return false;
  }
}

function node(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const { stateDir, sourceDir, temporalPort, temporalUiPort } = config;
  const child = spawn(process.execPath, args, {
    cwd: PROJECT_ROOT,
    env: {
      ...process.env,
      MFG_STATE_DIR: stateDir,
      MFG_SOURCE_DIR: sourceDir,
      MFG_TEMPORAL_PORT: String(temporalPort),
      MFG_TEMPORAL_UI_PORT: String(temporalUiPort),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function leaseFromAnotherProcess(): Promise<ChildProcess> {
  const child = node([
    '-e',
    `require('./dist/client/platform.js').leasePlatform(require('./dist/contracts/config.js').loadConfig()).then(() => console.log('leased'))`,
  ]);
  const output = collect(child);
  await until(() => output().includes('leased'));
  return child;
}

function runDev(): ChildProcess {
  return node([
    '-e',
    `require('./dist/workers/dev.js').runDev(require('./dist/contracts/config.js').loadConfig()).then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); })`,
  ]);
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

async function listen(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function freePort(): Promise<number> {
  const server = await listen();
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
