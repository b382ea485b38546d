import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities';

const { publish } = proxyActivities<Activities>({ startToCloseTimeout: '1m' });

/** What a careless change could look like: the gate on the load is left out. Its replay must fail. */
export async function mfgRawIngestion(): Promise<void> {
  await publish(1);
}
