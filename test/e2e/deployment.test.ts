import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { encryptingDataConverter } from '../../client/payload-encryption';
import { PROJECT_ROOT } from '../../contracts/config';
import { codeVersion, DIST, venvProgram } from '../../contracts/installation';
import type { RunProgress } from '../../contracts/run';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { LiveBench, shippedDates, sigkill, until } from '../support/live-bench';
import { deliver, scratchDir } from '../support/scratch';

const run = promisify(execFile);
const DEPLOYMENT = 'mfg-test';
const [date = ''] = shippedDates();

let bench: LiveBench;
let client: Client;

beforeAll(async () => {
  bench = new LiveBench([date]);
  client = await bench.startServer();
});

describe('deployment', () => {
  it('brings a namespace to what the platform needs, and leaves one that is so', async () => {
    const env = {
      ...process.env,
      PATH: `${path.dirname(venvProgram('temporal'))}:${process.env.PATH}`,
      TEMPORAL_ADDRESS: bench.address,
      TEMPORAL_NAMESPACE: 'factory',
    };
    const script = path.join(PROJECT_ROOT, 'deploy', 'temporal-namespace.sh');
    for (let times = 0; times < 2; times++) await run('sh', [script], { env });
    const { stdout } = await run('temporal', ['operator', 'search-attribute', 'list', '-o', 'json'], { env });
    const { customAttributes } = JSON.parse(stdout) as { customAttributes: Record<string, string> };
    const asTold = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [
      name,
      `INDEXED_VALUE_TYPE_${type.toUpperCase()}`,
    ]);
    expect(customAttributes).toEqual(Object.fromEntries(asTold));
    const { config } = await client.workflowService.describeNamespace({ namespace: 'factory' });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 24 * 3600);
  });

  it('tells whether a worker of this host polls', async () => {
    const main = path.join(DIST, 'client', 'cli', 'main.js');
    const check = () => run(process.execPath, [main, 'worker', '--check'], { env: { ...process.env, ...address() } });
    const address = () => ({ TEMPORAL_ADDRESS: bench.address, MFG_STATE_DIR: bench.stateDir });
    await expect(check()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^No worker of this host/) as string,
    });
    const worker = await bench.startWorker();
    expect((await check()).stdout).toMatch(/^A worker of this host polls task queue/);
    await sigkill(worker);
  });

  it('keeps everything of a run but ids and search attributes unreadable, and shows metrics', async () => {
    const keys = `k1:${randomBytes(32).toString('base64')}`;
    const metrics = `127.0.0.1:${await freePort()}`;
    const worker = await bench.startWorker({ MFG_PAYLOAD_KEYS: keys, MFG_METRICS_ADDRESS: metrics });
    const reader = new Client({ connection: client.connection, dataConverter: encryptingDataConverter(keys) });
    deliver(bench.sourceDir, `mes/${date}/batches.csv.gz`, 'batch_id,geheim\n1,2\n');

    const handle = await reader.workflow.start('mfgRawIngestion', {
      ...{ taskQueue: TASK_QUEUE, workflowId: 'unreadable', args: [{ sourceSystem: 'mes' }] },
    });
    await expect(handle.result()).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/batches\.csv\.gz: the header lacks .*geheim/) as string },
    });

    const history = historyToJSON(await handle.fetchHistory());
    const decoded = [...history.matchAll(/"data":\s*"([^"]+)"/g)].map(([, data]) =>
      Buffer.from(data ?? '', 'base64').toString('latin1'),
    );
    for (const text of [history, ...decoded]) expect(text).not.toMatch(/geheim|batches|csv|sourceSystem|header lacks/);
    const readable = decoded.filter((text) => /^["[{]/.test(text) && isJson(text));
    expect(readable).toEqual(expect.arrayContaining([`"${date}"`]));
    // Ids, search attributes, and what the code calls its own patches.
    const known =
      /^"(unreadable::.*|FAILED|discovering|loading|\d{4}-\d\d-\d\d)"$|^\{"id":"(incidents|stages)","deprecated":false\}$|^\[("(incidents|stages)",?)+\]$/;
    expect(readable.filter((text) => !known.test(text))).toEqual([]);

    const shown = await (await fetch(`http://${metrics}/metrics`)).text();
    expect(shown).toMatch(/^temporal_workflow_failed_total\{.*workflow_type="mfgRawIngestion".*\} 1$/m);
    worker.kill('SIGTERM');
    await until('the worker drains', () => worker.exitCode !== null);
    expect(worker.exitCode).toBe(0);
  });

  it('lets a run end on the version of the code that it began with, while the next begins on the new one', async () => {
    bench.deliverShipped(date);
    const versioned = { MFG_WORKER_DEPLOYMENT: DEPLOYMENT };
    const old = codeVersion();
    await bench.startWorker(versioned);
    await makeCurrent(old);
    const before = await start('before');
    await before.executeUpdate<RunProgress, []>('pause');

    const changed = changedCode();
    await bench.startWorker(versioned, changed.dist);
    await makeCurrent(changed.version);
    const after = await start('after', 'mfgDataQualityMonitoring');
    // Nothing is published yet; which version it ran on is the point.
    await expect(after.result()).rejects.toThrow();
    await before.executeUpdate('resume');
    expect(await before.result()).toMatchObject({ outcome: 'PUBLISHED' });

    expect(await versionsOf('before')).toEqual([`${DEPLOYMENT}:${old}`]);
    expect(await versionsOf('before-quality')).toEqual([`${DEPLOYMENT}:${old}`]);
    expect(await versionsOf('after')).toEqual([`${DEPLOYMENT}:${changed.version}`]);
  });
});

function start(workflowId: string, type = 'mfgRawIngestion') {
  return client.workflow.start(type, { taskQueue: TASK_QUEUE, workflowId, args: [] });
}

/** As docs/deployment.md has it. A version is known a moment after its first worker polls. */
async function makeCurrent(version: string): Promise<void> {
  const names = ['--deployment-name', DEPLOYMENT, '--build-id', version, '--yes', '--address', bench.address];
  const command = ['worker', 'deployment', 'set-current-version', ...names];
  await until(`version ${version} is current`, () =>
    run(venvProgram('temporal'), command).then(
      () => true,
      () => false,
    ),
  );
}

async function versionsOf(workflowId: string): Promise<unknown> {
  const { searchAttributes } = await client.workflow.getHandle(workflowId).describe();
  return searchAttributes.TemporalUsedWorkerDeploymentVersions;
}

/** The built code once more, as if it had been changed. */
function changedCode(): { dist: string; version: string } {
  const root = scratchDir();
  const dist = path.join(root, 'dist');
  cpSync(DIST, dist, { recursive: true });
  mkdirSync(path.join(root, '.mfg'));
  symlinkSync(path.join(PROJECT_ROOT, '.mfg', 'venv'), path.join(root, '.mfg', 'venv'));
  for (const name of ['node_modules', 'package.json', 'requirements']) {
    symlinkSync(path.join(PROJECT_ROOT, name), path.join(root, name));
  }
  const stamp = path.join(dist, '.set-up.json');
  const digest = 'c0de'.repeat(16);
  writeFileSync(stamp, JSON.stringify({ version: digest }));
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  return { dist, version: `${version}+${digest.slice(0, 12)}` };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
