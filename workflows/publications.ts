import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { PublicationsInput, PublicationsResult } from '../contracts/publications';
import { READ } from './activity-options';
import { plainFailure } from './failure';

const { listPublications } = proxyActivities<Activities>(READ);

/**
 * What readers see and what was published, held back and rolled back, for services that reach Temporal but not the warehouse. It
 * only reads, so it has no LOAD_ID, and no incident tells of its failure: whoever asked is told.
 *
 * @throws ApplicationFailure InvalidInputError with one sentence.
 */
export async function mfgPublications(input?: PublicationsInput): Promise<PublicationsResult> {
  try {
    return await listPublications(input);
  } catch (error) {
    throw plainFailure(error);
  }
}
