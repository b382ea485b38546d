import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { RetentionResult } from '../contracts/run';
import type { RetentionInput } from '../contracts/workflow-inputs';
import { METADATA } from './activity-options';
import { withPlainFailures } from './failure';
import { identify, tagOutcome } from './identity';
import { noteSuccess } from './run-incidents';
import { tellStory } from './story';

const { retain } = proxyActivities<Activities>({ ...METADATA, summary: 'remove what nothing needs' });

/**
 * Removes partitions, data sets and rejected records that nothing needs, and what crashes left; the result is the space won. Safe
 * beside any other run.
 *
 * @throws ApplicationFailure InvalidInputError with one sentence.
 */
export async function mfgRetention(input?: RetentionInput): Promise<RetentionResult> {
  return withPlainFailures(async () => {
    const story = tellStory(identify());
    const result = await retain(input);
    tagOutcome(result.rules.dryRun ? 'DRY_RUN' : 'RETAINED');
    const removed = result.removed.map(({ kind, items }) => `${items} ${kind}`).join(', ') || 'nothing';
    story.ended(`${result.rules.dryRun ? 'Would remove' : 'Removed'} ${removed}`);
    await noteSuccess();
    return result;
  });
}
