import { makeContinueAsNewFunc, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities';
import type { RawIngestionInput } from '../../contracts/workflow-inputs';
import { LOAD, METADATA } from '../../workflows/activity-options';
import { identify } from '../../workflows/identity';
import type { mfgRawIngestion } from '../../workflows';

export * from '../../workflows';

const { discoverDeliveries } = proxyActivities<Activities>(METADATA);
const { loadPartitions } = proxyActivities<Activities>(LOAD);

/**
 * No workflow of the platform continues as new. This one does what one would that did: it begins an ingestion, loads a first
 * batch, and leaves the rest to the ingestion that it continues as.
 */
export async function continuingIngestion(input: RawIngestionInput): Promise<void> {
  const run = identify();
  await discoverDeliveries({ run, input, scheduledAt: undefined });
  await loadPartitions({ run, batch: 0 });
  await makeContinueAsNewFunc<typeof mfgRawIngestion>({ workflowType: 'mfgRawIngestion' })(input);
}
