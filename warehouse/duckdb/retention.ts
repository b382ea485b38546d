import { readlink, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RetentionKind, RetentionResult, RetentionRules } from '../../contracts/run';
import {
  markAndRead,
  recordRemoved,
  retentionResult,
  type Fate,
  type PlannedRemoval,
  type RetentionLedger,
} from '../store/retention-ledger';
import type { StoreSession } from '../store/store-db';
import type { Layout } from './layout';
import { measure, storedFiles, type StoredFile } from './stored-files';

/** A file, what it is to people, and whether it may go now. */
interface Planned extends PlannedRemoval {
  path: string;
}

/** Unknown files may belong to work that began a moment ago. */
const UNKNOWN_HOURS = 1;
/** A run copies what has landed before it knows all that it loads; an export may sort for hours. */
const SCRATCH_HOURS = 24;

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
  return retentionResult(
    rules,
    marks,
    planned,
    unknown.map((file) => path.relative(layout.stateDir, file.path)),
  );
}

/** Looks at what lies on the disk: data sets first, so that none stays readable without its partitions. */
async function plan(layout: Layout, ledger: RetentionLedger, rules: RetentionRules, now: Date): Promise<Planned[]> {
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
    planned.push({ kind: judged.kind, path: file.path, items: 1, bytes: measured.bytes, goes });
  }
  return planned.sort((a, b) => Number(b.kind === 'data sets') - Number(a.kind === 'data sets'));
}

/** What may go: what is marked, by its mark; what is not, when it has not changed for a time. */
type Judged =
  | { kind: RetentionKind; isMarked: true; goes: boolean; leastHours: 0 }
  | { kind: RetentionKind; isMarked: false; leastHours: number };

/** Undefined: it stays. */
function judge(file: StoredFile, ledger: RetentionLedger, rules: RetentionRules): Judged | undefined {
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
