import type { RecordedRun } from '../warehouse';
import type { StoreDb } from './store-db';

/** Every run that has left something in the store: a manifest, a build, quality checks. */
export async function recordedRuns(db: StoreDb): Promise<RecordedRun[]> {
  const rows = await db.rows(
    `with runs as (
       select load_id, workflow_id, run_id from run_manifest
       union select load_id, workflow_id, run_id from raw.raw_publication where kind = 'BUILD'
       union select load_id, workflow_id, run_id from raw.data_quality_audit
     ),
     checks as (select load_id, count(*) as checks from raw.data_quality_audit group by load_id)
     select r.load_id, r.workflow_id, r.run_id, m.load_id is not null as has_manifest,
       coalesce(c.checks, 0) as checks
     from runs as r
     left join run_manifest as m on m.load_id = r.load_id
     left join checks as c on c.load_id = r.load_id
     where r.load_id is not null
     order by r.load_id`,
  );
  const entries = await db.rows(
    `select load_id, publication from raw.raw_publication
     where status = 'PUBLISHED' and kind = 'BUILD' order by publication`,
  );
  const published = new Map<string, number[]>();
  for (const row of entries) {
    const loadId = String(row.load_id);
    published.set(loadId, [...(published.get(loadId) ?? []), Number(row.publication)]);
  }
  return rows.map((row) => ({
    loadId: String(row.load_id),
    workflowId: String(row.workflow_id),
    runId: String(row.run_id),
    hasManifest: row.has_manifest === true,
    published: published.get(String(row.load_id)) ?? [],
    checks: Number(row.checks),
  }));
}
