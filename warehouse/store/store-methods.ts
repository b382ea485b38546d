import type { Warehouse } from '../warehouse';
import { buildInputs, readArtifact } from './build-inputs';
import { replacedRows, selectHead } from './data-sets';
import { knownDeliveries } from './known-deliveries';
import { failPartition, loadCounts, startPartitions, unsealedDeliveries } from './ledger';
import { insertManifest, selectManifest } from './manifests';
import { recordedRuns } from './recorded-runs';
import { READ_ONLY, utcNow, type StoreSession } from './store-db';

/** What a warehouse does in its store alone. */
export function storeMethods(
  session: StoreSession,
): Pick<
  Warehouse,
  | 'readManifest'
  | 'saveManifest'
  | 'knownDeliveries'
  | 'startPartitions'
  | 'failPartition'
  | 'unsealedDeliveries'
  | 'loadCounts'
  | 'replacedRows'
  | 'buildInputs'
  | 'recordedRuns'
  | 'head'
  | 'buildArtifact'
  | 'saveQuality'
> {
  return {
    readManifest: (loadId) => session((db) => selectManifest(db, loadId), READ_ONLY),

    saveManifest: (manifest) =>
      session(async (db) => {
        const standing = await selectManifest(db, manifest.loadId);
        if (standing === undefined) await insertManifest(db, manifest);
        return standing ?? manifest;
      }),

    knownDeliveries: () => session((db) => knownDeliveries(db), READ_ONLY),

    startPartitions: (run, deliveries, attempt) => session((db) => startPartitions(db, run, deliveries, attempt)),

    failPartition: (loadSeq, error, found) => session((db) => failPartition(db, loadSeq, error, found)),

    unsealedDeliveries: (run) => session((db) => unsealedDeliveries(db, run), READ_ONLY),

    loadCounts: (loadId, withoutDates = []) => session((db) => loadCounts(db, loadId, withoutDates), READ_ONLY),

    replacedRows: (loadId) =>
      session(async (db) => replacedRows(db, loadId, (await selectHead(db))?.dataSet ?? null), READ_ONLY),

    buildInputs: (request) => session((db) => buildInputs(db, request), READ_ONLY),

    recordedRuns: () => session((db) => recordedRuns(db), READ_ONLY),

    head: () => session(async (db) => (await selectHead(db))?.publication, READ_ONLY),

    buildArtifact: (dataSet, name) => session((db) => readArtifact(db, dataSet, name), READ_ONLY),

    saveQuality: (run, records) =>
      session(async (db) => {
        await db.run('delete from raw.data_quality_audit where run_id = $1 and workflow_id = $2', [
          run.runId,
          run.workflowId,
        ]);
        const recorded = utcNow();
        await db.insert(
          'raw.data_quality_audit',
          records.map((record) => ({
            run_id: run.runId,
            workflow_id: run.workflowId,
            load_id: run.loadId,
            ordinal: record.ordinal,
            publication: record.publication,
            check_name: record.check,
            table_name: record.table,
            severity: record.severity,
            status: record.status,
            observed: record.observed,
            expected: record.expected,
            detail: record.detail,
            recorded_at: recorded,
          })),
        );
      }),
  };
}
