import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { InvalidInputError } from '../../contracts/errors';
import { isBackfillInput, type RawIngestionInput } from '../../contracts/workflow-inputs';
import { dataQualityMonitoring, dbtTransform, rawIngestion, retention, type RunRequest } from '../start-runs';
import { isRunType, summaryOf, type RunType } from './find-runs';
import { readStory, type Step } from './run-history';

/** What people do to runs. */

const STATUS_POLL_MS = 250;

/**
 * The same work as a run's, to be started anew under a LOAD_ID of its own: its input, and of a run that took its logical date from
 * a schedule or from what was there, that date.
 *
 * @throws InvalidInputError when the run is under way, or none that people start.
 */
export async function requestAgain(client: Client, run: WorkflowExecutionDescription): Promise<RunRequest<RunType>> {
  const type = assertRepeatable(run);
  const { input } = await readStory(client, run.workflowId, run.runId);
  const [first = {}] = input as [object?];
  if (type === 'mfgDbtTransform') return dbtTransform(first);
  if (type === 'mfgDataQualityMonitoring') return dataQualityMonitoring(first);
  if (type === 'mfgRetention') return retention(first);
  const asked = first as RawIngestionInput;
  const { logicalDate } = summaryOf(run);
  const isDated = asked.logicalDate !== undefined || isBackfillInput(asked) || logicalDate === null;
  return rawIngestion(isDated ? asked : { ...asked, logicalDate });
}

/** Where a run is set back to: its loads stand, its first build has not begun. */
export interface ResetPoint {
  run: { workflowId: string; runId: string };
  type: RunType;
  /** The workflow task that asked for the build. */
  eventId: Step['askedBy'];
}

/**
 * The moment of a run that has ended before its first build.
 *
 * @throws InvalidInputError when it is under way, or has not come to a build.
 */
export async function beforeItsBuild(client: Client, run: WorkflowExecutionDescription): Promise<ResetPoint> {
  const type = assertRepeatable(run);
  const { workflowId, runId } = run;
  const { steps } = await readStory(client, workflowId, runId);
  const build = steps.find(({ name }) => name === 'buildCandidate');
  if (build === undefined) {
    throw new InvalidInputError(`${workflowId} has not come to a build: leave --from out, to start it anew.`);
  }
  return { run: { workflowId, runId }, type, eventId: build.askedBy };
}

/** What a person asked of the run before (to pause, to cancel) is not asked again: SIGNAL, UPDATE, NEXUS, CANCEL_REQUEST. */
const NOT_ASKED_AGAIN = [1, 2, 3, 4];

/**
 * Sets a run back. It goes on from there under its LOAD_ID, with the loads that it has made.
 *
 * @returns run id of the new execution.
 */
export async function resetTo(client: Client, { run, eventId }: ResetPoint, reason: string): Promise<string> {
  const answer = await client.workflowService.resetWorkflowExecution({
    ...{ namespace: client.options.namespace, workflowExecution: run, reason, requestId: randomUUID() },
    workflowTaskFinishEventId: eventId,
    resetReapplyExcludeTypes: NOT_ASKED_AGAIN,
  });
  return answer.runId;
}

/**
 * Asks a run to cancel and waits for its end.
 *
 * @param patienceMs how long to wait.
 * @returns the run as it is then.
 * @throws InvalidInputError when it has ended already.
 */
export async function cancelRun(
  client: Client,
  run: WorkflowExecutionDescription,
  patienceMs: number,
): Promise<WorkflowExecutionDescription> {
  const { workflowId, runId, status } = run;
  if (status.name !== 'RUNNING') {
    throw new InvalidInputError(
      `${workflowId} has ended already (${status.name.toLowerCase()}): there is nothing to cancel.`,
    );
  }
  const handle = client.workflow.getHandle(workflowId, runId);
  await handle.cancel();
  const until = Date.now() + patienceMs;
  for (;;) {
    const now = await handle.describe();
    if (now.status.name !== 'RUNNING' || Date.now() > until) return now;
    await sleep(STATUS_POLL_MS);
  }
}

function assertRepeatable({ workflowId, type, status }: WorkflowExecutionDescription): RunType {
  if (!isRunType(type)) {
    throw new InvalidInputError(
      `${workflowId} is of type ${type}, which runs start by themselves: retry the run that started it.`,
    );
  }
  if (status.name === 'RUNNING') {
    throw new InvalidInputError(`${workflowId} is under way: \`npx mfg runs cancel ${workflowId}\` ends it first.`);
  }
  return type;
}
