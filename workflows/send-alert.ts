import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, proxyActivities, startChild } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { AlertInput, AlertMessage, AlertResult } from '../contracts/incidents';
import { METADATA } from './activity-options';

const { alertTargets } = proxyActivities<Activities>({ ...METADATA, summary: 'who is told' });

/** The workflow that delivers, `mfgAlert`: it imports, by way of its failures, this file. */
type Alert = (input?: AlertInput) => Promise<AlertResult>;

/**
 * Hands a message over to one `mfgAlert` workflow per configured target, which delivers it however long that takes: the caller never
 * waits for a receiver, and may end before.
 */
export async function sendAlert(message: AlertMessage): Promise<void> {
  for (const target of await alertTargets()) {
    try {
      await startChild<Alert>('mfgAlert', {
        workflowId: `mfg-alert-${target}-${message.key}`,
        args: [{ target, message }],
        staticSummary: `Tells ${target} of ${message.changeCount} ${message.changeCount === 1 ? 'change' : 'changes'}`,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        // After a reset of the caller the message is under way or delivered already.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
}
