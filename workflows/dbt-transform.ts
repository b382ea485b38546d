import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { DbtTransformResult } from '../contracts/run';
import type { DbtTransformInput } from '../contracts/workflow-inputs';
import { METADATA } from './activity-options';
import { buildAndPublish } from './build-and-publish';
import { withPlainFailures } from './failure';
import { identify, tagOutcome } from './identity';

const { parseTransformInput } = proxyActivities<Activities>(METADATA);

/**
 * dbt only: builds all models and tests again on the current loads and publishes the result.
 *
 * @throws ApplicationFailure with one sentence: InvalidInputError, GateFailedError, BuildFailedError.
 */
export async function mfgDbtTransform(input?: DbtTransformInput): Promise<DbtTransformResult> {
  return withPlainFailures(async () => {
    const run = identify();
    await parseTransformInput(input);
    const { publication, models, tests, warnings, seconds, warned } = await buildAndPublish(run, () => undefined);
    tagOutcome('PUBLISHED', publication);
    const build = { models, tests, warnings, seconds };
    return { loadId: run.loadId, outcome: 'PUBLISHED', publication, build, warned };
  });
}
