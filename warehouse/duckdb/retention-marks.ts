import type { RetentionRules } from '../../contracts/run';
import type { DuckDb } from '../../duckdb/connection';
import { abandonPartitions, numberList } from './ledger';
import { neededPartitions } from './needed-partitions';
import { pinnedPublications } from './people';
import { timestamp } from './store-schema';

/**
 * The first phase of retention: what nothing needs is marked, in one store transaction. From then on no candidate lists a marked
 * partition and nobody can go to a marked data set; files go later. No mark is ever taken back.
 */

/**
 * An attempt at a load or a build is given six hours (LOAD and BUILD in workflows/activity-options.ts): what is still open after
 * that was left behind by a crash.
 */
export const ATTEMPT_HOURS = 6;

/**
 * What a load has sealed waits for its run's build, and no retention may take it away meanwhile, however little it is told to
 * keep: a day covers checks, a build and its rebuilds.
 */
const OPEN_RUN_DAYS = 1;

/** What was marked. */
export interface Marks {
  /** Data sets that stay. */
  kept: number[];
  /** Data sets that were marked now. */
  dropped: number[];
  /** Number of partitions that were marked now. */
  retired: number;
  /** Builds and loads that were given up now, as what crashes left. */
  abandonedBuilds: number[];
  abandonedLoads: number;
}

/** Marks what the rules do not keep. */
export async function markUnneeded(db: DuckDb, rules: RetentionRules, now: Date): Promise<Marks> {
  const abandonedBuilds = await abandonBuilds(db, now);
  const abandonedLoads = await abandonLoads(db, now);
  const kept = await keptDataSets(db, rules, now);
  const dropped = await db.rows(
    `update raw.raw_publication set dropped_at = $1::timestamp
     where dropped_at is null and not list_contains($2::json::bigint[], data_set)
     returning data_set`,
    [timestamp(now), numberList(kept)],
  );
  const retired = await retirePartitions(db, kept, rules, now);
  const numbers = dropped.map((row) => Number(row.data_set)).sort((a, b) => a - b);
  return { kept, dropped: [...new Set(numbers)], retired, abandonedBuilds, abandonedLoads };
}

/**
 * Builds that nobody works on any more: older than an attempt may become, or followed by a later attempt of the same run. A
 * workflow that wakes up after all finds its candidate moved away, and builds again.
 */
async function abandonBuilds(db: DuckDb, now: Date): Promise<number[]> {
  const rows = await db.rows(
    `update raw.raw_publication as p set status = 'ABANDONED', built_at = $1::timestamp,
       failure = 'given up by retention: its attempt ended without a word (a crash)'
     where status in ('BUILDING', 'BUILT')
       and (coalesce(built_at, created_at) < $2::timestamp or exists (
         from raw.raw_publication as later
         where later.load_id = p.load_id and later.publication > p.publication and later.kind = 'BUILD'))
     returning publication`,
    [timestamp(now), hoursBefore(now, ATTEMPT_HOURS)],
  );
  return rows.map((row) => Number(row.publication)).sort((a, b) => a - b);
}

/** Attempts at partitions that are older than an attempt may become. */
async function abandonLoads(db: DuckDb, now: Date): Promise<number> {
  const rows = await db.rows(
    "select load_seq from raw_partition where status = 'STARTED' and started_at < $1::timestamp",
    [hoursBefore(now, ATTEMPT_HOURS)],
  );
  const loadSeqs = rows.map((row) => String(row.load_seq));
  await abandonPartitions(db, loadSeqs, 'given up by retention: its attempt ended without a word (a crash)');
  return loadSeqs.length;
}

/**
 * The data sets that stay: of the newest publications; of those that readers have seen in the last days; of pinned ones; of
 * candidates under way; of held and failed ones of the last days, for inspection and approval; and what these are built on.
 */
async function keptDataSets(db: DuckDb, rules: RetentionRules, now: Date): Promise<number[]> {
  const rows = await db.rows(
    `with published as (
       select publication, data_set, row_number() over (order by publication desc) as place,
         lead(published_at) over (order by publication) as replaced_at
       from raw.raw_publication where status = 'PUBLISHED'
     ),
     candidates as (
       select data_set, base from raw.raw_publication
       where status in ('BUILDING', 'BUILT')
         or (status in ('HELD', 'FAILED') and coalesce(built_at, created_at) >= $2::timestamp)
     )
     select data_set from published where place <= $1 or replaced_at is null or replaced_at >= $2::timestamp
     union
     select data_set from raw.raw_publication
     where publication in (from head) or list_contains($3::json::bigint[], publication)
     union
     select data_set from candidates
     union
     select base.data_set from candidates join raw.raw_publication as base on base.publication = candidates.base
     order by data_set`,
    [rules.keepPublications, daysBefore(now, rules.keepDays), numberList(await pinnedPublications(db))],
  );
  // What was dropped once does not come back when the rules get wider.
  const dropped = new Set(
    (await db.rows('select data_set from raw.raw_publication where dropped_at is not null')).map((row) => row.data_set),
  );
  return rows.filter((row) => !dropped.has(row.data_set)).map((row) => Number(row.data_set));
}

/** Marks the sealed partitions that no kept data set holds, but for those that a run which is under way may still publish. */
async function retirePartitions(db: DuckDb, kept: number[], rules: RetentionRules, now: Date): Promise<number> {
  const needed = await neededPartitions(db, kept);
  const rows = await db.rows(
    `with published as (
       select load_seq from raw.raw_published_load
       where load_seq is not null
         and data_set in (select data_set from raw.raw_publication where status = 'PUBLISHED')
     ),
     open_run as (
       select load_id from raw_partition group by load_id
       having max(greatest(started_at, coalesce(sealed_at, started_at))) >= $2::timestamp
     )
     update raw_partition set retired_at = $3::timestamp,
       listed_until = (select coalesce(max(publication), 0) from raw.raw_publication)
     where status = 'SEALED' and retired_at is null and load_seq not in (select unnest($1::json::bigint[]))
       and (load_seq in (from published) or load_id not in (from open_run))
     returning load_seq`,
    [numberList([...needed]), daysBefore(now, Math.max(rules.keepDays, OPEN_RUN_DAYS)), timestamp(now)],
  );
  return rows.length;
}

/** The time some hours before, as TIMESTAMP text. */
export function hoursBefore(now: Date, hours: number): string {
  return timestamp(new Date(now.getTime() - hours * 3_600_000));
}

function daysBefore(now: Date, days: number): string {
  return hoursBefore(now, days * 24);
}
