import { ApplicationFailure, CancelledFailure, type WorkflowFailedError } from '@temporalio/client';
import { Context } from '@temporalio/activity';
import type { RunIdentity } from '../../contracts/run';
import { progressQuery } from '../../workflows/steering';
import { CANDIDATE, COUNTS, failureOf, IngestionStub, PLAN, QUALITY } from '../support/ingestion-stub';

const stub = new IngestionStub();
const ingest: IngestionStub['ingest'] = (...args) => stub.ingest(...args);

describe('mfgRawIngestion', () => {
  it('starts without input and goes from deliveries to a monitored publication', async () => {
    const { result, calls, names, workflowId, handle } = await ingest({});
    const { firstExecutionRunId } = handle as unknown as { firstExecutionRunId: string };
    const run: RunIdentity = {
      loadId: `${workflowId}::${firstExecutionRunId}`,
      workflowId,
      runId: firstExecutionRunId,
    };
    expect(result).toMatchObject({
      loadId: run.loadId,
      outcome: 'PUBLISHED',
      publication: 7,
      loads: { partitions: 5 },
      quality: QUALITY,
    });
    expect(names).toEqual([
      'discoverDeliveries',
      ...Array<string>(5).fill('loadPartitions'),
      'checkLoad',
      'buildCandidate',
      'checkGates',
      'publish',
      'checkQuality',
    ]);
    expect(calls[0]?.args[0]).toEqual({ run });
    expect(
      calls
        .slice(1, 6)
        .map((call) => (call.args[0] as { batch: number }).batch)
        .sort(),
    ).toEqual([0, 1, 2, 3, 4]);
    expect(calls.at(-1)?.args[0]).toMatchObject({
      run: { workflowId: `${workflowId}-quality` },
      input: { publication: 7, sourceSystem: 'mes', asOf: PLAN.asOf },
    });
    const { typedSearchAttributes } = await handle.describe();
    expect(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])).toEqual(
      expect.arrayContaining([
        ['MfgLoadId', run.loadId],
        ['MfgLogicalDate', '2026-03-03'],
        ['MfgOutcome', 'PUBLISHED'],
        ['MfgPublication', 7],
      ]),
    );
  });

  it('tells its story in current details, stage and rows, and remembers the rows of each table', async () => {
    const layers = [{ layer: 'marts', models: 12, tests: 83, warnings: 1, failures: 0 }];
    const finding = { check: 'row_count', table: 'a|b', status: 'WARN', observed: '1', expected: '2' } as const;
    const { handle, result } = await ingest(
      {
        buildCandidate: () => Promise.resolve({ ...CANDIDATE, layers }),
        checkQuality: () => Promise.resolve({ ...QUALITY, findings: [finding as never] }),
      },
      async (run) => {
        await run.result();
        return run.query<{ currentDetails: string }>('__temporal_workflow_metadata');
      },
    );
    const { currentDetails } = result as { currentDetails: string };
    const lines = currentDetails.replaceAll('\u00a0', '').split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        '**Publication 7: 2 rows loaded, 1 rejected, as of 2026-03-03**',
        '| materials | 5 | 10 | 5 |',
        '| MARTS | 12 | 83 | 1 | 0 |',
        '| WARN | row_count | a\\|b | 1 (2) |',
      ]),
    );
    const { memo, typedSearchAttributes } = await handle.describe();
    expect(memo).toEqual({ tables: { materials: { rows: 10, rejected: 5 } } });
    expect(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])).toEqual(
      expect.arrayContaining([
        ['MfgStage', 'monitoring'],
        ['MfgRows', 2],
      ]),
    );
  });

  it('tells the gate on the load which tables may be smaller', async () => {
    const { calls } = await ingest({}, undefined, { input: { acceptSmaller: ['materials'] } });
    const gate = calls.find(({ name }) => name === 'checkLoad');
    expect(gate?.args[1]).toEqual(['materials']);
  });

  it('loads in a window and tells its progress', async () => {
    let running = 0;
    let most = 0;
    const { result, handle } = await ingest(
      {
        loadPartitions: async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 30));
          running--;
          return { ...COUNTS, tables: ['materials'] };
        },
      },
      async (handle) => {
        await handle.result();
        return handle.query(progressQuery);
      },
    );
    expect(most).toBe(2);
    expect(result).toEqual({
      stage: 'done',
      paused: false,
      logicalDate: '2026-03-03',
      waitingFor: [],
      daysDone: 0,
      days: 0,
      failedDateCount: 0,
      failedDates: [],
      batchesDone: 5,
      batches: 5,
      loads: { partitions: 5, rowsRead: 15, rowsLoaded: 10, rowsRejected: 5, sizeBytes: 50 },
      publication: 7,
    });
    expect(handle.workflowId).toMatch(/^ingestion-/);
  });

  it('retries a passing fault without end and keeps its LOAD_ID', async () => {
    let tries = 0;
    const { result, calls } = await ingest({
      checkLoad: () => (++tries < 12 ? Promise.reject(new Error('the store is held')) : Promise.resolve(COUNTS)),
    });
    expect(result).toMatchObject({ outcome: 'PUBLISHED' });
    expect(
      new Set(calls.filter((c) => c.name === 'checkLoad').map((c) => (c.args[0] as RunIdentity).loadId)).size,
    ).toBe(1);
    expect(tries).toBe(12);
  });

  it('keeps its LOAD_ID over a workflow retry', async () => {
    let tries = 0;
    const { result, calls } = await ingest(
      {
        checkLoad: () =>
          ++tries === 1
            ? Promise.reject(ApplicationFailure.create({ message: 'lost', nonRetryable: true, type: 'Lost' }))
            : Promise.resolve(COUNTS),
        buildCandidate: () => Promise.resolve(CANDIDATE),
      },
      undefined,
      { retry: { maximumAttempts: 2 } },
    );
    // A terminal failure is not retried by the workflow's policy either: the run ends with its sentence.
    expect(failureOf(result)).toMatchObject({ message: 'lost', type: 'Lost', nonRetryable: true });
    expect(calls.filter((call) => call.name === 'discoverDeliveries')).toHaveLength(1);
    const again = await ingest(
      { buildCandidate: () => (++tries < 8 ? Promise.reject(new Error('worker lost')) : Promise.resolve(CANDIDATE)) },
      undefined,
      { retry: { maximumAttempts: 3 } },
    );
    expect(again.result).toMatchObject({ outcome: 'PUBLISHED' });
    const loadIds = again.calls
      .filter((c) => c.name === 'discoverDeliveries')
      .map((c) => (c.args[0] as { run: RunIdentity }).run.loadId);
    expect(loadIds).toHaveLength(2);
    expect(new Set(loadIds).size).toBe(1);
  });

  it('fails with the sentence of the activity that could not go on', async () => {
    const message = "mes/2026-03-03/materials.csv: the header lacks 'status'.";
    const failed = await ingest({
      loadPartitions: () => Promise.reject(ApplicationFailure.nonRetryable(message, 'HeaderMismatchError')),
    });
    expect(failureOf(failed.result)).toMatchObject({ message, type: 'HeaderMismatchError', nonRetryable: true });
    expect(failed.names).not.toContain('buildCandidate');
    expect((await failed.handle.describe()).typedSearchAttributes.getAll().map(({ value }) => value)).toContain(
      'FAILED',
    );
  });

  it('publishes nothing when a test failed, and names the test', async () => {
    const failed = await ingest({
      buildCandidate: () =>
        Promise.resolve({
          ...CANDIDATE,
          status: 'HELD',
          failures: [
            { node: 'unique_dim_material', status: 'fail', message: 'Got 2 results' },
            { node: 'not_null_x', status: 'fail', message: 'Got 1 result' },
          ],
        }),
    });
    expect(failureOf(failed.result)).toMatchObject({
      type: 'GateFailedError',
      message:
        'a dbt test failed, candidate 7 is kept and readers keep what they had: unique_dim_material: Got 2 results (and 1 more); ' +
        '`npx mfg publications show 7` shows the rows, `npx mfg publications approve 7 --reason …` publishes it all the same.',
    });
    expect(failed.names).not.toContain('publish');
  });

  it('fails when a quality gate does not hold, and publishes nothing', async () => {
    const failures = [
      'rows_of_x of fct_x: count(*) = 4, expected 5 in x',
      'range_value of y: 1 of 9 rows, expected 0 to 1',
    ];
    const { result, names, calls, workflowId } = await ingest({
      checkGates: () => Promise.resolve({ checks: 2, failures }),
    });
    expect(failureOf(result)).toMatchObject({
      type: 'GateFailedError',
      message: expect.stringMatching(
        /^a quality gate did not hold, candidate 7 is kept.*: rows_of_x of fct_x: count.* \(and 1 more\); .*approve 7/,
      ) as string,
    });
    expect(names).not.toContain('publish');
    const [run, publication] = calls.find(({ name }) => name === 'checkGates')?.args ?? [];
    expect(run).toMatchObject({ workflowId, loadId: expect.stringContaining(workflowId) as string });
    expect(publication).toBe(7);
  });

  it('builds again on the new head when another run published first', async () => {
    let built = 10;
    const { result, names } = await ingest({
      buildCandidate: () => Promise.resolve({ ...CANDIDATE, publication: built++ }),
      publish: (publication) =>
        Promise.resolve({ publication, outcome: publication < 12 ? 'BASE_MOVED' : 'PUBLISHED' }),
    });
    expect(result).toMatchObject({ publication: 12 });
    expect(names.filter((name) => name === 'buildCandidate' || name === 'publish')).toEqual([
      'buildCandidate',
      'publish',
      'buildCandidate',
      'publish',
      'buildCandidate',
      'publish',
    ]);
  });

  it('with nothing to load builds nothing and checks what is published', async () => {
    const { result, names, calls } = await ingest({
      discoverDeliveries: () => Promise.resolve({ ...PLAN, batches: 0, deliveries: 0, files: 0 }),
      checkQuality: () => Promise.resolve({ ...QUALITY, failed: 1 }),
    });
    expect(result).toMatchObject({ outcome: 'NOTHING_NEW', publication: null, build: null, quality: { failed: 1 } });
    expect(names).toEqual(['discoverDeliveries', 'checkQuality']);
    expect(calls[1]?.args[0]).toMatchObject({ input: { sourceSystem: 'mes', asOf: PLAN.asOf } });
  });

  it('with nothing to load builds what the plan says is due all the same, as the plan says', async () => {
    const build = { scope: 'PARTIAL', select: ['dim_date'] } as const;
    const { result, names, calls } = await ingest({
      discoverDeliveries: () =>
        Promise.resolve({
          ...PLAN,
          batches: 0,
          reused: 4,
          buildAnyway: true,
          build: { ...build, select: ['dim_date'] },
        }),
      buildCandidate: () => Promise.resolve({ ...CANDIDATE, scope: 'FULL', fullBecause: 'the base is gone' }),
    });
    expect(result).toMatchObject({
      outcome: 'PUBLISHED',
      reused: 4,
      build: { scope: 'FULL', fullBecause: 'the base is gone' },
    });
    expect(names).toEqual([
      'discoverDeliveries',
      'checkLoad',
      'buildCandidate',
      'checkGates',
      'publish',
      'checkQuality',
    ]);
    expect(calls[2]?.args[0]).toMatchObject({ build });
  });

  it('says that the publication stands when its quality could not be checked', async () => {
    const { result } = await ingest({
      checkQuality: () => Promise.reject(ApplicationFailure.nonRetryable('no such publication', 'InvalidInputError')),
    });
    expect(failureOf(result)).toMatchObject({
      type: 'MonitoringFailedError',
      message: 'publication 7 stands, but its quality could not be checked: no such publication',
    });
  });

  it('passes a cancellation on to the running activity and ends as cancelled', async () => {
    let reached: unknown;
    const { result, names } = await ingest(
      {
        buildCandidate: async () => {
          const context = Context.current();
          const beat = setInterval(() => context.heartbeat(), 100);
          reached = await context.cancelled.catch((error: unknown) => error);
          clearInterval(beat);
          throw reached;
        },
      },
      async (handle) => {
        while ((await handle.query(progressQuery)).stage !== 'building') await new Promise((r) => setTimeout(r, 50));
        await handle.cancel();
        return handle.result();
      },
    );
    expect(reached).toBeInstanceOf(CancelledFailure);
    expect((result as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(names).not.toContain('publish');
  });
});
