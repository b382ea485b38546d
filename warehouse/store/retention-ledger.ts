import type { RetentionKind, RetentionResult, RetentionRules, StoredSpace } from '../../contracts/run';
import { hoursBefore, markUnneeded, type Marks } from './retention-marks';
import { inNumbers, inPortions, utcNow, type StoreDb, type StoreSession } from './store-db';

/** What may become of a thing: stays; marked, but somebody may still read it; may go. */
export type Fate = 'KEPT' | 'WAITING' | 'REMOVABLE';

/** What the store says of everything that takes space. Keys are numbers as text. */
export interface RetentionLedger {
  partitions: Map<string, { table: string; status: string; fate: Fate; isRecorded: boolean }>;
  dataSets: Map<string, { fate: Fate; isRecorded: boolean }>;
  /** Digests of landed files that a run may still have to load. */
  landed: Set<string>;
}

class RolledBack extends Error {}

/** The first phase, and what the store then says of everything. A dry run marks in a transaction that is rolled back. */
export async function markAndRead(
  session: StoreSession,
  rules: RetentionRules,
  now: Date,
): Promise<{ marks: Marks; ledger: RetentionLedger }> {
  let found: { marks: Marks; ledger: RetentionLedger } | undefined;
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

async function readLedger(db: StoreDb, rules: RetentionRules, now: Date): Promise<RetentionLedger> {
  const graceEnd = hoursBefore(now, rules.graceHours);
  // Between the first data set that holds a partition and the entry at which it was retired, any may list it among what it
  // superseded: it stays while one of them does.
  const partitions = await db.rows(
    `with standing as (
       select publication as data_set from raw.raw_publication
       where kind = 'BUILD' and (dropped_at is null or dropped_at > cast($1 as timestamp))
     ),
     first_listed as (
       select load_seq, min(data_set) as data_set from raw.raw_published_load where load_seq is not null group by load_seq
     ),
     listed as (
       select distinct p.load_seq
       from raw_partition as p
       join first_listed as f on f.load_seq = p.load_seq
       join standing as s on s.data_set between f.data_set and p.listed_until
       where p.retired_at is not null
     )
     select load_seq, table_name, status, removed_at is not null as is_recorded,
       case
         when retired_at is null then 'KEPT'
         when retired_at > cast($1 as timestamp) or load_seq in (select load_seq from listed) then 'WAITING'
         else 'REMOVABLE'
       end as fate
     from raw_partition`,
    [graceEnd],
  );
  const dataSets = await db.rows(
    `select data_set, count_if(removed_at is not null) > 0 as is_recorded,
       case
         when count_if(dropped_at is null) > 0 then 'KEPT'
         when max(dropped_at) > cast($1 as timestamp) then 'WAITING'
         else 'REMOVABLE'
       end as fate
     from raw.raw_publication group by data_set`,
    [graceEnd],
  );
  const landed = await db.rows(
    `select distinct d.sha256
     from run_delivery as d
     join run_manifest as m on m.load_id = d.load_id
     left join raw_partition as p
       on p.load_id = d.load_id and p.table_name = d.table_name and p.logical_date = d.logical_date and p.status = 'SEALED'
     where p.load_seq is null and m.started_at >= cast($1 as timestamp)`,
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

/** Records what has gone; what later builds need of a data set goes from the store with it. */
export async function recordRemoved(db: StoreDb, { partitions, dataSets }: RetentionLedger): Promise<void> {
  const gone = (things: Map<string, { fate: Fate; isRecorded: boolean }>) =>
    inPortions([...things].filter(([, { fate, isRecorded }]) => fate === 'REMOVABLE' && !isRecorded).map(([n]) => n));
  const now = utcNow();
  for (const portion of gone(partitions)) {
    await db.run(
      `update raw_partition set removed_at = cast($1 as timestamp) where load_seq in ${inNumbers(portion)}`,
      [now],
    );
  }
  for (const portion of gone(dataSets)) {
    const removed = inNumbers(portion);
    await db.run(`update raw.raw_publication set removed_at = cast($1 as timestamp) where data_set in ${removed}`, [
      now,
    ]);
    await db.run(`delete from build_artifact where publication in ${removed}`);
  }
}

/** Something that takes space, and whether it goes now. */
export interface PlannedRemoval {
  kind: RetentionKind;
  items: number;
  /** Null: the warehouse tells no size of it. */
  bytes: number | null;
  goes: boolean;
}

/** What is told of a retention. @param unknown names of what nobody knows; some of them are shown. */
export function retentionResult(
  rules: RetentionRules,
  marks: Marks,
  planned: PlannedRemoval[],
  unknown: string[],
): RetentionResult {
  return {
    rules,
    keptDataSets: marks.kept.length,
    droppedDataSets: marks.dropped,
    retiredPartitions: marks.retired,
    abandonedBuilds: marks.abandonedBuilds,
    abandonedLoads: marks.abandonedLoads,
    removed: sumByKind(planned.filter(({ goes }) => goes)),
    waiting: sumByKind(planned.filter(({ goes }) => !goes)),
    unknownFiles: unknown.slice(0, NAMED_IN_RESULT),
  };
}

const NAMED_IN_RESULT = 20;

function sumByKind(planned: PlannedRemoval[]): StoredSpace[] {
  const kinds = new Map<RetentionKind, StoredSpace>();
  for (const { kind, items, bytes } of planned) {
    const sum = kinds.get(kind) ?? { kind, items: 0, bytes: 0 };
    kinds.set(kind, {
      kind,
      items: sum.items + items,
      bytes: sum.bytes === null || bytes === null ? null : sum.bytes + bytes,
    });
  }
  return [...kinds.values()].sort((a, b) => (a.kind < b.kind ? -1 : 1));
}
