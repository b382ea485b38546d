import { ApplicationFailure, type WorkflowHandle } from '@temporalio/client';
import type { RunProgress, Waiting } from '../../contracts/run';
import { pauseUpdate, progressQuery, resumeUpdate } from '../../workflows/steering';
import { COUNTS, failureOf, IngestionStub, PLAN } from '../support/ingestion-stub';

const stub = new IngestionStub();
const HOUR_S = 3600;

/** What discovery says while a table is still to come. */
function waiting(look: number, lookAgainInS: number): Waiting {
  return {
    ...{ sourceSystem: 'mes', logicalDate: '2026-03-03', more: 0, lookAgainInS },
    waitingFor: [{ kind: 'table', what: 'materials', reason: 'not delivered', until: '2026-03-04T05:30:00Z' }],
    look: {
      since: '2026-03-04T01:00:00Z',
      at: `2026-03-04T0${look}:00:00Z`,
      logicalDate: '2026-03-03',
      origin: 'schedule',
      filesSeen: [],
    },
  };
}

/** Asks a run where it is until it is where it should be. */
async function until(
  handle: Pick<WorkflowHandle, 'query'>,
  isThere: (progress: RunProgress) => boolean,
): Promise<RunProgress> {
  for (;;) {
    const progress = await handle.query(progressQuery);
    if (isThere(progress)) return progress;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a run whose deliveries are late', () => {
  it('sleeps durably between looks, hands each look to the next one, and begins when all is there', async () => {
    let looks = 0;
    const { result, calls, handle } = await stub.ingest({
      discoverDeliveries: () => Promise.resolve(++looks < 4 ? waiting(looks, HOUR_S) : PLAN),
    });
    expect(result).toMatchObject({ outcome: 'PUBLISHED' });
    const discoveries = calls.filter((call) => call.name === 'discoverDeliveries').map((call) => call.args[0]);
    expect(discoveries.map((input) => (input as { look?: { at: string } }).look?.at)).toEqual([
      undefined,
      '2026-03-04T01:00:00Z',
      '2026-03-04T02:00:00Z',
      '2026-03-04T03:00:00Z',
    ]);
    const { startTime, closeTime } = await handle.describe();
    // Three hours by the server's clock, which skips them.
    expect((closeTime?.getTime() ?? 0) - startTime.getTime()).toBeGreaterThan(3 * HOUR_S * 1000);
  });

  it('tells what it waits for', async () => {
    let isDelivered = false;
    const { result } = await stub.ingest(
      { discoverDeliveries: () => Promise.resolve(isDelivered ? PLAN : waiting(1, 1)) },
      async (handle) => {
        const seen = await until(handle, ({ stage }) => stage === 'waiting');
        isDelivered = true;
        await handle.result();
        return [seen, await handle.query(progressQuery)];
      },
    );
    expect(result).toMatchObject([
      {
        stage: 'waiting',
        logicalDate: '2026-03-03',
        waitingFor: [{ what: 'materials', until: '2026-03-04T05:30:00Z' }],
      },
      { stage: 'done', waitingFor: [] },
    ]);
  });

  it('fails with the sentence of the look at the deadline', async () => {
    let looks = 0;
    const message = 'materials of mes for 2026-03-03 did not come until 06:30';
    const { result, names } = await stub.ingest({
      discoverDeliveries: () =>
        ++looks === 1
          ? Promise.resolve(waiting(1, HOUR_S))
          : Promise.reject(ApplicationFailure.nonRetryable(message, 'MissingDeliveryError')),
    });
    expect(failureOf(result)).toMatchObject({ message, type: 'MissingDeliveryError' });
    expect(names).toEqual(['discoverDeliveries', 'discoverDeliveries']);
  });
});

describe('pause and resume', () => {
  it('let what is under way end and begin nothing new until resumed', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { result, names } = await stub.ingest(
      {
        loadPartitions: async () => {
          await held;
          return { ...COUNTS, tables: ['materials'] };
        },
      },
      async (handle) => {
        await until(handle, ({ stage }) => stage === 'loading');
        await handle.executeUpdate(pauseUpdate);
        await handle.executeUpdate(pauseUpdate);
        release();
        // Two batches were under way: they end, and three are left.
        const paused = await until(handle, ({ batchesDone }) => batchesDone === 2);
        await new Promise((resolve) => setTimeout(resolve, 300));
        const still = await handle.query(progressQuery);
        const resumed = await handle.executeUpdate(resumeUpdate);
        const result = await handle.result();
        return { paused, still, resumed, result };
      },
    );
    expect(result).toMatchObject({
      paused: { paused: true, batchesDone: 2 },
      still: { paused: true, batchesDone: 2, stage: 'loading' },
      resumed: { paused: false },
      result: { outcome: 'PUBLISHED' },
    });
    expect(names.filter((name) => name === 'loadPartitions')).toHaveLength(5);
  });

  it('are refused in one sentence when there is nothing left to hold', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { result } = await stub.ingest(
      {
        publish: async (publication) => {
          await held;
          return { publication, outcome: 'PUBLISHED' };
        },
      },
      async (handle) => {
        await until(handle, ({ stage }) => stage === 'publishing');
        const refused = await handle.executeUpdate(pauseUpdate).catch((error: unknown) => error);
        release();
        await handle.result();
        return (refused as Error).cause;
      },
    );
    expect((result as Error).message).toBe(
      'the run is publishing already, so that there is nothing left to hold: cancel it, or let it end',
    );
  });
});
