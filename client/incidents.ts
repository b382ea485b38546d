import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { InvalidInputError } from '../contracts/errors';
import {
  incidentId,
  type ActInput,
  type AlertInput,
  type Incident,
  type IncidentSummary,
  type SilenceInput,
} from '../contracts/incidents';

/** What people ask of incidents, and do to them. */

/** An alert that its receiver has not taken, so far or at all. */
export interface UndeliveredAlert {
  workflowId: string;
  runId: string;
  target: string;
  /** ISO 8601. */
  since: string;
  /** It is still tried. */
  isTried: boolean;
  attempts: number;
  /** The receiver's last answer. */
  reason: string;
}

const TYPE = 'mfgIncident';
/** Failed alerts of so many days are listed. */
const ALERT_DAYS = 7;
const ALERTS_LISTED = 50;

/** Number of open incidents, as Temporal's visibility has it. */
export async function openIncidentCount(client: Client): Promise<number> {
  return (await client.workflow.count(`WorkflowType = '${TYPE}' and ExecutionStatus = 'Running'`)).count;
}

/**
 * The newest incident under an id: its workflow id, or `<check>/<table>`.
 *
 * @throws InvalidInputError when there is none.
 */
export async function findIncident(client: Client, id: string): Promise<Incident> {
  const handle = client.workflow.getHandle(workflowIdOf(id));
  try {
    const { status, runId } = await handle.describe();
    if (status.name === 'RUNNING') return await handle.query<Incident>('incident');
    return (await client.workflow.getHandle(handle.workflowId, runId).result()) as Incident;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw unknown(id, error);
    if (error instanceof WorkflowFailedError) {
      throw new InvalidInputError(`the workflow of ${id} was ended by hand: the next failure opens a new incident.`);
    }
    throw error;
  }
}

/**
 * Does something to an open incident.
 *
 * @throws InvalidInputError with the incident's own sentence when it refuses, or when none is open.
 */
export async function actOnIncident<T extends ActInput | SilenceInput>(
  client: Client,
  id: string,
  act: 'acknowledge' | 'silence' | 'resolve',
  input: T,
): Promise<IncidentSummary> {
  try {
    return await client.workflow
      .getHandle(workflowIdOf(id))
      .executeUpdate<IncidentSummary, [T]>(act, { args: [input] });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw unknown(id, error);
    const { cause } = error as { cause?: unknown };
    if ((error as Error).name === 'WorkflowUpdateFailedError' && cause instanceof Error) {
      throw new InvalidInputError(`${id}: ${cause.message}.`, { cause: error });
    }
    throw error;
  }
}

/** How long a platform that is up for one command stays up for alerts, and how old these are at most: others have had their try. */
const ALERT_PATIENCE_MS = 5_000;
const ALERT_AGE_MS = 60_000;

/**
 * Waits a few seconds until the alerts of the last minute are delivered: what is not goes out when a worker runs again.
 *
 * @param settleMs how long it takes until they have been started, and visibility shows them.
 */
export async function untilAlertsAreOut(client: Client, settleMs = 300): Promise<void> {
  await sleep(settleMs);
  const until = Date.now() + ALERT_PATIENCE_MS;
  const since = new Date(Date.now() - ALERT_AGE_MS).toISOString();
  const query = `WorkflowType = 'mfgAlert' and ExecutionStatus = 'Running' and StartTime > '${since}'`;
  while (Date.now() < until && (await client.workflow.count(query)).count > 0) await sleep(200);
}

/** Alerts that are tried again, or were given up within the last week; the newest first, at most 50. */
export async function undeliveredAlerts(client: Client, now = Date.now()): Promise<UndeliveredAlert[]> {
  const since = new Date(now - ALERT_DAYS * 24 * 60 * 60 * 1000).toISOString();
  const query = `WorkflowType = 'mfgAlert' and (ExecutionStatus = 'Running' or (ExecutionStatus = 'Failed' and CloseTime > '${since}'))`;
  const found: UndeliveredAlert[] = [];
  for await (const { workflowId, runId, status, startTime } of client.workflow.list({ query })) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const alert = { workflowId, runId, target: targetIn(workflowId), since: startTime.toISOString() };
    if (status.name === 'RUNNING') {
      const [pending] = (await handle.describe()).raw.pendingActivities ?? [];
      const attempts = pending?.attempt ?? 1;
      // The first attempt is under way: nothing has gone wrong yet.
      if (attempts > 1)
        found.push({ ...alert, isTried: true, attempts, reason: pending?.lastFailure?.message ?? 'no answer yet' });
    } else {
      const reason = await handle.result().then(
        () => '',
        (error: unknown) => (error as { cause?: Error }).cause?.message ?? String(error),
      );
      found.push({ ...alert, isTried: false, attempts: 0, reason });
    }
    if (found.length === ALERTS_LISTED) break;
  }
  return found.sort((a, b) => (a.since < b.since ? 1 : -1));
}

/** `<check>/<table>` is short for the workflow id. */
function workflowIdOf(id: string): string {
  const [check = '', ...table] = id.split('/');
  return table.length === 0 ? id : incidentId(check, table.join('/'));
}

/** By the convention of `mfg-alert-<target>-<key>`; the message itself stands in the history. */
function targetIn(workflowId: string): AlertInput['target'] | 'unknown' {
  const target = workflowId.split('-')[2];
  return target === 'slack' || target === 'webhook' || target === 'file' ? target : 'unknown';
}

function unknown(id: string, cause: Error): InvalidInputError {
  return new InvalidInputError(`there is no open incident ${id}: \`npx mfg incidents\` lists them.`, { cause });
}
