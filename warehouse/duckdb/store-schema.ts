import type { DuckDb } from '../../duckdb/connection';
import { utcNow } from '../store/store-db';

/**
 * The store's shape, as migrations: entry N turns version N into N + 1. Entries are never edited once released.
 *
 * Tables in schema `raw` are those that readers know (RAW.RAW_LOAD_AUDIT and so on); the others are the platform's own.
 * No primary keys beyond the run manifest's: the warehouse in production does not enforce any, so nothing relies on them.
 */
const MIGRATIONS: readonly string[] = [
  `
  create schema raw;
  create sequence load_seq;
  create sequence audit_event;
  create sequence publication_number;

  -- One row per LOAD_ID; written by its first execution, never changed.
  create table run_manifest (
    load_id varchar, workflow_id varchar, run_id varchar, source_system varchar, logical_date date,
    logical_date_origin varchar, started_at timestamp, contract_digests json, code_version varchar);

  -- One row per file of a manifest.
  create table run_delivery (
    load_id varchar, batch integer, position integer, table_name varchar, logical_date date, source_file varchar,
    size_bytes bigint, modified_at varchar, sha256 varchar);

  -- One row per attempt at a partition. status: STARTED, SEALED, ABANDONED.
  create table raw_partition (
    load_seq bigint, load_id varchar, table_name varchar, logical_date date, status varchar, attempt integer,
    columns varchar[], rows_read bigint, rows_loaded bigint, rows_rejected bigint, checksum varchar,
    checksum_kind varchar, started_at timestamp, sealed_at timestamp);

  -- Append-only: one row per event of an attempt at a partition. status: STARTED, LOADED, FAILED.
  create table raw.raw_load_audit (
    event_id bigint, recorded_at timestamp, load_id varchar, workflow_id varchar, run_id varchar, table_name varchar,
    logical_date date, load_seq bigint, attempt integer, status varchar, source_files varchar, fingerprint varchar,
    size_bytes bigint, rows_read bigint, rows_loaded bigint, rows_rejected bigint, checksum varchar,
    checksum_kind varchar, error varchar);

  -- One row per entry of the publication log. status: BUILDING, BUILT, HELD, FAILED, CANCELLED, SUPERSEDED, PUBLISHED.
  -- base: the entry it was created on. data_set: the entry whose build it shows.
  create table raw.raw_publication (
    publication bigint, base bigint, data_set bigint, status varchar, load_id varchar, workflow_id varchar,
    run_id varchar, attempt integer, code_version varchar, models integer, tests integer, warnings integer,
    build_seconds double, failure varchar, created_at timestamp, built_at timestamp, published_at timestamp);

  -- A data set's partitions as the difference to its base's data set. action: ADDED (new or in place of the base's).
  create table raw.raw_published_load (
    data_set bigint, base_data_set bigint, table_name varchar, logical_date date, load_seq bigint, load_id varchar,
    action varchar);

  -- One row: the entry that readers see.
  create table head (publication bigint);
  insert into head values (null);

  -- One row per dbt node and build.
  create table raw.dbt_run_audit (
    publication bigint, node varchar, resource_type varchar, status varchar, message varchar, rows_affected bigint,
    seconds double);

  -- One row per check, table and run.
  create table raw.data_quality_audit (
    run_id varchar, workflow_id varchar, load_id varchar, ordinal integer, publication bigint, check_name varchar,
    table_name varchar, severity varchar, status varchar, observed varchar, expected varchar, detail varchar,
    recorded_at timestamp);

  -- Files of a build that later builds need: dbt's manifest, run results.
  create table build_artifact (publication bigint, name varchar, content varchar);
  `,
  `
  -- kind: BUILD (its data set is its own), ROLLBACK and APPROVAL (entries of people, on an existing data set).
  -- target: of a ROLLBACK, the publication it went back to; of an APPROVAL, the candidate that was held.
  -- scope: FULL (into an empty database), PARTIAL (into a copy of the base's). project_digest, contract_digests: what it was built from.
  -- Defaults, not an UPDATE: DuckDB cannot commit a transaction that updates a table and alters it after that.
  alter table raw.raw_publication add column kind varchar default 'BUILD';
  alter table raw.raw_publication add column target bigint;
  alter table raw.raw_publication add column actor varchar;
  alter table raw.raw_publication add column reason varchar;
  alter table raw.raw_publication add column scope varchar default 'FULL';
  alter table raw.raw_publication add column project_digest varchar;
  alter table raw.raw_publication add column contract_digests json;

  -- Append-only: one row per PIN or UNPIN; a publication is pinned when its newest row says PIN.
  create table raw.raw_publication_pin (
    event_id bigint, recorded_at timestamp, publication bigint, action varchar, actor varchar, reason varchar);

  -- Deliveries that the newest rollback which touched them took away from readers: not pending while their files stay as they are.
  create table withdrawn_delivery (
    table_name varchar, logical_date date, load_seq bigint, load_id varchar, publication bigint);

  -- One row per difference between a delivered file and its contract, and attempt at its partition; failed ones too.
  create table raw.schema_drift_event (
    recorded_at timestamp, load_id varchar, table_name varchar, logical_date date, load_seq bigint,
    source_file varchar, drift varchar, column_name varchar, policy varchar, detail varchar);

  -- Of an event REUSED: the load that holds the delivery already; load_seq is its partition there.
  alter table raw.raw_load_audit add column reused_load_id varchar;

  -- Hash of what shapes every relation of a build: one that was built with another is not copied for a partial build.
  alter table raw.raw_publication add column settings_digest varchar;

  -- replaced_tables: tables that the load replaces whole (strategy truncate_reload), as a JSON array.
  alter table run_manifest add column replaced_tables json;

  -- Retention. retired_at: no candidate that is opened later lists the partition; listed_until: the newest log entry then, so that
  -- no data set after it does. dropped_at, on every entry that shows the data set: nobody can go to it any more.
  -- removed_at: its files are gone. A publication's status may also be ABANDONED: its build was given up by whoever ran it.
  alter table raw_partition add column retired_at timestamp;
  alter table raw_partition add column listed_until bigint;
  alter table raw_partition add column removed_at timestamp;
  alter table raw.raw_publication add column dropped_at timestamp;
  alter table raw.raw_publication add column removed_at timestamp;
  `,
  `
  -- As JSON text: the warehouse in production has no lists.
  alter table raw_partition alter column columns type varchar using to_json(columns)::varchar;

  -- content is compressed (gzip, base64), in parts that are numbered from 0; without a number it is one part, as it was written.
  -- A publication's status may also be PUBLISHING: it is decided, and readers are about to see it.
  alter table build_artifact add column part integer;
  `,
  `
  -- threshold: from where on a check does not pass. details: the numbers behind its outcome, as JSON text, with a sample of keys.
  -- rule_version: hash of the check's declaration. is_gate: it decided on the publication of a candidate.
  alter table raw.data_quality_audit add column threshold varchar;
  alter table raw.data_quality_audit add column details varchar;
  alter table raw.data_quality_audit add column is_gate boolean;
  alter table raw.data_quality_audit add column rule_version varchar;
  alter table raw.data_quality_audit add column code_version varchar;
  alter table raw.data_quality_audit add column started_at timestamp;
  `,
];

/** Brings a store to the newest shape, inside the caller's transaction. */
export async function migrateStore(db: DuckDb): Promise<void> {
  const version = await storeVersion(db);
  if (version > MIGRATIONS.length) {
    throw new Error(
      `the store has shape ${version}, this code knows ${MIGRATIONS.length}: it was written by a newer version of the platform; update this one.`,
    );
  }
  for (const [index, statements] of MIGRATIONS.entries()) {
    if (index < version) continue;
    if (index === 0) await db.run('create table store_version (version integer, applied_at timestamp)');
    await db.run(statements);
    await db.run('insert into store_version values ($1, $2::timestamp)', [index + 1, utcNow()]);
  }
}

/** 0 for a new store. Reads only: a session that writes to a candidate must not have written to the store. */
async function storeVersion(db: DuckDb): Promise<number> {
  const tables = await db.rows("select 1 from duckdb_tables() where table_name = 'store_version'");
  if (tables.length === 0) return 0;
  const [row] = await db.rows('select max(version) as version from store_version');
  return Number(row?.version);
}
