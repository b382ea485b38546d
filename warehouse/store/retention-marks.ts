import type { RetentionRules } from '../../contracts/run';
import { abandonPartitions } from './ledger';
import { neededPartitions } from './needed-partitions';
import { pinnedPublications } from './people';
import { inNumbers, inPortions, timestamp, type StoreDb } from './store-db';

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
export async function markUnneeded(db: StoreDb, rules: RetentionRules, now: Date): Promise<Marks> {
  const abandonedBuilds = await abandonBuilds(db, now);
  const abandonedLoads = await abandonLoads(db, now);
  const kept = await keptDataSets(db, rules, now);
  const unkept = `dropped_at is null and data_set not in ${inNumbers(kept)}`;
  const dropped = await db.rows(`select distinct data_set from raw.raw_publication where ${unkept}`);
  await db.run(`update raw.raw_publication set dropped_at = cast($1 as timestamp) where ${unkept}`, [timestamp(now)]);
  const retired = await retirePartitions(db, kept, rules, now);
  const numbers = dropped.map((row) => Number(row.data_set)).sort((a, b) => a - b);
  return { kept, dropped: numbers, retired, abandonedBuilds, abandonedLoads };
}

/**
 * Builds that nobody works on any more: older than an attempt may become, or followed by a later attempt of the same run. A
 * workflow that wakes up after all finds its candidate moved away, and builds again.
 */
async function abandonBuilds(db: StoreDb, now: Date): Promise<number[]> {
  const rows = await db.rows(
    `select p.publication
     from raw.raw_publication as p
     left join (
       select load_id, max(publication) as newest from raw.raw_publication where kind = 'BUILD' group by load_id
     ) as later on later.load_id = p.load_id
     where p.status in ('BUILDING', 'BUILT')
       and (coalesce(p.built_at, p.created_at) < cast($1 as timestamp) or later.newest > p.publication)
     order by p.publication`,
    [hoursBefore(now, ATTEMPT_HOURS)],
  );
  const abandoned = rows.map((row) => Number(row.publication));
  await db.run(
    `update raw.raw_publication set status = 'ABANDONED', built_at = cast($1 as timestamp),
       failure = 'given up by retention: its attempt ended without a word (a crash)'
     where publication in ${inNumbers(abandoned)}`,
    [timestamp(now)],
  );
  return abandoned;
}

/** Attempts at partitions that are older than an attempt may become. */
async function abandonLoads(db: StoreDb, now: Date): Promise<number> {
  const rows = await db.rows(
    "select load_seq from raw_partition where status = 'STARTED' and started_at < cast($1 as timestamp)",
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
async function keptDataSets(db: StoreDb, rules: RetentionRules, now: Date): Promise<number[]> {
  const rows = await db.rows(
    `with published as (
       select publication, data_set, row_number() over (order by publication desc) as place,
         lead(published_at) over (order by publication) as replaced_at
       from raw.raw_publication where status = 'PUBLISHED'
     ),
     candidates as (
       select data_set, base from raw.raw_publication
       where status in ('BUILDING', 'BUILT', 'PUBLISHING')
         or (status in ('HELD', 'FAILED') and coalesce(built_at, created_at) >= cast($2 as timestamp))
     )
     select data_set from published where place <= $1 or replaced_at is null or replaced_at >= cast($2 as timestamp)
     union
     select data_set from raw.raw_publication
     where publication in (select publication from head) or publication in ${inNumbers(await pinnedPublications(db))}
     union
     select data_set from candidates
     union
     select base.data_set from candidates join raw.raw_publication as base on base.publication = candidates.base
     order by data_set`,
    [rules.keepPublications, daysBefore(now, rules.keepDays)],
  );
  // What was dropped once does not come back when the rules get wider.
  const dropped = new Set(
    (await db.rows('select data_set from raw.raw_publication where dropped_at is not null')).map((row) => row.data_set),
  );
  return rows.filter((row) => !dropped.has(row.data_set)).map((row) => Number(row.data_set));
}

/** Marks the sealed partitions that no kept data set holds, but for those that a run which is under way may still publish. */
async function retirePartitions(db: StoreDb, kept: number[], rules: RetentionRules, now: Date): Promise<number> {
  const needed = await neededPartitions(db, kept);
  const rows = await db.rows(
    `with published as (
       select load_seq from raw.raw_published_load
       where load_seq is not null
         and data_set in (select data_set from raw.raw_publication where status = 'PUBLISHED')
     ),
     open_run as (
       select load_id from raw_partition group by load_id
       having max(greatest(started_at, coalesce(sealed_at, started_at))) >= cast($1 as timestamp)
     )
     select load_seq from raw_partition
     where status = 'SEALED' and retired_at is null
       and (load_seq in (select load_seq from published) or load_id not in (select load_id from open_run))`,
    [daysBefore(now, Math.max(rules.keepDays, OPEN_RUN_DAYS))],
  );
  const unneeded = rows.map((row) => String(row.load_seq)).filter((loadSeq) => !needed.has(loadSeq));
  for (const portion of inPortions(unneeded)) {
    await db.run(
      `update raw_partition set retired_at = cast($1 as timestamp),
         listed_until = (select coalesce(max(publication), 0) from raw.raw_publication)
       where load_seq in ${inNumbers(portion)}`,
      [timestamp(now)],
    );
  }
  return unneeded.length;
}

/** The time some hours before, as TIMESTAMP text. */
export function hoursBefore(now: Date, hours: number): string {
  return timestamp(new Date(now.getTime() - hours * 3_600_000));
}

function daysBefore(now: Date, days: number): string {
  return hoursBefore(now, days * 24);
}
