import { withDuckDb } from '../../duckdb/connection';
import type { Warehouse } from '../warehouse';
import { buildInputs, readArtifact } from './build-inputs';
import { replacedRows, selectHead } from './data-sets';
import { diff } from './diff';
import { exportRelation } from './export';
import { layoutOf } from './layout';
import { failPartition, loadCounts, placeFiles, sealPartitions, startPartitions, unsealedDeliveries } from './ledger';
import { knownDeliveries } from './known-deliveries';
import { insertManifest, selectManifest } from './manifests';
import { approve, rollback, setPin } from './people';
import { createCandidate, finishCandidate, publish } from './publications';
import { query } from './query';
import { rejectedRecords } from './rejected-records';
import { reconcile } from './reconcile/reconcile';
import { recordedRuns } from './reconcile/recorded-runs';
import { retain } from './retention';
import { storeSessions } from './store';
import { utcNow } from './store-schema';

/** The DuckDB that the npm package brings must be the one that dbt brings: files are not compatible across versions. */
export const DUCKDB_VERSION = 'v1.5.6';

/**
 * The embedded warehouse: a store file for the ledger, a Parquet file per partition, a database file per publication.
 *
 * @param stateDir absolute path of the state folder. @param codeVersion recorded with each publication.
 */
export function createDuckDbWarehouse(stateDir: string, codeVersion: string): Warehouse {
  const layout = layoutOf(stateDir);
  const session = storeSessions(layout);
  return {
    dbtTarget: 'duckdb',

    readManifest: (loadId) => session((db) => selectManifest(db, loadId)),

    saveManifest: (manifest) =>
      session(async (db) => {
        const standing = await selectManifest(db, manifest.loadId);
        if (standing === undefined) await insertManifest(db, manifest);
        return standing ?? manifest;
      }),

    knownDeliveries: () => session((db) => knownDeliveries(db)),

    startPartitions: (run, deliveries, attempt) => session((db) => startPartitions(db, run, deliveries, attempt)),

    placePartition: (table, loadSeq, staged) => placeFiles(layout, table.name, loadSeq, staged),

    sealPartitions: async (placed) => (placed.length === 0 ? [] : session((db) => sealPartitions(db, layout, placed))),

    failPartition: (loadSeq, error, found) => session((db) => failPartition(db, loadSeq, error, found)),

    unsealedDeliveries: (run) => session((db) => unsealedDeliveries(db, run)),

    loadCounts: (loadId, withoutDates = []) => session((db) => loadCounts(db, loadId, withoutDates)),

    replacedRows: (loadId) => session(async (db) => replacedRows(db, loadId, (await selectHead(db))?.dataSet ?? null)),

    rejectedRecords: (filter) => rejectedRecords(session, layout, filter),

    buildInputs: (request) => session((db) => buildInputs(db, request)),

    createCandidate: (request) => createCandidate(session, layout, request, codeVersion),

    finishCandidate: (candidate, build) => finishCandidate(session, layout, candidate, build),

    publish: (publication) => publish(session, layout, publication),

    approve: (candidate, act) => approve(session, layout, candidate, act),

    rollback: (to, act) => rollback(session, layout, to, act),

    pin: (publication, act) => setPin(session, layout, publication, 'PIN', act),

    unpin: (publication, act) => setPin(session, layout, publication, 'UNPIN', act),

    retain: (rules, signal) => retain(session, layout, rules, signal),

    reconcile: (options) => reconcile(session, layout, options),

    recordedRuns: () => session((db) => recordedRuns(db)),

    head: () => session(async (db) => (await selectHead(db))?.publication),

    query: (target, sql, signal) => query(session, layout, target, sql, signal),

    exportRelation: (target, relation, file, signal) => exportRelation(session, layout, target, relation, file, signal),

    diff: (before, after, signal) => diff(session, layout, before, after, signal),

    buildArtifact: (dataSet, name) => session((db) => readArtifact(db, dataSet, name)),

    saveQuality: (run, records) =>
      session(async (db) => {
        await db.run('delete from raw.data_quality_audit where run_id = $1 and workflow_id = $2', [
          run.runId,
          run.workflowId,
        ]);
        await db.run(
          `insert into raw.data_quality_audit
           select $1, $2, $3, r.ordinal, r.publication, r."check", r."table", r.severity, r.status, r.observed,
             r.expected, r.detail, $5::timestamp
           from (select unnest(from_json($4::json, '[{"ordinal": "INTEGER", "publication": "BIGINT",
             "check": "VARCHAR", "table": "VARCHAR", "severity": "VARCHAR", "status": "VARCHAR",
             "observed": "VARCHAR", "expected": "VARCHAR", "detail": "VARCHAR"}]'), max_depth := 2)) as r`,
          [run.runId, run.workflowId, run.loadId, JSON.stringify(records), utcNow()],
        );
      }),
  };
}

/** @throws Error when the npm package's DuckDB is not the version that dbt is pinned to. */
export async function assertDuckDbVersion(): Promise<void> {
  const version = await withDuckDb({ path: ':memory:' }, async (db) => {
    const [row] = await db.rows('select version() as version');
    return String(row?.version);
  });
  if (version !== DUCKDB_VERSION) {
    throw new Error(`DuckDB is ${version}, the platform is pinned to ${DUCKDB_VERSION}: run npm ci.`);
  }
}
