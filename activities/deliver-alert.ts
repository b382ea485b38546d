import { activityInfo, ApplicationFailure, Context } from '@temporalio/activity';
import type { AlertInput, AlertTarget } from '../contracts/incidents';
import { deliver, NotDeliveredError, targetsOf } from '../incidents/deliver-alert';
import { pingReceiver } from '../incidents/dead-man';
import type { ActivityDependencies } from './dependencies';

export function createAlertTargets({ config }: ActivityDependencies) {
  /** The receivers that are configured. */
  return async function alertTargets(): Promise<AlertTarget[]> {
    return targetsOf(config.alerts);
  };
}

export function createDeliverAlert({ config }: ActivityDependencies) {
  /** Delivers a message to one receiver, once; a receiver that says when to come again is obeyed. */
  return async function deliverAlert({ target, message }: AlertInput): Promise<{ isNew: boolean }> {
    const { namespace } = activityInfo();
    const ui = { uiUrl: config.temporalUiUrl, namespace };
    return asFailure(() => deliver(config.alerts, target, message, ui, Context.current().cancellationSignal));
  };
}

export function createPingDeadMan({ config }: ActivityDependencies) {
  /** Tells the dead-man receiver, if there is one, that a run has ended well. */
  return async function pingDeadMan(): Promise<{ pinged: boolean }> {
    return asFailure(() => pingReceiver(config.alerts, Context.current().cancellationSignal));
  };
}

async function asFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NotDeliveredError)) throw error;
    const { message, name: type, retryAfterMs: nextRetryDelay } = error;
    throw ApplicationFailure.create({ message, type, nextRetryDelay });
  }
}
