import { z } from 'zod';
import { dataQualityResultSchema } from './quality';

/**
 * The records that pass between workflows, activities and the warehouse. They carry references and counts, never rows,
 * never credentials. What callers in other languages get (results, answers of queries) is a schema, from which
 * contracts/json is generated, and its type.
 */

const count = z.int().min(0);
const logicalDate = z.iso.date();

/** Who runs: promise 1. `loadId` is `<workflowId>::<firstExecutionRunId>`. */
export interface RunIdentity {
  loadId: string;
  workflowId: string;
  /** The first execution's run id: stable over retries, continue-as-new and reset. */
  runId: string;
}

/** Where a run's logical date came from; decides against which clock freshness is measured. */
export type LogicalDateOrigin = 'input' | 'schedule' | 'newest_delivery';

/** One delivered file, as the run's manifest fixes it. */
export interface SourceFile {
  /** Relative to the source folder, with forward slashes: `mes/2026-03-11/materials.csv`. */
  path: string;
  sizeBytes: number;
  /** Modification time, ISO 8601; only a hint for skipping the hash of an unchanged file. */
  modifiedAt: string;
  /** Hex, of the bytes as delivered (compressed, if so delivered). */
  sha256: string;
}

/** The files of one table for one logical date: what becomes one partition. */
export interface Delivery {
  table: string;
  /** YYYY-MM-DD, in the source system's time zone. */
  logicalDate: string;
  files: SourceFile[];
}

/** A delivery that a run did not load again: another load holds the same bytes under the same contract. */
export interface ReusedDelivery {
  table: string;
  logicalDate: string;
  /** The load that holds it, and its partition there. */
  reusedLoadId: string;
  reusedLoadSeq: bigint;
}

/** Promise 3: written by the first execution of a LOAD_ID, read by every later attempt. */
export interface RunManifest extends RunIdentity {
  sourceSystem: string;
  logicalDate: string;
  logicalDateOrigin: LogicalDateOrigin;
  /** ISO 8601 UTC: the run's start, every row's `_LOADED_AT`, and the run's place in time (promise 6). */
  startedAt: string;
  /** Per table the digest of its contract. */
  contractDigests: Record<string, string>;
  codeVersion: string;
  /** Tables that the load replaces whole (strategy `truncate_reload`). */
  replacedTables: string[];
  /** Deliveries to load, in batches: one activity loads one batch. */
  batches: Delivery[][];
  /** Deliveries of the run's own date that are not loaded again (`onUnchanged: reuse`). */
  reused: ReusedDelivery[];
}

/** Something that a run waits for before it begins. */
export const awaitedDeliverySchema = z.object({
  kind: z.enum(['table', 'done_marker', 'file']),
  /** The table's name, or the file's path below the source folder. */
  what: z.string(),
  reason: z.string(),
  /** ISO 8601: when the run goes on without it, or fails, as declared. */
  until: z.string(),
});

export type AwaitedDelivery = z.infer<typeof awaitedDeliverySchema>;

/** A file under way, as a look saw it. */
export interface FileSeen {
  path: string;
  sizeBytes: number;
  /** ISO 8601. */
  writtenAt: string;
}

/** What a look for deliveries hands to the run's next one. */
export interface ArrivalLook {
  /** Time of the run's first look, ISO 8601. */
  since: string;
  /** Time of this look, ISO 8601. */
  at: string;
  /** The run's own date, which the first look fixes. */
  logicalDate: string;
  origin: LogicalDateOrigin;
  filesSeen: FileSeen[];
}

/** What `discoverDeliveries` tells the workflow while deliveries are still to come: nothing is decided yet. */
export interface Waiting {
  sourceSystem: string;
  logicalDate: string;
  /** At most 20. */
  waitingFor: AwaitedDelivery[];
  /** How many more there are. */
  more: number;
  lookAgainInS: number;
  look: ArrivalLook;
}

/** What `discoverDeliveries` tells the workflow. */
export interface IngestionPlan {
  sourceSystem: string;
  logicalDate: string;
  logicalDateOrigin: LogicalDateOrigin;
  /** Number of batches in the manifest; a batch is named by its index. */
  batches: number;
  parallelLoads: number;
  deliveries: number;
  files: number;
  sizeBytes: number;
  /** Logical dates to load, ascending: the run's own and the pending earlier ones. */
  logicalDates: string[];
  /** Files under the system's folder that belong to no described table; at most 20. */
  ignoredFiles: string[];
  /**
   * Time against which freshness is measured, ISO 8601: the run's start when a schedule started it, else the end of the
   * logical date in the source system's time zone. Left out for a backfill: the end of the newest date that is published.
   */
  asOf?: string;
  /** What each batch holds, for people: `materials 2026-03-02`. Absent in runs of earlier versions. */
  batchLabels?: string[];
  /** Deliveries of the run's own date that are not loaded again. Absent in runs of version 0.1.0, as all below. */
  reused?: number;
  /** How to build. */
  build?: BuildOrder;
  /**
   * A build is due even when there is nothing to load: `select` asks for it, or (with `reuse`) code or contracts have changed
   * since what is published was built.
   */
  buildAnyway?: boolean;
  /** Tables of the run's own date that were not delivered by their deadline and are not required. */
  lateTables?: string[];
  /** Dates that lack their done marker: left to a later run. */
  unfinishedDates?: string[];
  /** Tables that the load replaces whole (strategy `truncate_reload`). */
  replacedTables?: string[];
  /** Set for a backfill: a delivery that cannot be loaded costs its date, not the run. */
  isBackfill?: true;
  /** Set for a backfill that publishes each day: the days, one child run each. There is nothing to load in this run itself. */
  days?: string[];
}

/** A logical date that a backfill left out whole. */
export const failedDateSchema = z.object({
  date: logicalDate,
  /** One sentence; null where there are so many that only the first are told. */
  error: z.string().nullable(),
});

export type FailedDate = z.infer<typeof failedDateSchema>;

/** A delivery that could not be loaded, where the run goes on with the others. */
export interface FailedDelivery {
  table: string;
  logicalDate: string;
  error: string;
}

/** How much of the models a run builds. */
export interface BuildOrder {
  /** PARTIAL: in a copy of the publication before, what is downstream of changed tables and code. FULL: everything, anew. */
  scope: BuildScope;
  /** dbt nodes that the run's `select` named, as dbt selects them by name. */
  select: string[];
}

const buildScopeSchema = z.enum(['FULL', 'PARTIAL']);

export type BuildScope = z.infer<typeof buildScopeSchema>;

/** Input of `buildCandidate`; runs of version 0.1.0 give the identity only. */
export interface BuildCandidateInput extends RunIdentity {
  /** Default: everything. */
  build?: BuildOrder | undefined;
  /** Dates that a backfill leaves out whole. */
  withoutDates?: string[];
  /** See RunManifest. */
  replacedTables?: string[];
}

/** What `parseTransformInput` tells the workflow. */
export interface TransformPlan {
  build: BuildOrder;
  /** Nothing that a build depends on has changed since the publication was built, and no build was asked for. */
  isNothingNew: boolean;
}

/** Counts of sealed partitions. `rowsRead === rowsLoaded + rowsRejected`, always. */
export const loadCountsSchema = z.object({
  partitions: count,
  rowsRead: count,
  rowsLoaded: count,
  rowsRejected: count,
  sizeBytes: count,
});

export type LoadCounts = z.infer<typeof loadCountsSchema>;

/** Counts of a load that has passed its gates. */
export const checkedLoadsSchema = z.object({
  ...loadCountsSchema.shape,
  /** Rows of RAW.SCHEMA_DRIFT_EVENT; undefined in runs of versions that did not count them. */
  driftEvents: count.optional(),
});

export type CheckedLoads = z.infer<typeof checkedLoadsSchema>;

/** What one batch loaded. */
export interface BatchResult extends LoadCounts {
  tables: string[];
  /** Of a backfill: deliveries that no retry can load. */
  failed?: FailedDelivery[];
}

/** A dbt node that did not end well, or warned. */
export const nodeFailureSchema = z.object({
  node: z.string(),
  status: z.enum(['error', 'fail', 'warn', 'skipped']),
  message: z.string(),
});

export type NodeFailure = z.infer<typeof nodeFailureSchema>;

/** What a dbt build did. */
export const buildCountsSchema = z.object({
  models: count,
  tests: count,
  warnings: count,
  seconds: z.number().min(0),
});

export type BuildCounts = z.infer<typeof buildCountsSchema>;

/** Models of a layer, and the tests of its relations. */
export interface LayerCounts {
  /** `raw`, `staging`, `core`, `marts`, or another schema of the dbt project. */
  layer: string;
  models: number;
  tests: number;
  warnings: number;
  failures: number;
}

/** What a run built. */
export const buildSummarySchema = z.object({
  ...buildCountsSchema.shape,
  scope: buildScopeSchema,
  /** Why a build that was to be PARTIAL became FULL: half a sentence. */
  fullBecause: z.string().optional(),
});

export type BuildSummary = z.infer<typeof buildSummarySchema>;

/**
 * A candidate after its build. Both others are kept for inspection and cannot be published: `HELD` is whole, but a test
 * failed; `FAILED` lacks a model.
 */
export interface CandidateResult extends BuildCounts {
  publication: number;
  /** Absent in runs of version 0.1.0: FULL. */
  scope?: BuildScope;
  /** Why a build that was to be PARTIAL became FULL: half a sentence. */
  fullBecause?: string;
  status: 'BUILT' | 'HELD' | 'FAILED';
  /** What was built and tested in each layer, from RAW on; absent in runs of earlier versions. */
  layers?: LayerCounts[];
  /** First failures, for the run's sentence. */
  failures: NodeFailure[];
  /** First warnings, for the run's summary. */
  warned: NodeFailure[];
}

/** `BASE_MOVED`: another run published first; the candidate must be built again on the new head. */
export interface PublishResult {
  publication: number;
  outcome: 'PUBLISHED' | 'BASE_MOVED';
}

/** Result of `mfgRawIngestion`. */
export const rawIngestionResultSchema = z.object({
  /** `<workflow id>::<run id of the first execution>`. */
  loadId: z.string(),
  sourceSystem: z.string(),
  logicalDate: logicalDate,
  /** Dates that were loaded, ascending. */
  logicalDates: z.array(logicalDate),
  /** Files under the system's folder that belong to no described table; at most 20. */
  ignoredFiles: z.array(z.string()),
  /** `NOTHING_NEW`: no delivery to load (and with `reuse` nothing else changed), so nothing was built; quality was monitored all the same. */
  outcome: z.enum(['PUBLISHED', 'NOTHING_NEW']),
  /** Number of the publication that the run made; null when there was nothing new. */
  publication: z.int().nullable(),
  loads: checkedLoadsSchema,
  /** Deliveries of the run's own date that were not loaded again, since another load holds them. */
  reused: count,
  build: buildSummarySchema.nullable(),
  /** First warnings of the build. */
  warned: z.array(nodeFailureSchema),
  quality: dataQualityResultSchema.nullable(),
  /** Dates of a backfill that were left out whole; they stay pending. */
  failedDates: z.array(failedDateSchema).optional(),
  /** Tables of the run's own date that were not delivered by their deadline and are not required. */
  lateTables: z.array(z.string()).optional(),
  /** Dates that lack their done marker: left to a later run. */
  unfinishedDates: z.array(logicalDate).optional(),
});

export type RawIngestionResult = z.infer<typeof rawIngestionResultSchema>;

/** Result of `mfgDbtTransform`. */
export const dbtTransformResultSchema = z.object({
  /** `<workflow id>::<run id of the first execution>`. */
  loadId: z.string(),
  /** `NOTHING_NEW` (only with `reuse`): nothing has changed since the publication was built. */
  outcome: z.enum(['PUBLISHED', 'NOTHING_NEW']),
  /** Number of the publication that the run made; null when there was nothing new. */
  publication: z.int().nullable(),
  build: buildSummarySchema.nullable(),
  /** First warnings of the build. */
  warned: z.array(nodeFailureSchema),
});

export type DbtTransformResult = z.infer<typeof dbtTransformResultSchema>;

/** What retention keeps, besides what readers see, what is pinned and what runs. */
export const retentionRulesSchema = z.object({
  /** The newest publications whose data sets stay. */
  keepPublications: count,
  /** Days: what readers saw within them stays; so do held and failed candidates, and loads that were never published. */
  keepDays: z.number(),
  /** Hours from marking to removing: as long as a reader may go on with what it has open. */
  graceHours: z.number(),
  /** Only tell what would be done. */
  dryRun: z.boolean(),
});

export type RetentionRules = z.infer<typeof retentionRulesSchema>;

/** `leftovers` are what crashes left; `unknown files` lie among the platform's own and are not in its ledger. */
const retentionKindSchema = z.enum([
  'data sets',
  'partitions',
  'rejected records',
  'landed files',
  'leftovers',
  'unknown files',
]);

export type RetentionKind = z.infer<typeof retentionKindSchema>;

/** Things of a kind, such as files, data sets or partitions' rows, and the space they take. */
export const storedSpaceSchema = z.object({
  kind: retentionKindSchema,
  items: count,
  /** Null: the warehouse does not tell. */
  bytes: z.number().nullable(),
});

export type StoredSpace = z.infer<typeof storedSpaceSchema>;

/** Result of `mfgRetention`. In a dry run: what would be so. */
export const retentionResultSchema = z.object({
  rules: retentionRulesSchema,
  keptDataSets: count,
  /** Marked now: nobody can go back to them any more. */
  droppedDataSets: z.array(z.int()),
  /** Marked now: later data sets do not list them. */
  retiredPartitions: count,
  /** Builds and attempts at partitions that were given up now: left behind by crashes. */
  abandonedBuilds: z.array(z.int()),
  abandonedLoads: count,
  /** The space won. */
  removed: z.array(storedSpaceSchema),
  /** Marked, but still within the grace period or listed by a data set that is kept. */
  waiting: z.array(storedSpaceSchema),
  /** Files and databases that are the platform's by their place or name alone, at most 20. */
  unknownFiles: z.array(z.string()),
});

export type RetentionResult = z.infer<typeof retentionResultSchema>;

/** What a running activity tells: shown as heartbeat details in the Web UI and as live progress on the command line. */
export interface ActivityProgress {
  /** What is being done, such as a table or a dbt node. */
  at: string;
  done: number;
  of: number;
}

/** Answer of the `progress` query. */
export const runProgressSchema = z.object({
  stage: z.enum([
    'discovering',
    'waiting',
    'loading',
    'backfilling',
    'checking',
    'building',
    'publishing',
    'monitoring',
    'done',
  ]),
  /** Held by the update `pause` until `resume`: what is under way ends, nothing new begins. */
  paused: z.boolean(),
  logicalDate: logicalDate.nullable(),
  /** While the stage is `waiting`. */
  waitingFor: z.array(awaitedDeliverySchema),
  /** Days of a backfill that publishes each. */
  daysDone: count,
  days: count,
  /** Number of dates that could not be loaded so far, and the first 20 of them. */
  failedDateCount: count,
  failedDates: z.array(failedDateSchema),
  batchesDone: count,
  batches: count,
  loads: loadCountsSchema,
  publication: z.int().nullable(),
});

export type RunProgress = z.infer<typeof runProgressSchema>;
