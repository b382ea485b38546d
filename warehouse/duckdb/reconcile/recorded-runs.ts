import type { DuckDb } from '../../../duckdb/connection';
import type { RecordedRun } from '../../warehouse';

/** Every run that has left something in the store: a manifest, a build, quality checks. */
export async function recordedRuns(db: DuckDb): Promise<RecordedRun[]> {
  const rows = await db.rows(
    `with runs as (
       select load_id, workflow_id, run_id from run_manifest
       union select load_id, workflow_id, run_id from raw.raw_publication where kind = 'BUILD'
       union select load_id, workflow_id, run_id from raw.data_quality_audit
     ),
     published as (
       select load_id, list(publication order by publication) as publications
       from raw.raw_publication where status = 'PUBLISHED' and kind = 'BUILD' group by load_id
     ),
     checks as (select load_id, count(*) as checks from raw.data_quality_audit group by load_id)
     select r.load_id, r.workflow_id, r.run_id, m.load_id is not null as has_manifest,
       to_json(coalesce(p.publications, []))::varchar as published, coalesce(c.checks, 0) as checks
     from runs as r
     left join run_manifest as m using (load_id)
     left join published as p using (load_id)
     left join checks as c using (load_id)
     where r.load_id is not null
     order by r.load_id`,
  );
  return rows.map((row) => ({
    loadId: String(row.load_id),
    workflowId: String(row.workflow_id),
    runId: String(row.run_id),
    hasManifest: row.has_manifest === true,
    published: JSON.parse(String(row.published)) as number[],
    checks: Number(row.checks),
  }));
}
