import { withDuckDb } from '../../duckdb/connection';
import { sqlIdentifier, sqlString } from '../../duckdb/sql-text';
import type { Warehouse } from '../warehouse';
import { sealPartitions } from '../store/ledger';
import { storeMethods } from '../store/store-methods';
import { adHocCopy } from './ad-hoc-copy';
import { diff } from './diff';
import { exportRelation } from './export';
import { layoutOf } from './layout';
import { placeFiles, requireFiles } from './partition-files';
import { actsOfPeople } from './people';
import { createCandidate, finishCandidate, publish } from './publications';
import { queries, query } from './query';
import { reconcile } from './reconcile/reconcile';
import { rejectedRecords } from './rejected-records';
import { retain } from './retention';
import { storeSessions } from './store';

/** The DuckDB that the npm package brings must be the one that dbt brings: files are not compatible across versions. */
export const DUCKDB_VERSION = 'v1.5.6';

/**
 * The embedded warehouse: a store file for the ledger, a Parquet file per partition, a database file per publication.
 *
 * @param stateDir absolute path of the state folder. @param codeVersion recorded with each publication.
 * @param landingDir where landed files are, when not in the state folder.
 */
export function createDuckDbWarehouse(stateDir: string, codeVersion: string, landingDir?: string): Warehouse {
  const layout = layoutOf(stateDir, landingDir);
  const session = storeSessions(layout);
  return {
    dbtTarget: 'duckdb',
    identifier: sqlIdentifier,
    literal: sqlString,

    // The profile's path is relative: dbt runs in the candidate's folder.
    dbtEnvironment: () => ({}),

    // The machine is one person's: one copy is enough.
    adHocCopy: () => adHocCopy(layout),

    close: () => Promise.resolve(),

    ...storeMethods(session),

    ...actsOfPeople(session, layout),

    placePartition: (table, loadSeq, staged) => placeFiles(layout, table.name, loadSeq, staged),

    sealPartitions: async (placed) => {
      if (placed.length === 0) return [];
      return session(async (db) => {
        await requireFiles(layout, placed);
        return sealPartitions(db, placed);
      });
    },

    rejectedRecords: (filter) => rejectedRecords(session, layout, filter),

    createCandidate: (request) => createCandidate(session, layout, request, codeVersion),

    finishCandidate: (candidate, build) => finishCandidate(session, layout, candidate, build),

    publish: (publication) => publish(session, layout, publication),

    retain: (rules, signal) => retain(session, layout, rules, signal),

    reconcile: (options) => reconcile(session, layout, options),

    query: (target, sql, signal) => query(session, layout, target, sql, signal),
    queries: (target, work, signal) => queries(session, layout, target, work, signal),

    exportRelation: (target, relation, file, signal) => exportRelation(session, layout, target, relation, file, signal),

    diff: (before, after, signal) => diff(session, layout, before, after, signal),
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
