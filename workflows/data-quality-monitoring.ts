import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { DataQualityResult } from '../contracts/quality';
import type { DataQualityMonitoringInput } from '../contracts/workflow-inputs';
import { QUALITY } from './activity-options';
import { withPlainFailures } from './failure';
import { identify, scheduledAt, tagOutcome } from './identity';
import { refreshReport } from './report-page';
import { noteChecks, ping } from './run-incidents';
import { tellStory } from './story';

const { checkQuality } = proxyActivities<Activities>({ ...QUALITY, summary: 'check what is declared' });

/**
 * The declared checks of a publication, written to RAW.DATA_QUALITY_AUDIT. When it is the one that
 * readers see, incidents are opened and resolved by what was found.
 *
 * Failed checks are a result, not a failure of the run: see `failed` and `findings`, and the search attribute MfgOutcome.
 *
 * @throws ApplicationFailure InvalidInputError with one sentence.
 */
export async function mfgDataQualityMonitoring(input?: DataQualityMonitoringInput): Promise<DataQualityResult> {
  return withPlainFailures(async () => {
    const run = identify('monitoring');
    const story = tellStory(run);
    const result = await checkQuality({ run, input, scheduledAt: scheduledAt() });
    tagOutcome(result.failed > 0 ? 'CHECKS_FAILED' : 'CHECKS_PASSED', result.publication);
    story.checked(result);
    story.ended(
      `Publication ${result.publication}: ${result.failed > 0 ? `${result.failed} checks failed` : 'no check failed'}`,
    );
    const incidents = await noteChecks(result.publication, input?.sourceSystem);
    await refreshReport();
    // A run that a schedule starts shows that schedules and workers work; one by hand shows a person only.
    if (scheduledAt() !== undefined) await ping();
    return { ...result, ...(incidents && { incidents }) };
  });
}
