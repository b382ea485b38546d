import { ApplicationFailure } from '@temporalio/common';
import { log, patched, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { UpdateIncidentsInput } from '../activities/update-incidents';
import type { RunFailure } from '../contracts/incidents';
import type { IncidentCounts } from '../contracts/quality';
import { METADATA, PING } from './activity-options';
import { scheduledAt } from './identity';
import { sendAlert } from './send-alert';

const { currentPublication } = proxyActivities<Activities>({ ...METADATA, summary: 'what readers see' });
const { updateIncidents } = proxyActivities<Activities>({ ...METADATA, summary: 'open and resolve incidents' });
const { pingDeadMan } = proxyActivities<Activities>({ ...PING, summary: 'tell the dead-man receiver' });

/** Marks runs that began with code that knows incidents: the histories of earlier ones have none of its steps. */
const INCIDENTS = 'incidents';

/**
 * Opens, repeats and resolves incidents by what the checks of a publication found, and by the fact that the run has come this far. All
 * that has changed is one message. A look at another publication than the one that readers see opens and resolves nothing.
 *
 * @param sourceSystem of the ingestion that this run is a part of.
 * @returns undefined in a run that began before there were incidents.
 */
export async function noteChecks(
  publication: number,
  sourceSystem: string | undefined,
): Promise<IncidentCounts | undefined> {
  if (!patched(INCIDENTS)) return undefined;
  // A child is the last step of an ingestion, which tells nothing more when it ends well: so that one run is one message.
  const { parent, workflowType } = workflowInfo();
  const endedWell = parent === undefined ? [workflowType] : ingestion(sourceSystem);
  // Asked once: a retry must not find that readers have moved on, and forget what its first attempt has opened.
  const head = await currentPublication();
  return note({ endedWell, head, ...(publication === head && { checked: publication }) });
}

/** Resolves what says that runs of this type fail: this one has ended well. */
export async function noteSuccess(): Promise<void> {
  if (workflowInfo().parent !== undefined || !patched(INCIDENTS)) return;
  await note({ endedWell: [workflowInfo().workflowType], head: await currentPublication() });
}

/**
 * Opens an incident of a run that failed, or of the candidate that a gate holds back. A part of another run leaves that to it; an input
 * that is not valid is told to whoever gave it, unless a schedule did. Nothing that goes wrong here hides the failure itself.
 */
export async function noteFailure(cause: unknown, sourceSystem: unknown): Promise<void> {
  if (workflowInfo().parent !== undefined || !patched(INCIDENTS)) return;
  const failure = failureOf(cause);
  if (failure.type === 'InvalidInputError' && scheduledAt() === undefined) return;
  try {
    const { workflowType } = workflowInfo();
    const failed = typeof sourceSystem === 'string' ? `${workflowType}:${sourceSystem}` : workflowType;
    await note({ failure: { ...failure, of: failed }, endedWell: [] });
  } catch (error) {
    log.error('the failure of this run could not be told', { error });
  }
}

/** Tells the dead-man receiver that runs go on. A receiver that does not answer is no concern of the run. */
export async function ping(): Promise<void> {
  if (workflowInfo().parent !== undefined || !patched(INCIDENTS)) return;
  await pingDeadMan().catch((error: unknown) => log.warn('the dead-man ping was not delivered', { error }));
}

async function note(
  part: Pick<UpdateIncidentsInput, 'checked' | 'head' | 'failure' | 'endedWell'>,
): Promise<IncidentCounts> {
  const { workflowId, workflowType, firstExecutionRunId: runId, attempt } = workflowInfo();
  const run = { loadId: `${workflowId}::${runId}`, workflowId, runId };
  const at = new Date(Date.now()).toISOString();
  const runKey = `${runId}-${attempt}`;
  const { opened, resolved, changes, changeCount } = await updateIncidents({ run, runKey, at, ...part });
  if (changeCount > 0) {
    await sendAlert({ key: runKey, at, changes, changeCount, run: { workflowId, runId, workflowType } });
  }
  return { opened, resolved };
}

/** What an ingestion of a system counts as, whether its input named the system or not. */
function ingestion(sourceSystem: string | undefined): string[] {
  return ['mfgRawIngestion', ...(sourceSystem === undefined ? [] : [`mfgRawIngestion:${sourceSystem}`])];
}

function failureOf(cause: unknown): RunFailure {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (!(cause instanceof ApplicationFailure)) return { type: 'Error', message, candidate: null };
  const [held] = (cause.details ?? []) as [{ candidate?: unknown }?];
  const candidate = typeof held?.candidate === 'number' ? held.candidate : null;
  return { type: cause.type ?? 'Error', message, candidate: cause.type === 'GateFailedError' ? candidate : null };
}
