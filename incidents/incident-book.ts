import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import {
  CANDIDATE_HELD,
  incidentId,
  RUN_FAILED,
  type FailingLook,
  type Incident,
  type IncidentChange,
  type IncidentChangeKind,
  type IncidentInput,
  type IncidentLook,
  type IncidentSummary,
  type LookAnswer,
} from '../contracts/incidents';
import type { IncidentCounts } from '../contracts/quality';
import { TASK_QUEUE } from '../contracts/task-queue';
import type { Looks } from './looks';

/** Incidents as runs keep them: each look is told to the workflow of its incident, once, whatever is retried. */

/** Checks of runs rather than of data. */
const OF_RUNS = [RUN_FAILED, CANDIDATE_HELD];
/** Incidents that are told at once. */
const AT_ONCE = 8;
const TYPE = 'mfgIncident';
const PAGE = 500;
const NOTHING: LookAnswer = { change: null, isSilent: false };
/** Somebody else opened or ended the incident between a look at it and what came of it: then it is looked at again. */
const TRIES = 10;
/** How far visibility may lag behind: incidents that ended so long before a run are looked at as if they were open. */
const LAG_MS = 10 * 60 * 1000;

/** An incident that could not be told: what it is missing the next run tells it. */
export interface Untold {
  id: string;
  reason: string;
}

/** How long an incident may take to answer: one whose worker is gone, or whose key is, never does. */
const PATIENCE_MS = 10_000;

/**
 * Tells every incident what a run has found. What fails opens an incident or repeats one; what passes resolves the one that is open.
 *
 * Open incidents are found by one list, except those of runs, which are few and asked for by their ids: what visibility does not show
 * yet is resolved by the next run.
 *
 * @param since ISO 8601: the run's time.
 * @param onLook told before each incident, so that progress can be shown.
 */
export async function tellIncidents(
  client: Client,
  { failing, passing }: Looks,
  since: string,
  onLook: (incident: string, done: number, of: number) => void,
  signal: AbortSignal,
): Promise<IncidentCounts & { changes: IncidentChange[]; untold: Untold[] }> {
  const around = passing.some(({ check }) => !OF_RUNS.includes(check))
    ? await incidentsAround(client, since)
    : new Set<string>();
  const toTell = [
    ...failing.map((look) => ({
      id: incidentId(look.outcome.check, look.outcome.table),
      tell: () => observeFailure(client, look),
    })),
    ...passing
      .map(({ check, table, ...look }) => ({ id: incidentId(check, table), isOfRun: OF_RUNS.includes(check), look }))
      .filter(({ id, isOfRun }) => isOfRun || around.has(id))
      .map(({ id, look }) => ({ id, tell: () => observePass(client, id, look) })),
  ];
  const answers: LookAnswer[] = [];
  const untold: Untold[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < toTell.length; index = next++) {
      signal.throwIfAborted();
      const { id, tell } = toTell[index] ?? {};
      if (id === undefined || tell === undefined) return;
      onLook(id, answers.filter(Boolean).length, toTell.length);
      try {
        answers[index] = await inTime(tell());
      } catch (error) {
        signal.throwIfAborted();
        answers[index] = NOTHING;
        untold.push({ id, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const count = (...kinds: IncidentChangeKind[]) =>
    answers.filter(({ change }) => change !== null && kinds.includes(change.kind)).length;
  return {
    opened: count('OPENED', 'WORSENED'),
    resolved: count('RESOLVED'),
    untold,
    // Failing ones come first, as they were found; the worst of them before the others.
    changes: answers.flatMap(({ change, isSilent }) => (change === null || isSilent ? [] : [change])),
  };
}

/**
 * Tells an incident that its check was found failing; opens it when there is none.
 *
 * Safe to repeat with the same look. A failure that a person has resolved is not opened again for the same publication, nor is one
 * that a later look has found passing.
 */
async function observeFailure(client: Client, look: FailingLook): Promise<LookAnswer> {
  const id = incidentId(look.outcome.check, look.outcome.table);
  for (let tries = 0; tries < TRIES; tries++) {
    const latest = await latestOf(client, id);
    if (latest?.isOpen) {
      const answer = await tell<FailingLook>(latest.handle, 'observe', look);
      if (answer !== undefined) return answer;
      continue;
    }
    const ended = latest && (await resultOf(latest.execution));
    const answer = ended && answerOfEnded(ended, look);
    if (answer !== undefined) return answer;
    try {
      return opened(look, await open(client, id, look));
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
  throw new Error(`${id} was opened and ended ${TRIES} times while this run looked at it: it is tried again.`);
}

/** Tells an incident that its check was found passing; without an incident there is nothing to tell. Safe to repeat. */
async function observePass(client: Client, id: string, look: IncidentLook): Promise<LookAnswer> {
  for (let tries = 0; tries < TRIES; tries++) {
    const latest = await latestOf(client, id);
    if (latest === undefined) return NOTHING;
    if (!latest.isOpen) return (await remembered(latest.execution, look.runKey)) ?? NOTHING;
    const answer = await tell<IncidentLook>(latest.handle, 'pass', look);
    if (answer !== undefined) return answer;
  }
  throw new Error(`${id} was opened and ended ${TRIES} times while this run looked at it: it is tried again.`);
}

/** @throws Error when there is no answer in time; what still comes of it is repeated safely. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1000} seconds`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Incidents that are open, or ended so lately that a run which is tried again may be what ended them: their ids. What was opened or ended
 * a moment ago may be missing or wrong here: Temporal's visibility lags behind.
 *
 * @param since ISO 8601: the run's time.
 */
async function incidentsAround(client: Client, since: string): Promise<Set<string>> {
  const closed = new Date(Date.parse(since) - LAG_MS).toISOString();
  const query = `WorkflowType = '${TYPE}' and (ExecutionStatus = 'Running' or CloseTime > '${closed}')`;
  const found = new Set<string>();
  let nextPageToken: Uint8Array = new Uint8Array();
  do {
    // Asked of the service itself: a memo that cannot be decrypted any more must not hide the others.
    const page = await client.workflowService.listWorkflowExecutions({
      ...{ namespace: client.options.namespace, query, pageSize: PAGE, nextPageToken },
    });
    for (const { execution } of page.executions ?? []) found.add(execution?.workflowId ?? '');
    nextPageToken = page.nextPageToken ?? new Uint8Array();
  } while (nextPageToken.length > 0);
  return found;
}

interface Latest {
  /** This incident, whatever execution it has reached, and no later one under the same id. */
  handle: WorkflowHandle;
  /** Its execution of that moment. */
  execution: WorkflowHandle;
  isOpen: boolean;
}

/** The newest incident under an id, as the server (not its visibility) knows it. */
async function latestOf(client: Client, id: string): Promise<Latest | undefined> {
  let description: WorkflowExecutionDescription;
  try {
    description = await client.workflow.getHandle(id).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
  const firstExecutionRunId = description.raw.workflowExecutionInfo?.firstRunId || description.runId;
  return {
    handle: client.workflow.getHandle(id, undefined, { firstExecutionRunId }),
    // Retention may have removed the first executions of one that was open for long.
    execution: client.workflow.getHandle(id, description.runId),
    isOpen: description.status.name === 'RUNNING' || description.status.name === 'PAUSED',
  };
}

/** @returns undefined when the incident has ended meanwhile. */
async function tell<T extends IncidentLook>(
  handle: WorkflowHandle,
  update: 'observe' | 'pass',
  look: T,
): Promise<LookAnswer | undefined> {
  try {
    const updateId = `${update}-${look.runKey}`;
    return await handle.executeUpdate<LookAnswer, [T]>(update, { args: [look], updateId });
  } catch (error) {
    // Refused: it has been resolved in the same moment.
    if (error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError) return undefined;
    throw error;
  }
}

async function open(client: Client, id: string, look: FailingLook): Promise<string> {
  const handle = await client.workflow.start(TYPE, {
    workflowId: id,
    taskQueue: TASK_QUEUE,
    args: [{ first: look } satisfies IncidentInput],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'FAIL',
  });
  return handle.firstExecutionRunId;
}

/** The answer is the one that the workflow itself gives when it is asked again. */
function opened(look: FailingLook, firstRunId: string): LookAnswer {
  const { outcome, publication, run, at } = look;
  const { check, table, severity, status, observed, expected, threshold = '', detail, sample = [] } = outcome;
  const incident: IncidentSummary = {
    ...{ id: incidentId(check, table), firstRunId, check, table, severity, status, worst: status, state: 'OPEN' },
    ...{ silencedUntil: null, since: at, lastSeenAt: at, failingRuns: 1, publication, run },
    ...{ observed, expected, threshold, detail, sample },
  };
  return { change: { kind: 'OPENED', incident, actor: null, reason: null }, isSilent: false };
}

/** The answer of an incident that has ended already; undefined when the failure is a new one. */
function answerOfEnded(incident: Incident, look: FailingLook): LookAnswer | undefined {
  const answer = rememberedIn(incident, look.runKey);
  if (answer !== undefined) return answer;
  const { resolved } = incident;
  if (resolved === null) return undefined;
  if (resolved.by === 'PASS') return look.at < resolved.at ? NOTHING : undefined;
  const isSame = look.publication !== null && resolved.publication !== null && look.publication <= resolved.publication;
  return isSame ? NOTHING : undefined;
}

async function remembered(handle: WorkflowHandle, runKey: string): Promise<LookAnswer | undefined> {
  const incident = await resultOf(handle);
  return incident && rememberedIn(incident, runKey);
}

function rememberedIn(incident: Incident, runKey: string): LookAnswer | undefined {
  const look = incident.looks.find((known) => known.runKey === runKey);
  if (look === undefined) return undefined;
  const { acts: _, looks: __, resolved: ___, ...summary } = incident;
  const change = look.change && { kind: look.change, incident: summary, actor: null, reason: null };
  return { change, isSilent: look.isSilent };
}

/** What an ended incident has left; undefined when it was terminated, cancelled or has failed. */
async function resultOf(handle: WorkflowHandle): Promise<Incident | undefined> {
  try {
    return (await handle.result()) as Incident;
  } catch (error) {
    if ((error as Error).name === 'WorkflowFailedError') return undefined;
    throw error;
  }
}
