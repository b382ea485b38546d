import type { SnowflakeSettings } from '../../contracts/snowflake-settings';
import { sealPartitions } from '../store/ledger';
import { storeMethods } from '../store/store-methods';
import type { Warehouse } from '../warehouse';
import { adHocCopy } from './ad-hoc-copy';
import { SnowflakeAccount } from './connection';
import { databaseNames, quoted } from './database-names';
import { dbtEnvironment } from './dbt-environment';
import { diff } from './diff';
import { exportRelation } from './export';
import { createCandidate, finishCandidate, type SnowflakeStore } from './publications';
import { publishing } from './publishing';
import { queries, query } from './query';
import { clearStage, placePartition, requireRows } from './raw-tables';
import { reconcile } from './reconcile';
import { rejectedRecords } from './rejected-records';
import { retain } from './retention';
import { snowflakeString } from './sql-text';
import { storeSessions } from './store';

/** How a Snowflake warehouse is used by this process. */
export interface SnowflakeWarehouseOptions {
  /** Local scratch of this worker: nothing that another one needs. */
  stateDir: string;
  /** Copies of delivered files, which all workers share; retention removes those that no run may still load. */
  landingDir: string;
  /** Recorded with each publication. */
  codeVersion: string;
  /** Seconds that another's claim on a publication is waited for before it is finished in its place. */
  claimPatienceS?: number;
  /** A person sits at the screen: a login may open a browser. */
  isAttended?: boolean;
}

/**
 * The warehouse in production: a database for the store and all partitions, one for each data set, one that readers open.
 * Close it when the process ends: it keeps sessions open between pieces of work.
 */
export function createSnowflakeWarehouse(
  settings: SnowflakeSettings,
  { stateDir, landingDir, codeVersion, claimPatienceS, isAttended = false }: SnowflakeWarehouseOptions,
): Warehouse {
  const account = new SnowflakeAccount(settings, { isAttended });
  const names = databaseNames(settings.names);
  const session = storeSessions(account, names);
  const store: SnowflakeStore = { account, names, session, stateDir, landingDir };
  const { finish, ...log } = publishing(store, claimPatienceS);
  return {
    dbtTarget: 'snowflake',
    identifier: quoted,
    literal: snowflakeString,

    dbtEnvironment: (candidate) => dbtEnvironment(settings, names.dataSet(candidate.publication), 'dbt'),

    adHocCopy: (person) => adHocCopy(store, settings, person),

    ...storeMethods(session),

    ...log,

    placePartition: (table, loadSeq, staged, signal) => placePartition(account, names, table, loadSeq, staged, signal),

    sealPartitions: async (placed) => {
      if (placed.length === 0) return [];
      await requireRows(account, names, placed);
      const sealed = await session((db) => sealPartitions(db, placed));
      await clearStage(account, names, placed).catch(() => undefined);
      return sealed;
    },

    rejectedRecords: (filter) => rejectedRecords(store, filter),

    createCandidate: async (request) => {
      await finish();
      return createCandidate(store, request, codeVersion);
    },

    finishCandidate: (candidate, build) => finishCandidate(store, candidate, build),

    retain: (rules, signal) => retain(store, rules, signal),

    reconcile: (options) => reconcile(store, options),

    query: (target, sql, signal) => query(store, target, sql, signal),
    queries: (target, work, signal) => queries(store, target, work, signal),

    exportRelation: (target, relation, file, signal) => exportRelation(store, target, relation, file, signal),

    diff: (before, after, signal) => diff(store, before, after, signal),

    close: () => account.close(),
  };
}
