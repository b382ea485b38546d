import type { Warehouse } from '../warehouse';
import { buildInputs, readArtifact } from './build-inputs';
import { replacedRows, selectHead } from './data-sets';
import { knownDeliveries } from './known-deliveries';
import { failPartition, loadCounts, startPartitions, unsealedDeliveries } from './ledger';
import { insertManifest, selectManifest } from './manifests';
import { addedPartitions, holdCandidate, savedQuality, saveQuality } from './quality-audit';
import { recordedRuns } from './recorded-runs';
import { READ_ONLY, type StoreSession } from './store-db';

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
  | 'addedPartitions'
  | 'saveQuality'
  | 'savedQuality'
  | 'holdCandidate'
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

    addedPartitions: (target) => session((db) => addedPartitions(db, target), READ_ONLY),

    saveQuality: (run, records) => session((db) => saveQuality(db, run, records)),

    savedQuality: (run) => session((db) => savedQuality(db, run), READ_ONLY),

    holdCandidate: (publication, failure) => session((db) => holdCandidate(db, publication, failure)),
  };
}
