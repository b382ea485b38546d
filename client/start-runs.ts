import { randomBytes } from 'node:crypto';
import type { Client, WorkflowHandleWithFirstExecutionRunId, WorkflowOptions } from '@temporalio/client';
import { InvalidInputError } from '../contracts/errors';
import { TASK_QUEUE } from '../contracts/task-queue';
import { WORKFLOW_CONTRACTS, type InputOf, type ResultOf, type WorkflowType } from '../contracts/workflow-contracts';
import {
  isBackfillInput,
  parseWorkflowInput,
  type DataQualityMonitoringInput,
  type DbtTransformInput,
  type RawIngestionInput,
  type RetentionInput,
} from '../contracts/workflow-inputs';
import { startDetails, startSummary } from './start-summary';

export type { ResultOf, WorkflowType };

/** A started run; `firstExecutionRunId` is the run id in its LOAD_ID. */
export type RunHandle<T extends WorkflowType> = WorkflowHandleWithFirstExecutionRunId<
  (input?: InputOf<T>) => Promise<ResultOf<T>>
>;

/** A run as it will be started: its input is valid and its workflow id follows the convention. */
export interface RunRequest<T extends WorkflowType> {
  workflowType: T;
  workflowId: string;
  input: object;
}

/** What a caller may choose about a start. */
export interface StartOptions {
  /** Default: by convention, with the time and four random digits, so that two starts of one second differ. */
  workflowId?: string;
}

/** What workflow ids begin with by convention. */
const ID_PREFIXES: Record<WorkflowType, string> = {
  mfgRawIngestion: 'mfg-raw-ingestion',
  mfgDbtTransform: 'mfg-dbt-transform',
  mfgDataQualityMonitoring: 'mfg-data-quality-monitoring',
  mfgRetention: 'mfg-retention',
  mfgPublications: 'mfg-publications',
};

/**
 * A run to start, of any type; its id is `<prefix of the type>-<UTC time>-<random>`, of an ingestion
 * `mfg-raw-ingestion-<logical date, auto or backfill>-<UTC time>-<random>`.
 *
 * @throws InvalidInputError naming the field.
 */
export function runRequest<T extends WorkflowType>(
  workflowType: T,
  input: InputOf<T>,
  { workflowId }: StartOptions = {},
): RunRequest<T> {
  if (!Object.hasOwn(WORKFLOW_CONTRACTS, workflowType)) {
    const known = Object.keys(WORKFLOW_CONTRACTS).join(', ');
    throw new InvalidInputError(`there is no workflow '${workflowType}' to start: the types are ${known}.`);
  }
  const valid = parseWorkflowInput<object>(WORKFLOW_CONTRACTS[workflowType].input, workflowType, input);
  const dates = workflowType === 'mfgRawIngestion' ? [datesOf(valid)] : [];
  return {
    workflowType,
    workflowId: workflowId ?? newId([ID_PREFIXES[workflowType], ...dates].join('-')),
    input: valid,
  };
}

/** An ingestion to start. @throws InvalidInputError naming the field. */
export function rawIngestion(input: RawIngestionInput, options?: StartOptions): RunRequest<'mfgRawIngestion'> {
  return runRequest('mfgRawIngestion', input, options);
}

/** A dbt transformation to start. @throws InvalidInputError naming the field. */
export function dbtTransform(input: DbtTransformInput, options?: StartOptions): RunRequest<'mfgDbtTransform'> {
  return runRequest('mfgDbtTransform', input, options);
}

/** Quality checks to start. @throws InvalidInputError naming the field. */
export function dataQualityMonitoring(
  input: DataQualityMonitoringInput,
  options?: StartOptions,
): RunRequest<'mfgDataQualityMonitoring'> {
  return runRequest('mfgDataQualityMonitoring', input, options);
}

/** Retention to start. @throws InvalidInputError naming the field. */
export function retention(input: RetentionInput, options?: StartOptions): RunRequest<'mfgRetention'> {
  return runRequest('mfgRetention', input, options);
}

/**
 * Starts a run on the platform's task queue and returns its handle without waiting for it.
 *
 * @param options of Temporal's, besides queue, id and input.
 */
export async function startRun<T extends WorkflowType>(
  client: Client,
  request: RunRequest<T>,
  options: Pick<WorkflowOptions, 'memo' | 'workflowIdReusePolicy' | 'workflowExecutionTimeout'> = {},
): Promise<RunHandle<T>> {
  const { workflowType, workflowId, input } = request;
  const handle = await client.workflow.start(workflowType, {
    ...options,
    ...{ taskQueue: TASK_QUEUE, workflowId, args: [input] },
    ...{ staticSummary: startSummary(request), staticDetails: startDetails(request) },
  });
  return handle as RunHandle<T>;
}

function datesOf(input: Pick<RawIngestionInput, 'from' | 'dates' | 'logicalDate'>): string {
  return isBackfillInput(input) ? 'backfill' : (input.logicalDate ?? 'auto');
}

function newId(prefix: string): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  return `${prefix}-${time}-${randomBytes(2).toString('hex')}`;
}
