import { AUDIT_TABLES } from '../store/store-db';
import type { SnowflakeConnection } from './connection';
import { quoted, type DatabaseNames } from './database-names';

/** Shape of the store that this code writes. */
const STORE_VERSION = 2;

/**
 * The store's tables, as `warehouse/duckdb/store-schema.ts` describes them. Each statement may be repeated: several workers may
 * meet a new account at once, and a DDL statement commits by itself.
 */
const TABLES: Record<string, string> = {
  run_manifest: `load_id varchar, workflow_id varchar, run_id varchar, source_system varchar, logical_date date,
    logical_date_origin varchar, started_at timestamp_ntz, contract_digests varchar, code_version varchar,
    replaced_tables varchar`,
  run_delivery: `load_id varchar, batch integer, position integer, table_name varchar, logical_date date,
    source_file varchar, size_bytes bigint, modified_at varchar, sha256 varchar`,
  raw_partition: `load_seq bigint, load_id varchar, table_name varchar, logical_date date, status varchar,
    attempt integer, columns varchar, rows_read bigint, rows_loaded bigint, rows_rejected bigint, checksum varchar,
    checksum_kind varchar, started_at timestamp_ntz, sealed_at timestamp_ntz, retired_at timestamp_ntz,
    listed_until bigint, removed_at timestamp_ntz`,
  withdrawn_delivery: `table_name varchar, logical_date date, load_seq bigint, load_id varchar, publication bigint`,
  build_artifact: `publication bigint, name varchar, part integer, content varchar`,
  'raw.raw_load_audit': `event_id bigint, recorded_at timestamp_ntz, load_id varchar, workflow_id varchar, run_id varchar,
    table_name varchar, logical_date date, load_seq bigint, attempt integer, status varchar, source_files varchar,
    fingerprint varchar, size_bytes bigint, rows_read bigint, rows_loaded bigint, rows_rejected bigint, checksum varchar,
    checksum_kind varchar, error varchar, reused_load_id varchar`,
  'raw.raw_publication': `publication bigint, base bigint, data_set bigint, status varchar, load_id varchar,
    workflow_id varchar, run_id varchar, attempt integer, code_version varchar, models integer, tests integer,
    warnings integer, build_seconds double, failure varchar, created_at timestamp_ntz, built_at timestamp_ntz,
    published_at timestamp_ntz, kind varchar, target bigint, actor varchar, reason varchar, scope varchar,
    project_digest varchar, contract_digests varchar, settings_digest varchar, dropped_at timestamp_ntz,
    removed_at timestamp_ntz`,
  'raw.raw_published_load': `data_set bigint, base_data_set bigint, table_name varchar, logical_date date,
    load_seq bigint, load_id varchar, action varchar`,
  'raw.raw_publication_pin': `event_id bigint, recorded_at timestamp_ntz, publication bigint, action varchar,
    actor varchar, reason varchar`,
  'raw.dbt_run_audit': `publication bigint, node varchar, resource_type varchar, status varchar, message varchar,
    rows_affected bigint, seconds double`,
  'raw.data_quality_audit': `run_id varchar, workflow_id varchar, load_id varchar, ordinal integer, publication bigint,
    check_name varchar, table_name varchar, severity varchar, status varchar, observed varchar, expected varchar,
    detail varchar, recorded_at timestamp_ntz, threshold varchar, details varchar, is_gate boolean, rule_version varchar,
    code_version varchar, started_at timestamp_ntz`,
  'raw.schema_drift_event': `recorded_at timestamp_ntz, load_id varchar, table_name varchar, logical_date date,
    load_seq bigint, source_file varchar, drift varchar, column_name varchar, policy varchar, detail varchar`,
  'raw.rejected_record': `table_name varchar, _load_seq bigint, _load_id varchar, _logical_date date,
    _source_file varchar, _source_row_number bigint, reason varchar, raw_record varchar`,
};

/**
 * Makes the store where it is missing, and leaves the connection in its database. Its last statement is what shows, the next time,
 * that all of it is there.
 *
 * @throws Error when a newer version of the platform has written it.
 */
export async function migrateStore(connection: SnowflakeConnection, names: DatabaseNames): Promise<void> {
  const version = await storeVersion(connection, names);
  if (version === undefined) return createStore(connection, names);
  if (version === 1) return describeChecksInFull(connection, names);
  if (version > STORE_VERSION) {
    throw new Error(
      `the store has shape ${version}, this code knows ${STORE_VERSION}: ` +
        'it was written by a newer version of the platform; update this one.',
    );
  }
}

/** Version 1 to 2: quality checks with their thresholds, details and versions. */
async function describeChecksInFull(connection: SnowflakeConnection, names: DatabaseNames): Promise<void> {
  await useStore(connection, names);
  const table = 'raw.data_quality_audit';
  for (const column of [
    'threshold varchar',
    'details varchar',
    'is_gate boolean',
    'rule_version varchar',
    'code_version varchar',
    'started_at timestamp_ntz',
  ]) {
    await connection.run(`alter table ${table} add column if not exists ${column}`);
  }
  const [head] = await connection.rows('select publication from head');
  if (head?.publication === null) {
    await connection.run(
      `create or replace view ${names.shown}."RAW".data_quality_audit as select * from ${names.store}."RAW".data_quality_audit`,
    );
  }
  await connection.run('update store_lock set store_version = 2');
}

/** Undefined when there is no store, or only a part of one. */
async function storeVersion(connection: SnowflakeConnection, names: DatabaseNames): Promise<number | undefined> {
  const databases = await connection.rows(`show databases like '${names.pattern}'`);
  if (!databases.some((row) => quoted(String(row.name)) === names.store)) return undefined;
  const tables = await connection.rows(
    `select 1 as n from ${names.store}.information_schema.tables
     where table_schema = 'PLATFORM' and table_name = 'STORE_LOCK'`,
  );
  if (tables.length === 0) return undefined;
  const [lock] = await connection.rows(`select store_version from ${names.store}."PLATFORM".store_lock`);
  return Number(lock?.store_version);
}

async function createStore(connection: SnowflakeConnection, names: DatabaseNames): Promise<void> {
  await connection.run(`create transient database if not exists ${names.shown}`);
  await connection.run(`create schema if not exists ${names.shown}."RAW"`);
  await connection.run(`create database if not exists ${names.store}`);
  await connection.run(`create schema if not exists ${names.store}."PLATFORM"`);
  await connection.run(`create schema if not exists ${names.store}."RAW"`);
  // After the schemas: making one makes it the session's own.
  await useStore(connection, names);
  for (const [name, columns] of Object.entries(TABLES)) {
    await connection.run(`create table if not exists ${name} (${columns})`);
  }
  await connection.run(`create stage if not exists ${names.stage}`);
  for (const table of AUDIT_TABLES) {
    // Before the first publication readers see the audits alone.
    const view = `${names.shown}."RAW".${table}`;
    await connection.run(`create view if not exists ${view} as select * from ${names.store}."RAW".${table}`);
  }
  // One row in each, whoever comes first: a table that is there already is left as it is.
  await connection.run('create table if not exists head as select null::bigint as publication');
  await connection.run(
    `create table if not exists store_lock as
     select 0::bigint as sessions, 0::bigint as load_seq, 0::bigint as audit_event, 0::bigint as publication_number,
       null::varchar as publisher, null::timestamp_ntz as claimed_at, ${STORE_VERSION} as store_version`,
  );
}

/** Unqualified names are the platform's own tables of the store from here on, and RAW is the store's. */
export async function useStore(connection: SnowflakeConnection, names: DatabaseNames): Promise<void> {
  await connection.run(`use schema ${names.store}."PLATFORM"`);
}
