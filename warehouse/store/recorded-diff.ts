import { describedRelations, type DescribedRelation } from '../../contracts/dbt-artifacts';
import type { JsonRow } from '../../duckdb/connection';
import type { DataSetDiff, DiffSide, PartitionDiff, QueryTarget } from '../warehouse';
import { readArtifact } from './build-inputs';
import { partitionsQuery } from './data-sets';
import { findPublication, nothingPublished } from './find-publication';
import type { StoreDb } from './store-db';

/** What the store says of the difference between two data sets. */
export interface RecordedDiff extends Omit<DataSetDiff, 'relations'> {
  /** What both builds' manifests say of relations, by `schema.name` in lower case. */
  described: Map<string, DescribedRelation>;
}

/** Two data sets as the store has them. */
export async function recordedDiff(db: StoreDb, before: QueryTarget, after: QueryTarget): Promise<RecordedDiff> {
  const [from, to] = [await sideOf(db, before), await sideOf(db, after)];
  return {
    before: from,
    after: to,
    partitions: await partitionDiffs(db, from.dataSet, to.dataSet),
    described: await readDescriptions(db, from.dataSet, to.dataSet),
  };
}

async function sideOf(db: StoreDb, target: QueryTarget): Promise<DiffSide> {
  const found = await findPublication(db, target);
  if (found === undefined) throw nothingPublished();
  const { publication, dataSet, codeVersion } = found;
  const [row] = await db.rows('select project_digest from raw.raw_publication where publication = $1', [dataSet]);
  const projectDigest = row?.project_digest === null ? null : String(row?.project_digest);
  return { publication, dataSet, codeVersion, projectDigest };
}

/** Partitions that only one of two data sets holds. Bytes are the same when all files of the delivery have the same hashes. */
async function partitionDiffs(db: StoreDb, before: number, after: number): Promise<PartitionDiff[]> {
  const rows = await db.rows(
    `with b as (${await partitionsQuery(db, before)}), a as (${await partitionsQuery(db, after)})
     select coalesce(a.table_name, b.table_name) as table_name,
       coalesce(a.logical_date, b.logical_date)::varchar as logical_date, b.load_id as old_load, a.load_id as new_load
     from b full join a on a.table_name = b.table_name and a.logical_date = b.logical_date
     where b.load_seq is distinct from a.load_seq
     order by 1, 2`,
  );
  const loads = new Set(rows.flatMap((row) => [row.old_load, row.new_load]).filter((load) => load !== null));
  const filesOf = await filesByDelivery(db, [...loads].map(String));
  return rows.map((row) => {
    const [table, logicalDate] = [String(row.table_name), String(row.logical_date)];
    const [old, now] = [row.old_load, row.new_load].map((load) => filesOf(load, table, logicalDate));
    const hashes = (files: JsonRow[] | undefined) => files?.map((file) => file.sha256).join();
    const replaced = hashes(old) === hashes(now) ? 'RELOADED' : 'CORRECTED';
    return {
      table,
      logicalDate,
      change: row.old_load === null ? 'ADDED' : row.new_load === null ? 'REMOVED' : replaced,
      loadId: String(row.new_load ?? row.old_load),
      files: (now ?? old ?? []).map((file) => String(file.source_file)),
    };
  });
}

/** Looks up the files of deliveries of some loads, in order. */
async function filesByDelivery(
  db: StoreDb,
  loadIds: string[],
): Promise<(load: unknown, table: string, logicalDate: string) => JsonRow[] | undefined> {
  const found = new Map<string, JsonRow[]>();
  const placeOf = (...place: unknown[]) => JSON.stringify(place);
  for (const loadId of loadIds) {
    const files = await db.rows(
      `select table_name, logical_date::varchar as logical_date, source_file, sha256
       from run_delivery where load_id = $1 order by position`,
      [loadId],
    );
    for (const file of files) {
      const place = placeOf(loadId, file.table_name, file.logical_date);
      found.set(place, [...(found.get(place) ?? []), file]);
    }
  }
  return (load, table, logicalDate) => found.get(placeOf(load, table, logicalDate));
}

/** What the manifests of both builds say; where they disagree, the later one's holds. */
async function readDescriptions(db: StoreDb, ...dataSets: number[]): Promise<Map<string, DescribedRelation>> {
  const known = new Map<string, DescribedRelation>();
  for (const dataSet of dataSets) {
    const manifest = await readArtifact(db, dataSet, 'manifest.json');
    if (manifest === undefined) continue;
    for (const relation of describedRelations(manifest)) known.set(relation.relation.toLowerCase(), relation);
  }
  return known;
}
