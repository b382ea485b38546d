import { ApplicationFailure } from '@temporalio/client';
import { NativeConnection, type WorkflowBundle } from '@temporalio/worker';
import type { Activities } from '../../activities';
import { loadConfig } from '../../contracts/config';
import type { CandidateResult, IngestionPlan } from '../../contracts/run';
import { startTemporalServer, type TemporalServer } from '../../workers/temporal-server';
import { mfg } from '../support/command-line';
import { until } from '../support/live-bench';
import { scratchDir } from '../support/scratch';
import { bundleWorkflows, installSilentRuntime, stubWorker } from '../support/workflow-env';

const PLAN: IngestionPlan = {
  ...{ sourceSystem: 'mes', logicalDate: '2026-03-03', logicalDateOrigin: 'newest_delivery' },
  ...{ batches: 1, parallelLoads: 1, deliveries: 1, files: 1, sizeBytes: 50, logicalDates: ['2026-03-03'] },
  ...{ ignoredFiles: [], asOf: '2026-03-03T23:00:00.000Z' },
};
const COUNTS = { partitions: 1, rowsRead: 3, rowsLoaded: 2, rowsRejected: 1, sizeBytes: 10 };
const CANDIDATE: CandidateResult = {
  ...{ publication: 7, status: 'BUILT', models: 4, tests: 9, warnings: 0, seconds: 1, failures: [], warned: [] },
};

const savedEnvironment = { ...process.env };
let server: TemporalServer;
let nativeConnection: NativeConnection | undefined;
let bundle: WorkflowBundle;

beforeAll(async () => {
  installSilentRuntime();
  const stateDir = scratchDir();
  [server, bundle] = await Promise.all([
    startTemporalServer(loadConfig({ MFG_STATE_DIR: stateDir })),
    bundleWorkflows(),
  ]);
  const { address } = server;
  await until('the server is there', async () => {
    nativeConnection = await NativeConnection.connect({ address }).catch(() => undefined);
    return nativeConnection !== undefined;
  });
  process.env = { ...savedEnvironment, TEMPORAL_ADDRESS: address, MFG_STATE_DIR: stateDir };
});
afterAll(async () => {
  process.env = savedEnvironment;
  await nativeConnection?.close();
  await server?.stop();
});

/** `mfg ingest --json` on a real server and the real workflows, with activities that succeed but for those given. */
async function ingest(overrides: Partial<Activities>) {
  if (nativeConnection === undefined) throw new Error('there is no server');
  const worker = await stubWorker({ nativeConnection, namespace: 'default' }, bundle, {
    discoverDeliveries: () => Promise.resolve(PLAN),
    loadPartitions: () => Promise.resolve({ ...COUNTS, tables: ['materials'] }),
    checkLoad: () => Promise.resolve(COUNTS),
    buildCandidate: () => Promise.resolve(CANDIDATE),
    publish: (publication) => Promise.resolve({ publication, outcome: 'PUBLISHED' }),
    ...overrides,
  });
  return worker.runUntil(() => mfg('ingest', '--json'));
}

/** docs/operations.md has these outcomes in a table. */
describe('how `mfg ingest` ends', () => {
  it('1, and says that the publication stands, when its quality could not be checked', async () => {
    const { code, out, err } = await ingest({
      checkQuality: () => Promise.reject(ApplicationFailure.nonRetryable('the store is gone', 'ContractError')),
    });
    expect(code).toBe(1);
    const message = 'publication 7 stands, but its quality could not be checked: the store is gone';
    expect(err).toBe(`${message}\n`);
    expect(JSON.parse(out)).toMatchObject({ error: { type: 'MonitoringFailedError', message } });
  });

  it('1, and says what next, when a gate held the candidate back', async () => {
    const failures = [{ node: 'unique_dim_material', status: 'fail', message: 'Got 2 results' }] as const;
    const { code, err } = await ingest({
      buildCandidate: () => Promise.resolve({ ...CANDIDATE, status: 'HELD', failures: [...failures] }),
    });
    expect(code).toBe(1);
    expect(err).toBe(
      'a dbt test failed, candidate 7 is kept and readers keep what they had: unique_dim_material: Got 2 results; ' +
        '`npx mfg publications show 7` shows the rows, `npx mfg publications approve 7 --reason …` publishes it all the same.\n',
    );
  });

  it('2 when the input is at fault', async () => {
    const message = "there is no table 'x' in mes.";
    const { code, err } = await ingest({
      discoverDeliveries: () => Promise.reject(ApplicationFailure.nonRetryable(message, 'InvalidInputError')),
    });
    expect({ code, err }).toEqual({ code: 2, err: `${message}\n` });
  });
});
