import { ApplicationFailure, defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { RunIdentity, RunProgress } from '../contracts/run';

const SCHEDULED_START = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);
const LOAD_ID = defineSearchAttributeKey('MfgLoadId', SearchAttributeType.KEYWORD);
const LOGICAL_DATE = defineSearchAttributeKey('MfgLogicalDate', SearchAttributeType.KEYWORD);
/** What the run is doing, or did last. */
export const STAGE = defineSearchAttributeKey('MfgStage', SearchAttributeType.KEYWORD);
const ROWS = defineSearchAttributeKey('MfgRows', SearchAttributeType.INT);
const OUTCOME = defineSearchAttributeKey('MfgOutcome', SearchAttributeType.KEYWORD);
const PUBLICATION = defineSearchAttributeKey('MfgPublication', SearchAttributeType.INT);

/**
 * The run's identity: `LOAD_ID = <workflowId>::<firstExecutionRunId>`, the same over activity retries, workflow retries,
 * continue-as-new and reset.
 *
 * @param stage what the run does first.
 * @throws ApplicationFailure (not retryable) under a legacy `cronSchedule`, whose runs would all share one LOAD_ID.
 */
export function identify(stage?: RunProgress['stage']): RunIdentity {
  const { workflowId, firstExecutionRunId, cronSchedule, workflowType } = workflowInfo();
  if (cronSchedule !== undefined && cronSchedule !== '') {
    throw ApplicationFailure.nonRetryable(
      `${workflowType} cannot run under a cron schedule, whose runs would share one LOAD_ID: create a Temporal Schedule instead (temporal schedule create).`,
      'InvalidInputError',
    );
  }
  const loadId = `${workflowId}::${firstExecutionRunId}`;
  upsertSearchAttributes([
    { key: LOAD_ID, value: loadId },
    ...(stage === undefined ? [] : [{ key: STAGE, value: stage }]),
  ]);
  return { loadId, workflowId, runId: firstExecutionRunId };
}

/** The time a schedule meant this run to start, ISO 8601; undefined when no schedule started it. It survives a reset. */
export function scheduledAt(): string | undefined {
  return workflowInfo().typedSearchAttributes.get(SCHEDULED_START)?.toISOString();
}

/** Makes the run findable by its logical date. */
export function tagLogicalDate(logicalDate: string): void {
  upsertSearchAttributes([{ key: LOGICAL_DATE, value: logicalDate }]);
}

/** Makes the run findable by what came of it, the publication that it made or looked at, and the rows that it loaded. */
export function tagOutcome(outcome: string, publication?: number, rows?: number): void {
  upsertSearchAttributes([
    { key: OUTCOME, value: outcome },
    ...(publication === undefined ? [] : [{ key: PUBLICATION, value: publication }]),
    ...(rows === undefined ? [] : [{ key: ROWS, value: rows }]),
  ]);
}
