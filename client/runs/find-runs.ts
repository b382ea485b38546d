import { defineSearchAttributeKey, SearchAttributeType, type TypedSearchAttributes } from '@temporalio/common';
import {
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowExecutionInfo,
} from '@temporalio/client';
import { InvalidInputError } from '../../contracts/errors';

/** Runs of the platform as Temporal knows them: which there are, and what each is. */

/** Workflow types that people start. Incidents and alerts are none: `mfg incidents` lists them. */
export const RUN_TYPES = ['mfgRawIngestion', 'mfgDbtTransform', 'mfgDataQualityMonitoring', 'mfgRetention'] as const;
export type RunType = (typeof RUN_TYPES)[number];
/** How a run stands, in Temporal's words. */
export const RUN_STATUSES = ['running', 'completed', 'failed', 'cancelled', 'terminated', 'timed_out'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** A run in a list. */
export interface RunSummary {
  workflowId: string;
  runId: string;
  type: string;
  /** In Temporal's words, lower case: a `continued_as_new` one goes on under the same id. */
  status: string;
  loadId: string | null;
  logicalDate: string | null;
  /** What it is doing, or did last. */
  stage: string | null;
  outcome: string | null;
  publication: number | null;
  /** Rows that it loaded. */
  rows: number | null;
  /** ISO 8601. */
  startedAt: string;
  endedAt: string | null;
  /** Of a run under way: so far. */
  seconds: number;
  /** The schedule of a file that started it. */
  schedule: string | null;
}

/** Which runs to list. */
export interface RunFilter {
  types?: readonly RunType[];
  status?: RunStatus;
  outcome?: string;
  logicalDate?: string;
  /** Started at or after. */
  since?: Date;
  limit: number;
}

const LOAD_ID = defineSearchAttributeKey('MfgLoadId', SearchAttributeType.KEYWORD);
const LOGICAL_DATE = defineSearchAttributeKey('MfgLogicalDate', SearchAttributeType.KEYWORD);
const STAGE = defineSearchAttributeKey('MfgStage', SearchAttributeType.KEYWORD);
const OUTCOME = defineSearchAttributeKey('MfgOutcome', SearchAttributeType.KEYWORD);
const PUBLICATION = defineSearchAttributeKey('MfgPublication', SearchAttributeType.INT);
const ROWS = defineSearchAttributeKey('MfgRows', SearchAttributeType.INT);

/** The newest runs, newest first. */
export async function listRuns(client: Client, filter: RunFilter): Promise<RunSummary[]> {
  const found: RunSummary[] = [];
  for await (const info of client.workflow.list({ query: queryOf(filter), pageSize: Math.min(filter.limit, 200) })) {
    found.push(summaryOf(info));
    if (found.length === filter.limit) break;
  }
  return found;
}

/**
 * The newest run under a workflow id, or the one that is named.
 *
 * @throws InvalidInputError when there is none, or it is no run of the platform.
 */
export async function findRun(
  client: Client,
  workflowId: string,
  runId?: string,
): Promise<WorkflowExecutionDescription> {
  try {
    return await client.workflow.getHandle(workflowId, runId).describe();
  } catch (error) {
    const isUnknown = error instanceof WorkflowNotFoundError || /Invalid RunId/i.test(String((error as Error).cause));
    if (!isUnknown) throw error;
    const which = runId === undefined ? workflowId : `${workflowId} with run id ${runId}`;
    throw new InvalidInputError(`there is no run ${which}: \`npx mfg runs list\` shows them.`, { cause: error });
  }
}

/** True for a workflow that people start, and that can be started again. */
export function isRunType(type: string): type is RunType {
  return (RUN_TYPES as readonly string[]).includes(type);
}

/** A run as a list shows it. */
export function summaryOf(info: Omit<WorkflowExecutionInfo, 'raw'>, now = Date.now()): RunSummary {
  const { workflowId, runId, type, status, startTime, closeTime, memo } = info;
  const attributes: TypedSearchAttributes = info.typedSearchAttributes;
  return {
    ...{ workflowId, runId, type, status: status.name.toLowerCase() },
    loadId: attributes.get(LOAD_ID) ?? null,
    logicalDate: attributes.get(LOGICAL_DATE) ?? null,
    stage: attributes.get(STAGE) ?? null,
    outcome: attributes.get(OUTCOME) ?? null,
    publication: attributes.get(PUBLICATION) ?? null,
    rows: attributes.get(ROWS) ?? null,
    startedAt: startTime.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
    seconds: Math.round(((closeTime?.getTime() ?? now) - startTime.getTime()) / 100) / 10,
    schedule: typeof memo?.schedule === 'string' ? memo.schedule : null,
  };
}

function queryOf({ types = RUN_TYPES, status, outcome, logicalDate, since }: RunFilter): string {
  return [
    `WorkflowType in (${types.map(quoted).join(', ')})`,
    ...(status === undefined ? [] : [`ExecutionStatus = ${quoted(STATUS_WORDS[status])}`]),
    ...(outcome === undefined ? [] : [`MfgOutcome = ${quoted(outcome)}`]),
    ...(logicalDate === undefined ? [] : [`MfgLogicalDate = ${quoted(logicalDate)}`]),
    ...(since === undefined ? [] : [`StartTime >= ${quoted(since.toISOString())}`]),
  ].join(' and ');
}

const STATUS_WORDS: Record<RunStatus, string> = {
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Canceled',
  terminated: 'Terminated',
  timed_out: 'TimedOut',
};

/** A text of a visibility query. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
