import { readlink, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RetentionKind, RetentionResult, RetentionRules, StoredSpace } from '../../contracts/run';
import type { DuckDb } from '../../duckdb/connection';
import type { Layout } from './layout';
import { numberList } from './ledger';
import { hoursBefore, markUnneeded, type Marks } from './retention-marks';
import type { StoreSession } from './store';
import { utcNow } from './store-schema';
import { measure, storedFiles, type StoredFile } from './stored-files';

/** What may become of a thing: stays; marked, but somebody may still read it; may go. */
type Fate = 'KEPT' | 'WAITING' | 'REMOVABLE';

/** What the store says of everything that has files. Keys are numbers as text. */
interface Ledger {
  partitions: Map<string, { table: string; status: string; fate: Fate; isRecorded: boolean }>;
  dataSets: Map<string, { fate: Fate; isRecorded: boolean }>;
  /** Digests of landed files that a run may still have to load. */
  landed: Set<string>;
}

/** A file, what it is to people, and whether it may go now. */
interface Planned {
  kind: RetentionKind;
  path: string;
  bytes: number;
  goes: boolean;
}

/** Unknown files may belong to work that began a moment ago. */
const UNKNOWN_HOURS = 1;
/** A run copies what has landed before it knows all that it loads; an export may sort for hours. */
const SCRATCH_HOURS = 24;
const NAMED_IN_RESULT = 20;

/**
 * Removes what the rules do not keep, in two phases: marks it in one store transaction, and unlinks what was marked at least
 * the grace period ago and what no reader can come upon. Killed anywhere, the next call finishes it: a file goes first, the record
 * that it has gone comes after. A dry run does the same in a transaction that is rolled back, and unlinks nothing.
 */
export async function retain(
  session: StoreSession,
  layout: Layout,
  rules: RetentionRules,
  signal?: AbortSignal,
): Promise<RetentionResult> {
  const now = new Date();
  const { marks, ledger } = await markAndRead(session, rules, now);
  const planned = await plan(layout, ledger, rules, now);
  if (!rules.dryRun) {
    for (const { path: file, goes } of planned) {
      signal?.throwIfAborted();
      if (goes) await rm(file, { recursive: true, force: true });
    }
    await session((db) => recordRemoved(db, ledger));
  }
  const unknown = planned.filter(({ kind }) => kind === 'unknown files');
  return {
    rules,
    keptDataSets: marks.kept.length,
    droppedDataSets: marks.dropped,
    retiredPartitions: marks.retired,
    abandonedBuilds: marks.abandonedBuilds,
    abandonedLoads: marks.abandonedLoads,
    removed: sumByKind(planned.filter(({ goes }) => goes)),
    waiting: sumByKind(planned.filter(({ goes }) => !goes)),
    unknownFiles: unknown.slice(0, NAMED_IN_RESULT).map((file) => path.relative(layout.stateDir, file.path)),
  };
}

class RolledBack extends Error {}

async function markAndRead(
  session: StoreSession,
  rules: RetentionRules,
  now: Date,
): Promise<{ marks: Marks; ledger: Ledger }> {
  let found: { marks: Marks; ledger: Ledger } | undefined;
  try {
    await session(async (db) => {
      const marks = await markUnneeded(db, rules, now);
      found = { marks, ledger: await readLedger(db, rules, now) };
      if (rules.dryRun) throw new RolledBack('a dry run changes nothing');
    });
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
  }
  if (found === undefined) throw new Error('the store session ended without a result');
  return found;
}

async function readLedger(db: DuckDb, rules: RetentionRules, now: Date): Promise<Ledger> {
  const graceEnd = hoursBefore(now, rules.graceHours);
  // Between the first data set that holds a partition and the entry at which it was retired, any may list it among what it
  // superseded: it stays while one of them does.
  const partitions = await db.rows(
    `with standing as (
       select publication as data_set from raw.raw_publication
       where kind = 'BUILD' and (dropped_at is null or dropped_at > $1::timestamp)
     ),
     first_listed as (
       select load_seq, min(data_set) as data_set from raw.raw_published_load where load_seq is not null group by load_seq
     ),
     listed as (
       select distinct p.load_seq
       from raw_partition as p
       join first_listed as f using (load_seq)
       join standing as s on s.data_set between f.data_set and p.listed_until
       where p.retired_at is not null
     )
     select load_seq, table_name, status, removed_at is not null as is_recorded,
       case
         when retired_at is null then 'KEPT'
         when retired_at > $1::timestamp or load_seq in (from listed) then 'WAITING'
         else 'REMOVABLE'
       end as fate
     from raw_partition`,
    [graceEnd],
  );
  const dataSets = await db.rows(
    `select data_set, bool_or(removed_at is not null) as is_recorded,
       case
         when bool_or(dropped_at is null) then 'KEPT'
         when max(dropped_at) > $1::timestamp then 'WAITING'
         else 'REMOVABLE'
       end as fate
     from raw.raw_publication group by data_set`,
    [graceEnd],
  );
  const landed = await db.rows(
    `select distinct d.sha256
     from run_delivery as d
     join run_manifest as m using (load_id)
     left join raw_partition as p
       on p.load_id = d.load_id and p.table_name = d.table_name and p.logical_date = d.logical_date and p.status = 'SEALED'
     where p.load_seq is null and m.started_at >= $1::timestamp`,
    [hoursBefore(now, Math.max(rules.keepDays, 1) * 24)],
  );
  return {
    partitions: new Map(
      partitions.map((row) => [
        String(row.load_seq),
        {
          table: String(row.table_name),
          status: String(row.status),
          fate: row.fate as Fate,
          isRecorded: row.is_recorded === true,
        },
      ]),
    ),
    dataSets: new Map(
      dataSets.map((row) => [String(row.data_set), { fate: row.fate as Fate, isRecorded: row.is_recorded === true }]),
    ),
    landed: new Set(landed.map((row) => String(row.sha256))),
  };
}

/** Looks at what lies on the disk: data sets first, so that none stays readable without its partitions. */
async function plan(layout: Layout, ledger: Ledger, rules: RetentionRules, now: Date): Promise<Planned[]> {
  const published = path.basename(await readlink(layout.published).catch(() => ''));
  const planned: Planned[] = [];
  for (const file of await storedFiles(layout)) {
    if (file.kind === 'build' && file.dataSet === published) continue;
    const judged = judge(file, ledger, rules);
    if (judged === undefined) continue;
    const measured = await measure(file.path);
    if (measured === undefined) continue;
    const age = now.getTime() - measured.changedAt;
    const oldEnough = Math.max(rules.graceHours, judged.leastHours) * 3_600_000;
    const goes = judged.isMarked ? judged.goes : age >= oldEnough;
    planned.push({ kind: judged.kind, path: file.path, bytes: measured.bytes, goes });
  }
  return planned.sort((a, b) => Number(b.kind === 'data sets') - Number(a.kind === 'data sets'));
}

/** What may go: what is marked, by its mark; what is not, when it has not changed for a time. */
type Judged =
  | { kind: RetentionKind; isMarked: true; goes: boolean; leastHours: 0 }
  | { kind: RetentionKind; isMarked: false; leastHours: number };

/** Undefined: it stays. */
function judge(file: StoredFile, ledger: Ledger, rules: RetentionRules): Judged | undefined {
  const unknown: Judged = { kind: 'unknown files', isMarked: false, leastHours: UNKNOWN_HOURS };
  switch (file.kind) {
    case 'partition':
    case 'rejects': {
      const partition = ledger.partitions.get(file.loadSeq);
      if (partition?.table !== file.table) return unknown;
      if (partition.status === 'ABANDONED') {
        // What a failed load rejected is why it failed: people look at it (`mfg rejects`).
        return file.kind === 'rejects'
          ? { kind: 'rejected records', isMarked: false, leastHours: rules.keepDays * 24 }
          : { kind: 'leftovers', isMarked: false, leastHours: 0 };
      }
      return byMark(file.kind === 'rejects' ? 'rejected records' : 'partitions', partition.fate);
    }
    case 'build': {
      const dataSet = ledger.dataSets.get(file.dataSet);
      return dataSet === undefined ? unknown : byMark('data sets', dataSet.fate);
    }
    case 'staging': {
      const partition = ledger.partitions.get(file.loadSeq);
      if (partition?.status === 'STARTED') return undefined;
      return partition === undefined ? unknown : { kind: 'leftovers', isMarked: false, leastHours: 0 };
    }
    case 'landed':
      if (ledger.landed.has(file.sha256)) return undefined;
      return { kind: 'landed files', isMarked: false, leastHours: SCRATCH_HOURS };
    case 'scratch':
      return { kind: 'leftovers', isMarked: false, leastHours: SCRATCH_HOURS };
    case 'unknown':
      return unknown;
  }
}

function byMark(kind: RetentionKind, fate: Fate): Judged | undefined {
  return fate === 'KEPT' ? undefined : { kind, isMarked: true, goes: fate === 'REMOVABLE', leastHours: 0 };
}

/** Records what has gone; what later builds need of a data set goes from the store with it. */
async function recordRemoved(db: DuckDb, { partitions, dataSets }: Ledger): Promise<void> {
  const gone = (things: Map<string, { fate: Fate; isRecorded: boolean }>) =>
    numberList([...things].filter(([, { fate, isRecorded }]) => fate === 'REMOVABLE' && !isRecorded).map(([n]) => n));
  const goneDataSets = gone(dataSets);
  await db.run(
    'update raw_partition set removed_at = $2::timestamp where list_contains($1::json::bigint[], load_seq)',
    [gone(partitions), utcNow()],
  );
  await db.run(
    'update raw.raw_publication set removed_at = $2::timestamp where list_contains($1::json::bigint[], data_set)',
    [goneDataSets, utcNow()],
  );
  await db.run('delete from build_artifact where list_contains($1::json::bigint[], publication)', [goneDataSets]);
}

function sumByKind(planned: Planned[]): StoredSpace[] {
  const kinds = new Map<RetentionKind, StoredSpace>();
  for (const { kind, bytes } of planned) {
    const sum = kinds.get(kind) ?? { kind, items: 0, bytes: 0 };
    kinds.set(kind, { kind, items: sum.items + 1, bytes: sum.bytes + bytes });
  }
  return [...kinds.values()].sort((a, b) => (a.kind < b.kind ? -1 : 1));
}
