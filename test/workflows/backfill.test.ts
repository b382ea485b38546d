import { ApplicationFailure } from '@temporalio/client';
import type { LoadPartitionsInput } from '../../activities/load-partitions';
import type { DiscoverDeliveriesInput } from '../../activities/discover-deliveries';
import type { IngestionPlan, RawIngestionResult } from '../../contracts/run';
import { CANDIDATE, COUNTS, failureOf, IngestionStub, PLAN } from '../support/ingestion-stub';

const stub = new IngestionStub();
const RANGE = { from: '2026-03-01', to: '2026-03-03' };
const { asOf: _asOf, ...UNDATED } = PLAN;
const BACKFILL: IngestionPlan = {
  ...UNDATED,
  logicalDates: ['2026-03-01', '2026-03-02', '2026-03-03'],
  isBackfill: true,
};
/** The server refuses to go on with a history of more events, or of more bytes. */
const MOST_EVENTS = 51_200;
const MOST_BYTES = 50 * 1024 * 1024;

/** Consecutive dates from 2023-01-01. */
function dates(count: number): string[] {
  const first = Date.UTC(2023, 0, 1);
  return Array.from({ length: count }, (_, day) => new Date(first + day * 86_400_000).toISOString().slice(0, 10));
}

/** Fails some deliveries: batch → the date of the one that cannot be loaded. */
const failing = (failures: Record<number, string>) => ({
  discoverDeliveries: () => Promise.resolve(BACKFILL),
  loadPartitions: ({ batch }: LoadPartitionsInput) => {
    const logicalDate = failures[batch];
    const failed = { table: 'materials', logicalDate: logicalDate ?? '', error: `batch ${batch} has no header.` };
    return Promise.resolve({ ...COUNTS, tables: ['materials'], ...(logicalDate && { failed: [failed] }) });
  },
});

describe('a backfill with one publication', () => {
  it('leaves a date that cannot be loaded out whole, tells of it, and publishes the others', async () => {
    const { result, calls, handle } = await stub.ingest(failing({ 1: '2026-03-02', 3: '2026-03-02' }), undefined, {
      input: RANGE,
    });
    expect(result).toMatchObject({
      outcome: 'PUBLISHED',
      publication: 7,
      logicalDates: ['2026-03-01', '2026-03-03'],
      failedDates: [{ date: '2026-03-02', error: 'materials: batch 1 has no header.' }],
    });
    const argsOf = (name: string) => calls.filter((call) => call.name === name).map((call) => call.args);
    expect(argsOf('loadPartitions').map(([input]) => (input as LoadPartitionsInput).isGoingOn)).toEqual(
      Array(5).fill(true),
    );
    expect(argsOf('checkLoad')[0]?.[2]).toEqual(['2026-03-02']);
    expect(argsOf('buildCandidate')[0]?.[0]).toMatchObject({ withoutDates: ['2026-03-02'], replacedTables: [] });
    // Freshness is measured against what is published, not against the end of a range of long ago.
    expect(argsOf('checkQuality')[0]?.[0]).toMatchObject({ input: { publication: 7 } });
    expect(argsOf('checkQuality')[0]?.[0]).not.toHaveProperty('input.asOf');
    const tags = (await handle.describe()).typedSearchAttributes.getAll().map(({ value }) => value);
    expect(tags).toContain('PUBLISHED_DATES_FAILED');
  });

  it('fails when no date can be loaded, and builds nothing', async () => {
    const { result, names } = await stub.ingest(
      failing({ 0: '2026-03-03', 1: '2026-03-01', 2: '2026-03-02' }),
      undefined,
      { input: RANGE },
    );
    expect(failureOf(result)).toMatchObject({
      type: 'BackfillFailedError',
      message:
        'none of the 3 dates could be loaded, readers keep what they had: 2026-03-01: materials: batch 1 has no header.',
    });
    expect(names).not.toContain('buildCandidate');
  });

  it('of 1,000 days and 14 tables stays far below the limits of a history', async () => {
    const days = dates(1000);
    // As planned: 14,000 deliveries in batches of 20 at most, each of one table.
    const plan: IngestionPlan = { ...BACKFILL, batches: 14 * 50, parallelLoads: 8, logicalDates: days };
    const { result, workflowId } = await stub.ingest(
      {
        ...failing(Object.fromEntries(days.slice(0, 40).map((day, batch) => [batch, day]))),
        discoverDeliveries: () => Promise.resolve(plan),
      },
      undefined,
      { input: { from: '2023-01-01', to: '2025-09-26' } },
    );
    const { failedDates, logicalDates } = result as RawIngestionResult;
    expect(logicalDates).toHaveLength(960);
    expect(failedDates).toHaveLength(40);
    expect(failedDates?.filter(({ error }) => error !== null)).toHaveLength(20);
    const { events, bytes } = await stub.historyEvents(workflowId);
    expect(events).toBeLessThan(MOST_EVENTS / 7);
    expect(bytes).toBeLessThan(MOST_BYTES / 7);
  });
});

describe('a backfill that publishes each day', () => {
  const each = (days: string[], ofDay: (day: string) => IngestionPlan) => ({
    discoverDeliveries: ({ input }: DiscoverDeliveriesInput) => {
      const { publish, from } = input as { publish?: 'each'; from: string };
      return Promise.resolve(publish === 'each' ? { ...BACKFILL, batches: 0, logicalDates: days, days } : ofDay(from));
    },
  });

  it('runs the days in order as children with ids of their own, and goes on after one that failed', async () => {
    const days = dates(3);
    const built: string[] = [];
    const { result, workflowId, calls } = await stub.ingest(
      {
        ...each(days, (day) => ({ ...BACKFILL, batches: 1, logicalDates: [day], logicalDate: day })),
        buildCandidate: ({ workflowId }) => {
          built.push(workflowId);
          if (workflowId.endsWith('02'))
            return Promise.reject(ApplicationFailure.nonRetryable('a test failed', 'Gate'));
          return Promise.resolve({ ...CANDIDATE, publication: built.length });
        },
      },
      undefined,
      { input: { from: '2023-01-01', to: '2023-01-03', publish: 'each', reload: true } },
    );
    expect(built).toEqual(days.map((day) => `${workflowId}-${day}`));
    expect(result).toMatchObject({
      outcome: 'PUBLISHED',
      publication: 3,
      logicalDates: ['2023-01-01', '2023-01-03'],
      failedDates: [{ date: '2023-01-02', error: 'a test failed' }],
      loads: { partitions: 10 },
    });
    const inputs = calls
      .filter((call) => call.name === 'discoverDeliveries')
      .map((call) => (call.args[0] as DiscoverDeliveriesInput).input);
    expect(inputs[1]).toEqual({ from: '2023-01-01', to: '2023-01-01', reload: true });
  });

  it('continues as new after a hundred days under one LOAD_ID, so that a history does not grow with the range', async () => {
    const days = dates(103);
    const { result, workflowId, handle } = await stub.ingest(
      each(days, () => ({ ...BACKFILL, batches: 0, logicalDates: [] })),
      undefined,
      { input: { from: '2023-01-01', to: '2023-04-13', publish: 'each' } },
    );
    const { firstExecutionRunId } = handle as unknown as { firstExecutionRunId: string };
    expect(result).toMatchObject({ outcome: 'NOTHING_NEW', loadId: `${workflowId}::${firstExecutionRunId}` });
    expect((result as RawIngestionResult).logicalDates).toEqual(days);
    const { runId } = await stub.describe(workflowId);
    expect(runId).not.toBe(firstExecutionRunId);
    const { events, bytes } = await stub.historyEvents(workflowId, firstExecutionRunId);
    expect(events).toBeLessThan(MOST_EVENTS / 40);
    expect(bytes).toBeLessThan(MOST_BYTES / 20);
  });
});
