import { compareRuns, type TemporalRun } from '../../client/reconcile-runs';
import type { RecordedRun } from '../../warehouse/warehouse';

const RECORDED: RecordedRun = {
  loadId: 'a::r',
  workflowId: 'a',
  runId: 'r',
  hasManifest: true,
  published: [3],
  checks: 0,
};
const RUN: TemporalRun = {
  workflowId: 'a',
  runId: 'r',
  type: 'mfgRawIngestion',
  status: 'COMPLETED',
  loadId: 'a::r',
  outcome: 'PUBLISHED',
  publication: 3,
};
const lines = (recorded: RecordedRun[], runs: TemporalRun[], expired: string[] = []) =>
  compareRuns(recorded, runs, new Set(expired)).map(({ severity, what }) => `${severity} ${what}`);

describe('runs in Temporal against runs in the store', () => {
  it('agree', () => {
    expect(lines([RECORDED], [RUN])).toEqual([]);
    // Published and then failed (monitoring), cancelled or still under way: the publication stands.
    for (const status of ['FAILED', 'TERMINATED', 'RUNNING']) {
      expect(lines([RECORDED], [{ ...RUN, status, outcome: 'FAILED', publication: undefined }])).toEqual([]);
    }
    expect(lines([], [{ ...RUN, status: 'FAILED', loadId: undefined }])).toEqual([]);
    // A reset: two executions of one LOAD_ID, each with a publication of its own.
    const reset = { ...RUN, runId: 's', publication: 5 };
    expect(lines([{ ...RECORDED, published: [3, 5] }], [RUN, reset])).toEqual([]);
  });

  it('an expired history is told, not blamed', () => {
    expect(lines([RECORDED], [], ['a::r'])).toEqual(['INFO the history of a::r has expired in Temporal']);
  });

  it('disagree', () => {
    expect(lines([], [RUN])).toEqual([
      'ERROR a::r has completed in Temporal (PUBLISHED), but the store has no manifest of it',
    ]);
    expect(lines([{ ...RECORDED, published: [] }], [RUN])).toEqual([
      'ERROR a::r has published 3 according to Temporal, but the publication log does not say so',
    ]);
    expect(lines([RECORDED], [{ ...RUN, outcome: 'NOTHING_NEW', publication: undefined }])).toEqual([
      'ERROR a::r published 3, but Temporal has it completed with NOTHING_NEW',
    ]);
    const quality = { ...RUN, type: 'mfgDataQualityMonitoring', outcome: 'CHECKS_PASSED', loadId: 'q::r' };
    expect(lines([RECORDED], [RUN, quality])).toEqual([
      'WARN q::r has checked publication 3, but data_quality_audit has no row of it',
    ]);
    const transform = { ...RUN, type: 'mfgDbtTransform', loadId: 't::r', publication: 4 };
    expect(lines([RECORDED], [RUN, transform])).toEqual([
      'ERROR t::r has published 4 according to Temporal, but the publication log does not say so',
    ]);
  });
});
