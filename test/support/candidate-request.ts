import type { RunIdentity } from '../../contracts/run';
import type { SourceTable } from '../../contracts/source-contract';
import type { CandidateRequest, KnownDeliveries } from '../../warehouse/warehouse';

/** What `createCandidate` needs for a full build of a whole load. */
export function candidateRequest(
  { loadId, workflowId, runId }: RunIdentity,
  tables: SourceTable[],
  options: Partial<CandidateRequest> = {},
): CandidateRequest {
  const run = { loadId, workflowId, runId };
  const whole = { withoutDates: [], replacedTables: [] };
  return {
    run,
    tables,
    attempt: 1,
    scope: 'FULL',
    projectDigest: 'test',
    settingsDigest: 'test',
    ...whole,
    ...options,
  };
}

/** Before the first publication. */
export const NOTHING_KNOWN: KnownDeliveries = { published: [], withdrawn: [] };
