import { ApplicationFailure } from '@temporalio/common';
import { isCancellation, proxyActivities, setWorkflowOptions } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { AlertInput, AlertResult } from '../contracts/incidents';
import { DELIVERY } from './activity-options';
import { rootCause } from './failure';
import { tagOutcome } from './identity';
import { followsVersions } from './versions';

const { deliverAlert } = proxyActivities<Activities>({ ...DELIVERY, summary: 'deliver' });

/**
 * Delivers one message to one target, tried again for three days. Its failure is how an undelivered alert is seen.
 *
 * @throws ApplicationFailure AlertNotDeliveredError with the receiver's last answer.
 */
export async function mfgAlert(input?: AlertInput): Promise<AlertResult> {
  if (input?.message === undefined) {
    throw ApplicationFailure.nonRetryable(
      'mfgAlert is started by the run or incident that has something to tell, not by hand.',
      'InvalidInputError',
    );
  }
  const { target, message } = input;
  tagOutcome('SENDING');
  try {
    const { isNew } = await deliverAlert(input);
    tagOutcome('DELIVERED');
    return { target, key: message.key, isNew };
  } catch (error) {
    if (isCancellation(error)) throw error;
    tagOutcome('NOT_DELIVERED');
    const cause = rootCause(error);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw ApplicationFailure.nonRetryable(
      `the message was not delivered to '${target}' within three days: ${reason}`,
      'AlertNotDeliveredError',
    );
  }
}

// Three days may see another version of the code.
setWorkflowOptions(followsVersions, mfgAlert);
