import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Client } from '@temporalio/client';
import { MfgPlatform, RunFailedError } from '../../client';
import { PROJECT_ROOT } from '../../contracts/config';
import { venvProgram } from '../../contracts/installation';
import { publicationsResultSchema } from '../../contracts/publications';
import type { RawIngestionResult } from '../../contracts/run';
import { LiveBench, shippedDates, until } from '../support/live-bench';
import { ConsumerProject } from '../support/packed-client';
import { closeAfterTests } from '../support/scratch';
import { SMALL_TABLES } from '../support/small-dbt';

const [DATE = ''] = shippedDates();

let bench: LiveBench;
let client: Client;
let consumer: ConsumerProject;

beforeAll(async () => {
  bench = new LiveBench([DATE]);
  client = await bench.startServer();
  [consumer] = await Promise.all([ConsumerProject.install(), bench.startWorker()]);
});

describe('the packed client in an empty project', () => {
  it('brings no worker and no warehouse along, and is as small as the README says', () => {
    const heavy = /worker|core-bridge|workflow|duckdb|snowflake|swc|webpack/;
    expect(consumer.packages()).toContain('mfg-data-platform');
    expect(consumer.packages().filter((name) => heavy.test(name))).toEqual([]);
    expect(consumer.sizeMb()).toBeLessThan(40);
  });

  it('loads as an ES module and by require, as one implementation, with all that encryption needs', async () => {
    consumer.write(
      'load.mjs',
      `import { createRequire } from 'node:module';
       import { Connection } from '@temporalio/client';
       import * as imported from 'mfg-data-platform/client';
       const required = createRequire(import.meta.url)('mfg-data-platform/client');
       const connection = Connection.lazy({ address: '127.0.0.1:1' });
       const payloadKeys = 'k1:' + Buffer.alloc(32).toString('base64');
       const platform = await imported.connectPlatform({ connection, payloadKeys });
       const refused = await platform.ingest({ logicalDate: '11.03.2026' }).catch((error) => error);
       console.log(imported.RunFailedError === required.RunFailedError, refused instanceof required.InvalidInputError);`,
    );
    expect(await consumer.run(process.execPath, ['load.mjs'])).toBe('true true\n');
  });

  it('has declarations for both, which refuse what the workflows would', async () => {
    consumer.write(
      'typed.mts',
      `import { connectPlatform, type RawIngestionResult } from 'mfg-data-platform/client';
       const platform = await connectPlatform({ address: '127.0.0.1:7233' });
       const run = await platform.startOrAttach('mfgRawIngestion', { logicalDate: '2026-03-11' }, 'key');
       const result: RawIngestionResult = await run.result();
       export const counts: [number | null, number] = [result.publication, result.loads.rowsLoaded];
       for await (const { run: progress } of run.progress()) console.log(progress?.stage);
       // @ts-expect-error there is no such field
       await platform.ingest({ nope: 1 });
       // @ts-expect-error a backfill has dates
       await platform.backfill({});`,
    );
    consumer.write(
      'typed.cts',
      `import client = require('mfg-data-platform/client');
       export const head = async (platform: client.MfgPlatform): Promise<number | null> => (await platform.publications()).head;`,
    );
    const types = path.join(PROJECT_ROOT, 'node_modules', '@types');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'node16'];
    const tsc = path.join(PROJECT_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const args = [tsc, ...options, '--typeRoots', types, '--types', 'node', 'typed.mts', 'typed.cts'];
    expect(await consumer.run(process.execPath, args)).toBe('');
  });
});

/** The caller in Python: an exit code, and what it printed. */
async function python(input: object, key: string) {
  const script = path.join(PROJECT_ROOT, 'examples', 'python', 'ingest.py');
  const env = { ...process.env, TEMPORAL_ADDRESS: bench.address };
  return promisify(execFile)(venvProgram('python'), [script, JSON.stringify(input), key], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, result: JSON.parse(stdout) as RawIngestionResult, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, result: undefined, stderr }),
  );
}

describe('the caller in Python and the example service, from there', () => {
  let url: string;

  beforeAll(async () => {
    const env = { ...process.env, TEMPORAL_ADDRESS: bench.address, PORT: '0' };
    const service = spawn(process.execPath, ['server.mjs'], {
      ...{ cwd: consumer.dir, env, stdio: ['ignore', 'pipe', 'inherit'] },
    });
    closeAfterTests(async () => {
      const ended = once(service, 'exit');
      service.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    });
    const [ready] = (await once(service.stdout, 'data')) as [Buffer];
    url = /http:\S+/.exec(ready.toString())?.[0] ?? '';
  });

  const announce = async (body: object) => {
    const response = await fetch(`${url}/deliveries`, { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, ...((await response.json()) as { run: string; loadId: string; error?: string }) };
  };
  const follow = async (run: string) =>
    (await (await fetch(url + run)).text())
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as { stage?: string; result?: object; error?: object });

  it('one starts a run by its name with JSON, the other finds it, and both get its result', async () => {
    const key = `delivery-mes-${DATE}`;
    const called = python({ sourceSystem: 'mes', logicalDate: DATE }, key);
    const isThere = () =>
      client.workflow
        .getHandle(key)
        .describe()
        .then(Boolean, () => false);
    await until('the caller in Python has started the run', isThere);
    const found = await announce({ system: 'mes', date: DATE });
    expect(found).toMatchObject({ status: 200, isNew: false, run: `/runs/${key}` });

    const lines = await follow(found.run);
    const stages = lines.map(({ stage }) => stage);
    expect(stages).toContain('building');
    expect(stages.at(-2)).toBe('done');
    const { code, result, stderr } = await called;
    expect([code, result]).toMatchObject([0, { outcome: 'PUBLISHED', publication: 1, logicalDates: [DATE] }]);
    expect(stderr).toContain('rows loaded');
    expect(result?.loads.partitions).toBe(SMALL_TABLES.length);
    const { outcome, publication, loads, loadId } = result ?? {};
    expect(lines.at(-1)).toEqual({ result: { outcome, publication, loads, loadId, failedChecks: 0 } });

    expect(await bench.rows('select distinct load_id from raw.current_load')).toEqual([{ load_id: loadId }]);
    expect(await (await fetch(`${url}/publication`)).json()).toEqual({ publication: 1 });
    expect(await announce({ system: 'mes', date: DATE })).toMatchObject({ status: 200, isNew: false, loadId });
  });

  it('the service says in one sentence what is wrong, before and after the start', async () => {
    expect(await announce({ system: 'mes', date: '11.03.2026' })).toMatchObject({
      ...{ status: 400, error: 'mfgRawIngestion: logicalDate: must be a date such as 2026-03-11.' },
    });
    expect(await announce({ system: 'mes' })).toMatchObject({ status: 400, error: 'the body needs system and date.' });
    const started = await announce({ system: 'nope', date: DATE });
    expect(started).toMatchObject({ status: 202, isNew: true });
    expect((await follow(started.run)).at(-1)?.error).toMatchObject({
      ...{ kind: 'InvalidInputError', isRetryable: false },
      sentence: expect.stringMatching(/'nope'/) as string,
    });
  });

  it('the caller in Python refuses what the schema refuses before any call, and tells a failed run from it', async () => {
    const [refused, failed] = await Promise.all([
      python({ logicalDate: '11.03.2026' }, 'python-refused'),
      python({ tables: ['nope'] }, 'python-failed'),
    ]);
    expect(refused).toMatchObject({
      ...{ code: 2, stderr: expect.stringMatching(/^\$\.logicalDate: '11\.03\.2026' does not match/) as string },
    });
    expect(failed).toMatchObject({
      ...{ code: 1, stderr: expect.stringMatching(/InvalidInputError: .*no table 'nope'/) as string },
    });
    await expect(client.workflow.getHandle('python-refused').describe()).rejects.toThrow(/not found/);
  });
});

describe('the client on the real server', () => {
  it('reads the publication log as its contract says', async () => {
    const answer = publicationsResultSchema.parse(await new MfgPlatform(client).publications({ limit: 5 }));
    expect(answer).toMatchObject({ head: 1, publications: [{ publication: 1, kind: 'BUILD', status: 'PUBLISHED' }] });
    expect(answer.publications[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.]\d+Z$/);
  });

  it('cancels a run, and starts it again under the same key', async () => {
    const platform = new MfgPlatform(client);
    await platform.assertReady();
    const start = () => platform.startOrAttach('mfgRawIngestion', { logicalDate: DATE, exact: true }, 'cancelled-once');
    const run = await start();
    await run.cancel();
    const error = await run.result().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RunFailedError);
    expect(error).toMatchObject({ ending: 'CANCELLED', isRetryable: true });
    const second = await start();
    expect([second.isNew, second.loadId === run.loadId]).toEqual([true, false]);
    await expect(platform.startOrAttach('mfgRawIngestion', { logicalDate: DATE }, 'cancelled-once')).rejects.toThrow(
      'the key cancelled-once was used with another input',
    );
    await second.cancel();
    await second.result().catch(() => undefined);
    await expect(platform.attach('mfgRawIngestion', 'no-such-run')).rejects.toThrow(/^there is no run no-such-run/);
  });
});
