import { InvalidInputError } from '../../contracts/errors';
import type { QualityRecord } from '../../contracts/quality';
import type { RunIdentity } from '../../contracts/run';
import type { AddedPartition, QueryTarget } from '../warehouse';
import { findPublication } from './find-publication';
import { isoTime, timestamp, utcNow, type StoreDb } from './store-db';

/** What the column `details` holds: the numbers behind an outcome, and the keys of its sample. */
type Details = Record<string, unknown> & { sample?: string[] };

/** Replaces a run's rows of RAW.DATA_QUALITY_AUDIT: a retried activity leaves the rows of its last attempt. */
export async function saveQuality(db: StoreDb, run: RunIdentity, records: QualityRecord[]): Promise<void> {
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
      threshold: record.threshold ?? '',
      detail: record.detail,
      details: JSON.stringify({ ...record.details, ...(record.sample?.length && { sample: record.sample }) }),
      is_gate: record.isGate,
      rule_version: record.ruleVersion,
      code_version: record.codeVersion,
      started_at: timestamp(new Date(record.startedAt)),
      recorded_at: recorded,
    })),
  );
}

/** A run's rows of RAW.DATA_QUALITY_AUDIT, in order. */
export async function savedQuality(db: StoreDb, run: RunIdentity): Promise<QualityRecord[]> {
  const rows = await db.rows(
    `select * from raw.data_quality_audit where run_id = $1 and workflow_id = $2 order by ordinal`,
    [run.runId, run.workflowId],
  );
  return rows.map((row) => {
    const { sample, ...details } = JSON.parse(String(row.details ?? '{}')) as Details;
    return {
      ordinal: Number(row.ordinal),
      publication: Number(row.publication),
      check: String(row.check_name),
      table: String(row.table_name),
      severity: String(row.severity) as QualityRecord['severity'],
      status: String(row.status) as QualityRecord['status'],
      observed: String(row.observed),
      expected: String(row.expected),
      threshold: String(row.threshold ?? ''),
      detail: String(row.detail),
      sample: sample ?? [],
      details,
      isGate: row.is_gate === true,
      ruleVersion: String(row.rule_version ?? ''),
      codeVersion: String(row.code_version ?? ''),
      startedAt: isoTime(row.started_at ?? row.recorded_at),
    };
  });
}

/** Partitions that a data set holds and its base does not. */
export async function addedPartitions(db: StoreDb, target: QueryTarget): Promise<AddedPartition[]> {
  const found = await findPublication(db, target);
  if (found === undefined) return [];
  const rows = await db.rows(
    `select table_name, logical_date, load_seq from raw.raw_published_load
     where data_set = cast($1 as bigint) and action = 'ADDED' order by table_name, logical_date`,
    [found.dataSet],
  );
  return rows.map((row) => ({
    table: String(row.table_name),
    logicalDate: String(row.logical_date),
    loadSeq: String(row.load_seq),
  }));
}

/** BUILT becomes HELD: only a person can publish it now. */
export async function holdCandidate(db: StoreDb, publication: number, failure: string): Promise<void> {
  await db.run(
    `update raw.raw_publication set status = 'HELD', failure = $2
     where publication = cast($1 as bigint) and status = 'BUILT'`,
    [publication, failure],
  );
  const [entry] = await db.rows('select status from raw.raw_publication where publication = cast($1 as bigint)', [
    publication,
  ]);
  if (entry?.status === 'HELD') return;
  throw new InvalidInputError(
    `candidate ${publication} is ${String(entry?.status ?? 'not there')}, so that it cannot be held back.`,
  );
}
