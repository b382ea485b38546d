import { isCancellation, log, patched, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';
import { REPORT } from './activity-options';

const { writeReportPage } = proxyActivities<Activities>(REPORT);

/**
 * Writes the report page anew, where a file is configured for it. A page that cannot be written is a failed activity in the run's
 * history and a warning in the log, and no concern of the run: what is published is published.
 */
export async function refreshReport(): Promise<void> {
  if (!patched('report-page')) return;
  try {
    await writeReportPage();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('the report page could not be written', { error });
  }
}
