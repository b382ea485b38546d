import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import type { Disagreement, RecordedRun } from '../warehouse/warehouse';

/** One execution as Temporal's visibility has it; a reset or a continuation is an execution of its own. */
export interface TemporalRun {
  workflowId: string;
  runId: string;
  type: string;
  /** COMPLETED, FAILED, RUNNING and so on. */
  status: string;
  /** Search attributes; undefined when the run ended before it set them. */
  loadId: string | undefined;
  outcome: string | undefined;
  publication: number | undefined;
}

const LOAD_ID = defineSearchAttributeKey('MfgLoadId', SearchAttributeType.KEYWORD);
const OUTCOME = defineSearchAttributeKey('MfgOutcome', SearchAttributeType.KEYWORD);
const PUBLICATION = defineSearchAttributeKey('MfgPublication', SearchAttributeType.INT);

const TYPES = ['mfgRawIngestion', 'mfgDbtTransform', 'mfgDataQualityMonitoring'];
const REPLACED =
  'the state folder was removed, exchanged, or is not the one of this Temporal namespace: check MFG_STATE_DIR';

/** Compares what the store knows of its runs with Temporal's own record of them. */
export async function reconcileRuns(client: Client, recorded: RecordedRun[]): Promise<Disagreement[]> {
  const runs = await temporalRuns(client);
  const listed = new Set(runs.map(({ loadId }) => loadId));
  const expired: RecordedRun[] = [];
  for (const run of recorded.filter(({ loadId }) => !listed.has(loadId))) {
    // Visibility may lag behind: the history itself decides.
    if (!(await isThere(client, run))) expired.push(run);
  }
  return compareRuns(recorded, runs, new Set(expired.map(({ loadId }) => loadId)));
}

/**
 * Every disagreement between both records.
 *
 * @param expired LOAD_IDs whose history Temporal does not have any more.
 */
export function compareRuns(recorded: RecordedRun[], runs: TemporalRun[], expired: Set<string>): Disagreement[] {
  const byLoadId = new Map(recorded.map((run) => [run.loadId, run]));
  const found: Disagreement[] = [...expired].map((loadId) => ({
    severity: 'INFO',
    what: `the history of ${loadId} has expired in Temporal`,
    advice: 'nothing to do: the audits in the store stay',
  }));
  for (const run of runs)
    found.push(...disagreementsOf(run, run.loadId === undefined ? undefined : byLoadId.get(run.loadId)));
  for (const run of recorded) {
    const mine = runs.filter(({ loadId }) => loadId === run.loadId);
    const newest = run.published.at(-1);
    const tells = mine.some(({ status, publication }) => status !== 'COMPLETED' || publication === newest);
    if (newest === undefined || mine.length === 0 || tells) continue;
    const outcomes = mine.map(({ outcome, publication }) => `${outcome ?? 'no outcome'} ${publication ?? ''}`.trim());
    found.push({
      severity: 'ERROR',
      what: `${run.loadId} published ${newest}, but Temporal has it completed with ${outcomes.join(', ')}`,
      advice: 'look at the run in the Web UI and at `npx mfg status`: somebody else published under its name',
    });
  }
  return found;
}

function disagreementsOf(run: TemporalRun, recorded: RecordedRun | undefined): Disagreement[] {
  if (run.status !== 'COMPLETED' || run.loadId === undefined) return [];
  const { loadId, type, outcome, publication } = run;
  if (type === 'mfgDataQualityMonitoring') {
    if ((recorded?.checks ?? 0) > 0) return [];
    const what = `${loadId} has checked publication ${publication ?? '?'}, but data_quality_audit has no row of it`;
    return [{ severity: 'WARN', what, advice: `check again with \`npx mfg quality\`, or ${REPLACED}` }];
  }
  if (type === 'mfgRawIngestion' && recorded?.hasManifest !== true) {
    const what = `${loadId} has completed in Temporal (${outcome ?? 'no outcome'}), but the store has no manifest of it`;
    return [{ severity: 'ERROR', what, advice: REPLACED }];
  }
  if (
    outcome?.startsWith('PUBLISHED') &&
    publication !== undefined &&
    recorded?.published.includes(publication) !== true
  ) {
    const what = `${loadId} has published ${publication} according to Temporal, but the publication log does not say so`;
    return [{ severity: 'ERROR', what, advice: REPLACED }];
  }
  return [];
}

async function temporalRuns(client: Client): Promise<TemporalRun[]> {
  const runs: TemporalRun[] = [];
  const query = `WorkflowType in (${TYPES.map((type) => `'${type}'`).join(', ')})`;
  for await (const run of client.workflow.list({ query })) {
    const attributes = run.typedSearchAttributes;
    runs.push({
      workflowId: run.workflowId,
      runId: run.runId,
      type: run.type,
      status: run.status.name,
      loadId: attributes.get(LOAD_ID),
      outcome: attributes.get(OUTCOME),
      publication: attributes.get(PUBLICATION),
    });
  }
  return runs;
}

async function isThere(client: Client, { workflowId, runId }: RecordedRun): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId, runId).describe();
    return true;
  } catch (error) {
    if ((error as Error).name === 'WorkflowNotFoundError') return false;
    throw error;
  }
}
