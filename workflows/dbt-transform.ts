import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { DbtTransformResult, TransformPlan } from '../contracts/run';
import type { DbtTransformInput } from '../contracts/workflow-inputs';
import { METADATA } from './activity-options';
import { buildAndPublish, buildSummary } from './build-and-publish';
import { withPlainFailures } from './failure';
import { identify, tagOutcome } from './identity';
import { noteSuccess } from './run-incidents';
import { buildWords, tellStory } from './story';

const { parseTransformInput } = proxyActivities<Activities>({ ...METADATA, summary: 'plan the build' });

/**
 * dbt only: builds models and tests again on the current loads and publishes the result. Without input all of them; with
 * `select` and `reuse` those that it names or that have changed, in a copy of what is published.
 *
 * @throws ApplicationFailure with one sentence: InvalidInputError, GateFailedError, BuildFailedError.
 */
export async function mfgDbtTransform(input?: DbtTransformInput): Promise<DbtTransformResult> {
  return withPlainFailures(async () => {
    const run = identify();
    const story = tellStory(run);
    // Undefined in runs of version 0.1.0.
    const plan = (await parseTransformInput(input, run)) as TransformPlan | undefined;
    const { loadId } = run;
    if (plan?.isNothingNew === true) {
      tagOutcome('NOTHING_NEW');
      story.ended('Nothing has changed since what is published was built');
      await noteSuccess();
      return { loadId, outcome: 'NOTHING_NEW', publication: null, build: null, warned: [] };
    }
    const candidate = await buildAndPublish({ ...run, build: plan?.build }, story);
    const { publication, warned } = candidate;
    tagOutcome('PUBLISHED', publication);
    story.ended(`Publication ${publication}: ${buildWords(candidate)}`);
    await noteSuccess();
    return { loadId, outcome: 'PUBLISHED', publication, build: buildSummary(candidate), warned };
  });
}
