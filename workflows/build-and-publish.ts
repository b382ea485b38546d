import { ApplicationFailure } from '@temporalio/common';
import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { BuildCandidateInput, BuildSummary, CandidateResult } from '../contracts/run';
import { BUILD, MAX_REBUILDS, METADATA } from './activity-options';

const { buildCandidate } = proxyActivities<Activities>(BUILD);
const { publish } = proxyActivities<Activities>(METADATA);

/**
 * Builds a candidate on the head and publishes it. When another run published in between, the candidate is built again
 * on the new head: no update is lost.
 *
 * @throws ApplicationFailure GateFailedError or BuildFailedError (not retryable) with the failing node and its message;
 * readers keep the publication they had.
 */
export async function buildAndPublish(
  input: BuildCandidateInput,
  onStage: (stage: 'building' | 'publishing') => void,
): Promise<CandidateResult> {
  for (let build = 0; build <= MAX_REBUILDS; build++) {
    onStage('building');
    const candidate = await buildCandidate(input);
    if (candidate.status !== 'BUILT') throw asFailure(candidate);
    onStage('publishing');
    const { outcome } = await publish(candidate.publication);
    if (outcome === 'PUBLISHED') return candidate;
  }
  throw ApplicationFailure.create({
    message: `other runs published first ${MAX_REBUILDS + 1} times in a row: start this one again when they are done.`,
    type: 'BaseMovedError',
    nonRetryable: true,
  });
}

/** What a run's result tells of its candidate. */
export function buildSummary(candidate: CandidateResult): BuildSummary {
  const { models, tests, warnings, seconds, scope = 'FULL', fullBecause } = candidate;
  return { models, tests, warnings, seconds, scope, ...(fullBecause !== undefined && { fullBecause }) };
}

function asFailure(candidate: CandidateResult): ApplicationFailure {
  const [first] = candidate.failures;
  const others = candidate.failures.length - 1;
  const more = others > 0 ? ` (and ${others} more)` : '';
  const reason = candidate.status === 'HELD' ? 'a dbt test failed' : 'a dbt node failed';
  const { publication } = candidate;
  const message =
    `${reason}, candidate ${publication} is kept and readers keep what they had: ` +
    `${first?.node ?? 'dbt'}: ${first?.message ?? 'no message'}${more}`;
  if (candidate.status !== 'HELD') return ApplicationFailure.nonRetryable(message, 'BuildFailedError');
  const next =
    `\`npx mfg publications show ${publication}\` shows the rows, ` +
    `\`npx mfg publications approve ${publication} --reason …\` publishes it all the same`;
  return ApplicationFailure.nonRetryable(`${message}; ${next}.`, 'GateFailedError', { candidate: publication });
}
