import { randomBytes } from 'node:crypto';
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { TASK_QUEUE } from '../contracts/task-queue';
import {
  dataQualityMonitoringInputSchema,
  dbtTransformInputSchema,
  isBackfillInput,
  parseWorkflowInput,
  rawIngestionInputSchema,
  retentionInputSchema,
  type DataQualityMonitoringInput,
  type DbtTransformInput,
  type RawIngestionInput,
  type RetentionInput,
} from '../contracts/workflow-inputs';
import { startDetails, startSummary } from './start-summary';
import type * as workflows from '../workflows';

type Workflows = typeof workflows;
/** Workflow types that a client may start. */
export type WorkflowType = keyof Workflows;
/** What a workflow of a type returns. */
export type ResultOf<T extends WorkflowType> = Awaited<ReturnType<Workflows[T]>>;
/** A started run; `firstExecutionRunId` is the run id in its LOAD_ID. */
export type RunHandle<T extends WorkflowType> = WorkflowHandleWithFirstExecutionRunId<Workflows[T]>;

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

/**
 * An ingestion to start; its id is `mfg-raw-ingestion-<logical date, auto or backfill>-<UTC time>-<random>`.
 *
 * @throws InvalidInputError naming the field.
 */
export function rawIngestion(input: RawIngestionInput, options: StartOptions = {}): RunRequest<'mfgRawIngestion'> {
  const valid = parseWorkflowInput(rawIngestionInputSchema, 'mfgRawIngestion', input);
  const dates = isBackfillInput(valid) ? 'backfill' : (valid.logicalDate ?? 'auto');
  const workflowId = options.workflowId ?? newId(`mfg-raw-ingestion-${dates}`);
  return { workflowType: 'mfgRawIngestion', workflowId, input: valid };
}

/**
 * A dbt transformation to start; its id is `mfg-dbt-transform-<UTC time>-<random>`.
 *
 * @throws InvalidInputError naming the field.
 */
export function dbtTransform(input: DbtTransformInput, options: StartOptions = {}): RunRequest<'mfgDbtTransform'> {
  const valid = parseWorkflowInput(dbtTransformInputSchema, 'mfgDbtTransform', input);
  return {
    workflowType: 'mfgDbtTransform',
    workflowId: options.workflowId ?? newId('mfg-dbt-transform'),
    input: valid,
  };
}

/**
 * Quality checks to start; their id is `mfg-data-quality-monitoring-<UTC time>-<random>`.
 *
 * @throws InvalidInputError naming the field.
 */
export function dataQualityMonitoring(
  input: DataQualityMonitoringInput,
  options: StartOptions = {},
): RunRequest<'mfgDataQualityMonitoring'> {
  const valid = parseWorkflowInput(dataQualityMonitoringInputSchema, 'mfgDataQualityMonitoring', input);
  const workflowId = options.workflowId ?? newId('mfg-data-quality-monitoring');
  return { workflowType: 'mfgDataQualityMonitoring', workflowId, input: valid };
}

/**
 * Retention to start; its id is `mfg-retention-<UTC time>-<random>`.
 *
 * @throws InvalidInputError naming the field.
 */
export function retention(input: RetentionInput, options: StartOptions = {}): RunRequest<'mfgRetention'> {
  const valid = parseWorkflowInput(retentionInputSchema, 'mfgRetention', input);
  return { workflowType: 'mfgRetention', workflowId: options.workflowId ?? newId('mfg-retention'), input: valid };
}

/** Starts a run on the platform's task queue and returns its handle without waiting for it. */
export async function startRun<T extends WorkflowType>(client: Client, request: RunRequest<T>): Promise<RunHandle<T>> {
  const handle = await client.workflow.start(request.workflowType, {
    taskQueue: TASK_QUEUE,
    workflowId: request.workflowId,
    args: [request.input],
    staticSummary: startSummary(request),
    staticDetails: startDetails(request),
  });
  return handle as RunHandle<T>;
}

/** Starts an ingestion. @throws InvalidInputError before any call, when the input is not valid. */
export async function startRawIngestion(client: Client, input: RawIngestionInput = {}, options?: StartOptions) {
  return startRun(client, rawIngestion(input, options));
}

/** Starts a dbt build of all models and tests. @throws InvalidInputError before any call. */
export async function startDbtTransform(client: Client, input: DbtTransformInput = {}, options?: StartOptions) {
  return startRun(client, dbtTransform(input, options));
}

/** Starts the quality checks. @throws InvalidInputError before any call, when the input is not valid. */
export async function startDataQualityMonitoring(
  client: Client,
  input: DataQualityMonitoringInput = {},
  options?: StartOptions,
) {
  return startRun(client, dataQualityMonitoring(input, options));
}

function newId(prefix: string): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  return `${prefix}-${time}-${randomBytes(2).toString('hex')}`;
}
