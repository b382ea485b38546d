/**
 * `mfg-data-platform/client`: the platform for other services. `npm run pack:client` packs what this file reaches, so it must not
 * reach a worker, the warehouse or dbt; an import rule checks that.
 */
export { connectPlatform, MfgPlatform, type GivenConnection, type ServerSettings } from './mfg-platform';
export { PlatformRun, type ProgressOptions } from './platform-run';
export { RunFailedError, type RunEnding } from './run-failure';
export { type PendingWork, type Snapshot } from './run-progress';
export { type StartOptions } from './start-runs';
export { encryptingDataConverter } from './payload-encryption';
export { ConfigurationError, InvalidInputError, TemporalUnreachableError } from '../contracts/errors';
export { TASK_QUEUE } from '../contracts/task-queue';
export type { InputOf, ResultOf, WorkflowType } from '../contracts/workflow-contracts';
export type { PublicationEntry, PublicationsInput, PublicationsResult } from '../contracts/publications';
export type { DataQualityResult } from '../contracts/quality';
export type { DbtTransformResult, RawIngestionResult, RetentionResult, RunProgress } from '../contracts/run';
export type {
  DataQualityMonitoringInput,
  DbtTransformInput,
  RawIngestionInput,
  RetentionInput,
} from '../contracts/workflow-inputs';
