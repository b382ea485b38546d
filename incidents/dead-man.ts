import type { AlertSettings } from '../contracts/config';
import { send } from './request';

/**
 * Tells the dead-man receiver that a run has ended well. One that hears nothing for longer than the time between two runs raises the
 * alarm by itself: it notices a worker that stands still, which that worker cannot.
 *
 * @returns whether there is a receiver. @throws NotDeliveredError when it did not take the ping.
 */
export async function pingReceiver({ deadmanUrl }: AlertSettings, signal?: AbortSignal): Promise<{ pinged: boolean }> {
  if (deadmanUrl === undefined) return { pinged: false };
  await send({ variable: 'MFG_DEADMAN_URL', url: deadmanUrl, method: 'GET' }, signal);
  return { pinged: true };
}
