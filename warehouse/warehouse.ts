import type { KpiColumn } from '../contracts/dbt-artifacts';
import type {
  BuildCounts,
  CheckedLoads,
  Delivery,
  PublishResult,
  RetentionResult,
  RetentionRules,
  RunIdentity,
  RunManifest,
} from '../contracts/run';
import type { QualityRecord } from '../contracts/quality';
import type { StagedPartition } from '../contracts/raw-partition';
import type { SchemaDrift } from '../contracts/schema-drift';
import type { SourceTable } from '../contracts/source-contract';

/**
 * Words of this interface
 *
 * - partition: the rows of one table for one logical date from one attempt, named by its `loadSeq`. Written once; it
 *   counts only once it is sealed.
 * - load: what one run (one LOAD_ID) ingested: its sealed partitions.
 * - publication: an entry of the monotonic publication log, named by its number. Before its gates it is a candidate.
 * - base: the entry that was head when a candidate was created. It becomes head only if its base still is.
 * - head: the publication that readers see.
 */

/** A partition that an attempt may write, or that an earlier attempt of the same run has already sealed. */
export interface PartitionToLoad {
  delivery: Delivery;
  loadSeq: bigint;
  /** Set when there is nothing left to do: a sealed partition of this run holds this delivery. */
  sealed: SealedPartition | undefined;
}

/** Counts of a sealed partition. */
export interface SealedPartition {
  rowsRead: number;
  rowsLoaded: number;
  rowsRejected: number;
}

/** What staging left on the local disk for one partition. */
export interface StagedFiles {
  /** Undefined when nothing is loaded, because too much was rejected. */
  rows: string | undefined;
  /** Undefined when no record was rejected. */
  rejects: string | undefined;
}

/** A partition whose rows are in place and counted. */
export interface PlacedPartition {
  table: SourceTable;
  loadSeq: bigint;
  staged: StagedPartition;
}

/** What a candidate is made from. */
export interface CandidateRequest {
  run: RunIdentity;
  /** All described tables: each gets its RAW views. */
  tables: SourceTable[];
  /** 1 for the first attempt. */
  attempt: number;
  /** FULL: into an empty database. PARTIAL: into a copy of the base's data set; FULL when there is none to copy. */
  scope: 'FULL' | 'PARTIAL';
  /** Hash of the dbt project that will build it. */
  projectDigest: string;
  /** Hash of what shapes every relation of a build: a base that was built with another is not copied. */
  settingsDigest: string;
  /** Dates of this run's load that do not count, since one of their deliveries could not be loaded. */
  withoutDates: string[];
  /** Tables that this run's load replaces whole (strategy `truncate_reload`): the base's earlier dates of them go. */
  replacedTables: string[];
}

/** What is known of a delivery that could not be loaded. */
export interface FailedPartition {
  drift: SchemaDrift[];
  /** Set when it was read to the end; its rejected records were placed. */
  staged?: StagedPartition;
}

/** A sealed partition beside what it takes the place of. */
export interface ReplacedRows {
  table: string;
  logicalDate: string;
  rowsLoaded: number;
  /** The newest partition up to the same logical date, of the head or, before that date, of the same load. */
  before: { logicalDate: string; rows: number };
}

/** Which rejected records are asked for. */
export interface RejectsFilter {
  /** `current`: those of what readers see; `all`: of every load that is kept, published or not; else a LOAD_ID. */
  load: { kind: 'current' } | { kind: 'all' } | { kind: 'load'; loadId: string };
  table?: string | undefined;
  /** Records returned, the newest loads first. */
  limit: number;
}

/** A rejected record, with what became of its delivery. */
export interface RejectedRecord {
  table: string;
  logicalDate: string;
  loadId: string;
  loadSeq: string;
  sourceFile: string;
  record: number;
  reason: string;
  raw: string;
  /** `current`: its partition is what readers see; `loaded`: sealed, but not, or no more; `failed`: its delivery was not loaded. */
  state: 'current' | 'loaded' | 'failed';
}

/** What a build would be made from, as far as its loads go. */
export type BuildInputsRequest = Pick<CandidateRequest, 'run' | 'tables' | 'withoutDates' | 'replacedTables'>;

/** A candidate that is open for its build. */
export interface Candidate {
  publication: number;
  /** Log entry it was created on; null for the first. */
  base: number | null;
  /** What it became: see CandidateRequest. */
  scope: 'FULL' | 'PARTIAL';
  /** Why a PARTIAL one became FULL: half a sentence. */
  fullBecause: string | undefined;
  /** False when the base was built from the same dbt project. */
  isProjectChanged: boolean;
  /** Tables whose RAW views differ from the base's: other partitions, or another contract. */
  changedTables: string[];
  /** dbt's manifest.json of the base's build; undefined without a base. */
  baseManifest: string | undefined;
  /** Folder for dbt to run in; its artifacts stay here too. */
  folder: string;
}

/** A relation as dbt names it. */
export interface RelationName {
  schema: string;
  name: string;
}

/** What is recorded of a build that has ended. */
export interface BuildRecord {
  status: 'BUILT' | 'HELD' | 'FAILED' | 'CANCELLED';
  counts: BuildCounts;
  nodes: NodeResult[];
  /** One sentence, when it did not end well. */
  failure: string | undefined;
  /**
   * Of a PARTIAL build, the relations that the dbt project makes: whatever else the copy of the base holds outside RAW is dropped.
   */
  relations?: RelationName[];
  /** Files of the build that later builds or people need: dbt's manifest and run results. */
  artifacts: { name: string; content: string }[];
}

/** One dbt node of one build: grain of RAW.DBT_RUN_AUDIT. */
export interface NodeResult {
  node: string;
  resourceType: string;
  status: string;
  message: string;
  /** Rows affected, or failing rows of a test; null when dbt does not say. */
  rows: number | null;
  seconds: number;
}

/** A sealed partition of a data set. */
export interface AddedPartition {
  table: string;
  /** YYYY-MM-DD */
  logicalDate: string;
  loadSeq: string;
}

/** What a query returns: column names in order, values as JSON. */
export interface QueryResult {
  columns: string[];
  rows: Record<string, unknown>[];
}

/** Runs one read-only query. @throws InvalidInputError when the statement is not a single query, or fails. */
export type RunQuery = (sql: string) => Promise<QueryResult>;

/** Format of an exported file. */
export type ExportFormat = 'parquet' | 'csv';

/** The file that an export writes. */
export interface ExportFile {
  path: string;
  format: ExportFormat;
}

/** An export that stands. */
export interface ExportResult {
  /** `<schema>.<relation>`, as the warehouse spells it. */
  relation: string;
  publication: number;
  rows: number;
  bytes: number;
  /** LOAD_IDs of the loads that the publication holds, in order. */
  loadIds: string[];
  /** Of a CSV: the file beside it that describes it. */
  metadataFile: string | undefined;
}

/** One side of a comparison: a log entry and what built its data set. */
export interface DiffSide extends LogEntry {
  codeVersion: string;
  /** Hash of the dbt project that built it; null when it is not known. */
  projectDigest: string | null;
}

/**
 * A partition that two data sets do not share. CORRECTED: the same table and date from other bytes. RELOADED: from the same bytes.
 */
export interface PartitionDiff {
  table: string;
  logicalDate: string;
  change: 'ADDED' | 'REMOVED' | 'CORRECTED' | 'RELOADED';
  /** The load that holds it now; of a REMOVED one, that held it. */
  loadId: string;
  files: string[];
}

/** A number of one row that is not what it was. */
export interface ValueDiff {
  column: string;
  /** The row's key, as text, in the order of the relation's key. */
  key: (string | null)[];
  before: number | null;
  after: number | null;
  /** Set when people know the column as a KPI: a ratio, 1 is 100 %. */
  kpi: KpiColumn | null;
}

/** A relation of two data sets. SAME and CHANGED are about rows, but for lineage columns; ADDED, REMOVED about the relation. */
export interface RelationDiff {
  /** `<schema>.<relation>` */
  relation: string;
  change: 'SAME' | 'CHANGED' | 'ADDED' | 'REMOVED' | 'NOT_COMPARED';
  /** Columns by which rows were matched; empty when whole rows were, so that none is `changed`. */
  key: string[];
  /** Which of the key's columns are dates. */
  dateKey: string | null;
  rowsBefore: number;
  rowsAfter: number;
  /** Null when the relation was not compared row by row. */
  rows: { added: number; removed: number; changed: number } | null;
  columnsAdded: string[];
  columnsRemoved: string[];
  /** In how many of the changed rows each column differs, most first. */
  columnsChanged: { column: string; rows: number }[];
  /** Of a mart: the biggest changes of its numbers, KPIs first. */
  values: ValueDiff[];
}

/** What one data set holds that another does not. */
export interface DataSetDiff {
  before: DiffSide;
  after: DiffSide;
  partitions: PartitionDiff[];
  relations: RelationDiff[];
}

/** Which data set a query or an export reads. A candidate is one that has ended, whatever came of it. */
export type QueryTarget =
  { kind: 'head' } | { kind: 'publication'; publication: number } | { kind: 'candidate'; publication: number };

/** Who does something with the publication log by hand, and why: audited. */
export interface PersonalAct {
  /** As the machine knows the person, such as the user name. */
  actor: string;
  reason: string | undefined;
}

/** A log entry and the data set that it shows. */
export interface LogEntry {
  publication: number;
  dataSet: number;
}

/** What a rollback did. */
export interface RollbackResult extends LogEntry {
  /** The publication that readers saw before. */
  from: number;
  /** The publication whose data set they see now. */
  to: number;
  /** Deliveries that readers no longer see: not loaded again until their files change or they are asked for. */
  withdrawnDeliveries: number;
}

/** A delivery that was loaded, with the load that holds it. */
export interface LoadedDelivery extends Delivery {
  loadId: string;
  loadSeq: bigint;
  /** Digest of the table's contract when it was loaded. */
  contractDigest: string;
}

/** What the head holds, one per (table, logical date), and what a rollback took away from it. */
export interface KnownDeliveries {
  published: LoadedDelivery[];
  withdrawn: LoadedDelivery[];
}

/** What a build on the head would start from. */
export interface BuildInputs {
  /** The head; null before the first publication. */
  base: number | null;
  /** Tables whose RAW views would differ from the base's. */
  changedTables: string[];
  /** Hash of the dbt project that built the base; null when it is not known. */
  projectDigest: string | null;
  /** Hash of what shapes every relation of the base; null when it is not known. */
  settingsDigest: string | null;
}

/** Something that two places say differently. */
export interface Disagreement {
  /** ERROR: data is lost or wrong. WARN: look into it. INFO: expected, such as what a crash left or a history that has expired. */
  severity: 'ERROR' | 'WARN' | 'INFO';
  /** One line: where, and who says what. */
  what: string;
  /** What to do. */
  advice: string;
}

/** What the store knows of one run (one LOAD_ID), to be compared with Temporal's history of it. */
export interface RecordedRun extends RunIdentity {
  /** It has a run manifest: an ingestion that has discovered its deliveries. */
  hasManifest: boolean;
  /** Its entries of the publication log that were published, ascending. */
  published: number[];
  /** Rows of RAW.DATA_QUALITY_AUDIT. */
  checks: number;
}

/** What dbt works on when a person runs it by hand. */
export interface AdHocCopy {
  /** The data set that it copies; undefined before the first publication: it is empty. */
  copyOf: string | undefined;
  /** Where it is, for people: a folder or a database. */
  place: string;
  /** An existing folder for dbt to run in. */
  folder: string;
  /** What dbt's profile reads from the environment to reach it. May hold secrets: for the dbt process alone. */
  environment: Record<string, string>;
}

/**
 * The warehouse as the platform needs it; one adapter per warehouse. Every method is safe to repeat: an activity may
 * be retried after any step.
 */
export interface Warehouse {
  /** dbt target (of profiles.yml) that builds into this warehouse. */
  readonly dbtTarget: string;

  /** A name as contracts and dbt give it, in lower case, as an identifier of this warehouse's SQL. */
  identifier: (name: string) => string;

  /** A text as a literal of this warehouse's SQL. */
  literal: (text: string) => string;

  /** What dbt's profile reads from the environment to build into a candidate. May hold secrets: for the dbt process alone. */
  dbtEnvironment(candidate: Candidate): Record<string, string>;

  /**
   * A copy of what readers open for a person to work on with dbt. It is made anew when something was published since, or when
   * retention has taken it; nothing in it is published.
   *
   * @param person whose copy it is; on a warehouse that people share each has their own.
   */
  adHocCopy(person: string): Promise<AdHocCopy>;

  /** Ends what is kept open between pieces of work: nothing is done after it. */
  close(): Promise<void>;

  /** The manifest of a run, or undefined before its first execution has written it. */
  readManifest(loadId: string): Promise<RunManifest | undefined>;

  /** Writes a run's manifest unless there is one; returns the one that stands. */
  saveManifest(manifest: RunManifest): Promise<RunManifest>;

  /** Deliveries that the head holds and that a rollback withdrew. */
  knownDeliveries(): Promise<KnownDeliveries>;

  /** Opens a partition per delivery for this attempt (audit: STARTED). */
  startPartitions(run: RunManifest, deliveries: Delivery[], attempt: number): Promise<PartitionToLoad[]>;

  /** Puts a staged partition where RAW keeps it, durably. Nothing refers to it yet. @throws the signal's reason when aborted. */
  placePartition(table: SourceTable, loadSeq: bigint, staged: StagedFiles, signal?: AbortSignal): Promise<void>;

  /**
   * Seals placed partitions, all or none (audit: LOADED). The first seal per (LOAD_ID, table, logical date) wins; returns,
   * in order, the counts of the partitions that are sealed now.
   */
  sealPartitions(placed: PlacedPartition[]): Promise<SealedPartition[]>;

  /** Records that an attempt at a partition failed (audit: FAILED), and what was found. What it wrote can never be sealed. */
  failPartition(loadSeq: bigint, error: string, found?: FailedPartition): Promise<void>;

  /** Deliveries of the manifest that have no sealed partition; empty when the load is whole. */
  unsealedDeliveries(run: RunManifest): Promise<Delivery[]>;

  /** Sums over the sealed partitions of a load, but for those of the given dates. */
  loadCounts(loadId: string, withoutDates?: string[]): Promise<CheckedLoads>;

  /** The sealed partitions of a load that take the place of others, or follow them. */
  replacedRows(loadId: string): Promise<ReplacedRows[]>;

  /** Rejected records, and how many there are in all. */
  rejectedRecords(filter: RejectsFilter): Promise<{ total: number; records: RejectedRecord[] }>;

  /** What `createCandidate` would start from now: to know whether there is anything to build. Changes nothing. */
  buildInputs(request: BuildInputsRequest): Promise<BuildInputs>;

  /**
   * Opens a new candidate on the head: the base's partitions plus this run's, winners by logical date, run start, LOAD_ID.
   * Its RAW views stand; dbt may build into it.
   *
   * @throws InvalidInputError when nothing is loaded.
   */
  createCandidate(request: CandidateRequest): Promise<Candidate>;

  /** Closes a candidate after its build, whatever came of it. Only `BUILT` can be published. */
  finishCandidate(candidate: Candidate, build: BuildRecord): Promise<void>;

  /** Makes a built candidate the head, if its base still is (compare and swap). Repeating it gives the same answer. */
  publish(publication: number): Promise<PublishResult>;

  /**
   * Publishes a held candidate by a new log entry, when the entry that it was built on is still the head. Repeating it gives
   * the same answer.
   *
   * @throws InvalidInputError when it is not held, or its base is no longer the head.
   */
  approve(candidate: number, act: PersonalAct): Promise<LogEntry>;

  /**
   * Points readers at an earlier publication's data set, by a new log entry: O(1) in the data. What the head held besides is
   * withdrawn. Default: the publication before what readers see.
   *
   * @throws InvalidInputError when there is no such publication, it is the present one, or its data set is no longer kept.
   */
  rollback(to: number | undefined, act: PersonalAct): Promise<RollbackResult>;

  /** Keeps a publication from retention. @throws InvalidInputError when there is none, or its data set is no longer kept. */
  pin(publication: number, act: PersonalAct): Promise<void>;

  /** Lets retention have a publication again. @throws InvalidInputError when there is no such publication. */
  unpin(publication: number, act: PersonalAct): Promise<void>;

  /**
   * Removes data sets, partitions and rejected records that no kept or pinned publication, candidate under way or open run needs,
   * and what crashes left. Marks first, unlinks after the grace period: safe beside loads, builds, rollbacks and readers, and when
   * killed half-way.
   */
  retain(rules: RetentionRules, signal?: AbortSignal): Promise<RetentionResult>;

  /**
   * Compares ledger, audits, publication log, head and data sets with each other and with the files; changes nothing.
   *
   * @param options checksums: read every row of every partition as well.
   */
  reconcile(options: { checksums: boolean }): Promise<Disagreement[]>;

  /** Every run that the store knows. */
  recordedRuns(): Promise<RecordedRun[]>;

  /** Number of the head, or undefined before the first publication. */
  head(): Promise<number | undefined>;

  /**
   * Runs one read-only query against a data set: RAW, STAGING, CORE, MARTS, with the audit tables live for the head
   * (before the first publication: only those) and as of its build for an earlier publication.
   *
   * @throws InvalidInputError when the statement is not a single query, fails, or there is no such data set.
   */
  query(target: QueryTarget, sql: string, signal?: AbortSignal): Promise<QueryResult>;

  /**
   * Runs several such queries on one data set, one after another, for less than each by itself. The audit tables are as of its
   * build, also of the head.
   */
  queries<T>(target: QueryTarget, work: (query: RunQuery) => Promise<T>, signal?: AbortSignal): Promise<T>;

  /**
   * Writes one relation of a publication to a local file, its rows ordered by all columns, so that a publication always gives
   * the same file. No row passes through JavaScript and memory does not grow with the relation.
   *
   * The file says where it comes from: relation, publication, time of publishing, code version, LOAD_IDs. Parquet holds that
   * in its key-value metadata (`mfg.…`); a CSV is described by `<file>-metadata.json` beside it (W3C's CSVW), with its columns
   * and row count too. A file that is there already is replaced when the new one is whole; when the export fails it stays.
   *
   * @param relation a relation of MARTS, or `schema.relation` of RAW, STAGING, CORE or MARTS; case does not matter.
   * @throws InvalidInputError when there is no such publication or relation, or the file may not be put there;
   * TerminalError when it could not be written; the signal's reason when it was aborted.
   */
  exportRelation(target: QueryTarget, relation: string, file: ExportFile, signal?: AbortSignal): Promise<ExportResult>;

  /**
   * Compares two data sets: the partitions they are made of, and the rows of every RAW, CORE and MARTS relation by its key,
   * without lineage columns. Memory does not grow with the rows: relations beyond some millions of rows are counted only.
   *
   * @throws InvalidInputError when there is no such data set, or it is no longer kept; the signal's reason when aborted.
   */
  diff(before: QueryTarget, after: QueryTarget, signal?: AbortSignal): Promise<DataSetDiff>;

  /** A file that the build of a data set left, such as run_results.json; undefined when there is none. */
  buildArtifact(dataSet: number, name: string): Promise<string | undefined>;

  /** Partitions that a data set holds and its base does not: what its build was for; none when only models changed. */
  addedPartitions(target: QueryTarget): Promise<AddedPartition[]>;

  /**
   * Holds a built candidate back, since a quality gate failed: it is what a failed dbt test makes of one. Repeating it changes
   * nothing. @throws InvalidInputError when it was published already.
   */
  holdCandidate(publication: number, failure: string): Promise<void>;

  /** Replaces this run's rows of RAW.DATA_QUALITY_AUDIT. */
  saveQuality(run: RunIdentity, records: QualityRecord[]): Promise<void>;

  /** A run's rows of RAW.DATA_QUALITY_AUDIT, in order. */
  savedQuality(run: RunIdentity): Promise<QualityRecord[]>;
}
