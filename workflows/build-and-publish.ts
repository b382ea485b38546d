import { ApplicationFailure } from '@temporalio/common';
import { patched, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { BuildCandidateInput, BuildSummary, CandidateResult } from '../contracts/run';
import { BUILD, MAX_REBUILDS, METADATA, QUALITY } from './activity-options';
import { refreshReport } from './report-page';
import type { RunStory } from './story';

const { buildCandidate } = proxyActivities<Activities>(BUILD);
const { checkGates } = proxyActivities<Activities>({ ...QUALITY, summary: 'gates on the candidate' });
const { publish } = proxyActivities<Activities>(METADATA);

/**
 * Builds a candidate on the head and publishes it. When another run published in between, the candidate is built again
 * on the new head: no update is lost.
 *
 * @throws ApplicationFailure GateFailedError or BuildFailedError (not retryable) with the failing node and its message;
 * readers keep the publication they had.
 */
export async function buildAndPublish(input: BuildCandidateInput, story: RunStory): Promise<CandidateResult> {
  for (let build = 0; build <= MAX_REBUILDS; build++) {
    story.stage('building');
    const what = input.build?.scope === 'PARTIAL' ? 'what has changed' : 'all models';
    const summary = `build and test ${what}${build > 0 ? `, again: another run published first (${build})` : ''}`;
    const candidate = await buildCandidate.executeWithOptions({ summary }, [input]);
    story.built(candidate);
    if (candidate.status !== 'BUILT') throw asFailure(candidate);
    if (patched('quality-gates')) await passGates(input, candidate.publication);
    story.stage('publishing');
    const { publication } = candidate;
    const { outcome } = await publish.executeWithOptions({ summary: `publish ${publication}` }, [publication]);
    if (outcome === 'PUBLISHED') {
      await refreshReport();
      return candidate;
    }
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

/** @throws ApplicationFailure GateFailedError when a quality gate holds the candidate back. */
async function passGates({ loadId, workflowId, runId }: BuildCandidateInput, publication: number): Promise<void> {
  const { failures } = await checkGates({ loadId, workflowId, runId }, publication);
  const [first] = failures;
  if (first === undefined) return;
  const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : '';
  throw held(`a quality gate did not hold, ${kept(publication)}: ${first}${more}`, publication);
}

function asFailure(candidate: CandidateResult): ApplicationFailure {
  const [first] = candidate.failures;
  const others = candidate.failures.length - 1;
  const more = others > 0 ? ` (and ${others} more)` : '';
  const reason = candidate.status === 'HELD' ? 'a dbt test failed' : 'a dbt node failed';
  const { publication } = candidate;
  const message = `${reason}, ${kept(publication)}: ${first?.node ?? 'dbt'}: ${first?.message ?? 'no message'}${more}`;
  if (candidate.status !== 'HELD') return ApplicationFailure.nonRetryable(message, 'BuildFailedError');
  return held(message, publication);
}

function kept(publication: number): string {
  return `candidate ${publication} is kept and readers keep what they had`;
}

function held(message: string, publication: number): ApplicationFailure {
  const next =
    `\`npx mfg publications show ${publication}\` shows the rows, ` +
    `\`npx mfg publications approve ${publication} --reason …\` publishes it all the same`;
  return ApplicationFailure.nonRetryable(`${message}; ${next}.`, 'GateFailedError', { candidate: publication });
}
