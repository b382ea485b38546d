import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { RetentionResult, RetentionRules } from '../../contracts/run';
import {
  markAndRead,
  recordRemoved,
  retentionResult,
  type PlannedRemoval,
  type RetentionLedger,
} from '../store/retention-ledger';
import { hoursBefore } from '../store/retention-marks';
import { inNumbers, inPortions } from '../store/store-db';
import type { SnowflakeConnection } from './connection';
import { quoted, type DatabaseNames } from './database-names';
import { BUILDS, type SnowflakeStore } from './publications';
import { rejectTable, runTable } from './raw-tables';
import { snowflakeString } from './sql-text';
import { statementTag } from './statement-tag';

/** What belongs to no known work may belong to work that began a moment ago. */
const UNKNOWN_HOURS = 1;
const SCRATCH_HOURS = 24;
/** Names that landing gives: a content's SHA-256, and a copy of one that is under way. */
const LANDED = /^([0-9a-f]{64}|[.][0-9a-f]{64}-[0-9a-f-]{36}[.]part)$/;
const HOUR_MS = 3_600_000;

/** Something that takes space, and what takes it away. */
interface Planned extends PlannedRemoval {
  remove: (connection: SnowflakeConnection) => Promise<unknown>;
}

/** What retention found, with the names of what is the platform's by its name alone. */
interface Plan {
  planned: Planned[];
  unknown: string[];
}

/**
 * Removes what the rules do not keep, in two phases: marks it in one store transaction, and removes what was marked at least the grace
 * period ago: databases of data sets first, then the rows of partitions. Killed anywhere, the next call finishes it. A database that
 * is called like a data set and is not in the log is named, never dropped: others use the account too. Snowflake's own time travel
 * keeps what is removed for as long as the account's settings say.
 */
export async function retain(
  store: SnowflakeStore,
  rules: RetentionRules,
  signal?: AbortSignal,
): Promise<RetentionResult> {
  const { account, session } = store;
  const now = new Date();
  const { marks, ledger } = await markAndRead(session, rules, now);
  const { planned, unknown } = await account.withConnection(
    statementTag('retention'),
    'load',
    async (connection) => {
      const found = await plan(store, connection, ledger, rules, now);
      if (!rules.dryRun) for (const { goes, remove } of found.planned) if (goes) await remove(connection);
      return found;
    },
    signal,
  );
  if (!rules.dryRun) await session((db) => recordRemoved(db, ledger));
  return retentionResult(rules, marks, planned, unknown);
}

/** What may go, in the order in which it goes: no data set stays readable without its partitions. */
async function plan(
  store: SnowflakeStore,
  connection: SnowflakeConnection,
  ledger: RetentionLedger,
  rules: RetentionRules,
  now: Date,
): Promise<Plan> {
  const databases = await planDatabases(connection, store.names, ledger, rules, now);
  const rows = await planRows(connection, store.names, ledger, rules, now);
  const stage = await planStage(connection, store.names, ledger, rules, now);
  const scratch = await planScratch(store, ledger, rules, now);
  return {
    planned: [...databases.planned, ...rows, ...stage.planned, ...scratch],
    unknown: [...databases.unknown, ...stage.unknown],
  };
}

async function planDatabases(
  connection: SnowflakeConnection,
  names: DatabaseNames,
  ledger: RetentionLedger,
  rules: RetentionRules,
  now: Date,
): Promise<Plan> {
  const databases = await connection.rows(`show databases like '${names.pattern}'`);
  const found: Plan = { planned: [], unknown: [] };
  for (const row of databases) {
    const name = String(row.name);
    const parsed = names.parse(name);
    if (parsed === undefined) continue;
    const known = parsed.kind === 'data set' ? ledger.dataSets.get(String(parsed.dataSet)) : undefined;
    const drop = {
      ...{ items: 1, bytes: null },
      remove: (connected: SnowflakeConnection) => connected.run(`drop database if exists ${quoted(name)}`),
    };
    if (parsed.kind === 'next') {
      found.planned.push({ ...drop, kind: 'leftovers', goes: isOld(row.created_on, UNKNOWN_HOURS, rules, now) });
    } else if (parsed.kind === 'ad hoc') {
      const goes = isOld(row.created_on, SCRATCH_HOURS, rules, now);
      if (goes) found.planned.push({ ...drop, kind: 'leftovers', goes });
    } else if (known === undefined) {
      found.unknown.push(`database ${name}`);
    } else if (known.fate !== 'KEPT') {
      found.planned.push({ ...drop, kind: 'data sets', goes: known.fate === 'REMOVABLE' });
    }
  }
  return found;
}

/** Whether a time, as the driver gives it, is as long ago as the grace period and some least hours. */
function isOld(time: unknown, leastHours: number, rules: RetentionRules, now: Date): boolean {
  const at = Date.parse(String(time).replace(/^(\S+) (\S+)\+00$/, '$1T$2Z'));
  if (Number.isNaN(at)) throw new Error(`Snowflake gave '${String(time)}' for a time`);
  return now.getTime() - at >= Math.max(rules.graceHours, leastHours) * HOUR_MS;
}

/** Rows of retired and of abandoned partitions, table by table. */
async function planRows(
  connection: SnowflakeConnection,
  names: DatabaseNames,
  { partitions }: RetentionLedger,
  rules: RetentionRules,
  now: Date,
): Promise<Planned[]> {
  const tables = await connection.rows(
    `select table_name from ${names.store}.information_schema.tables
     where table_schema = 'RAW' and right(table_name, 4) = '_RUN' and table_type = 'BASE TABLE'`,
  );
  const lost = await connection.rows(
    `select load_seq from ${names.store}."PLATFORM".raw_partition
     where status = 'ABANDONED' and started_at < cast($1 as timestamp_ntz)`,
    [hoursBefore(now, rules.keepDays * 24)],
  );
  const old = new Set(lost.map((row) => String(row.load_seq)));
  const judge = (loadSeq: string, isReject: boolean): Pick<Planned, 'kind' | 'goes'> | undefined => {
    const partition = partitions.get(loadSeq);
    if (partition === undefined || partition.status === 'STARTED') return undefined;
    if (partition.status === 'ABANDONED') {
      // What a failed load rejected is why it failed: people look at it (`mfg rejects`).
      return isReject ? { kind: 'rejected records', goes: old.has(loadSeq) } : { kind: 'leftovers', goes: true };
    }
    if (partition.fate === 'KEPT') return undefined;
    return { kind: isReject ? 'rejected records' : 'partitions', goes: partition.fate === 'REMOVABLE' };
  };
  const sources = tables
    .map((row) => String(row.table_name).toLowerCase().replace(/_run$/, ''))
    .map((table) => ({ from: runTable(names, table), isReject: false }));
  const planned: Planned[] = [];
  for (const { from, isReject } of [...sources, { from: rejectTable(names), isReject: true }]) {
    const there = await connection.rows(`select distinct _load_seq from ${from}`);
    const judged = there.flatMap((row) => {
      const loadSeq = String(row._load_seq);
      const fate = judge(loadSeq, isReject);
      return fate === undefined ? [] : [{ loadSeq, ...fate }];
    });
    const kinds = new Set(judged.map(({ kind, goes }) => JSON.stringify({ kind, goes })));
    for (const group of kinds) {
      const { kind, goes } = JSON.parse(group) as Pick<Planned, 'kind' | 'goes'>;
      const loadSeqs = judged.filter((one) => one.kind === kind && one.goes === goes).map((one) => one.loadSeq);
      planned.push({
        ...{ kind, goes, items: loadSeqs.length, bytes: null },
        remove: async (connected) => {
          for (const portion of inPortions(loadSeqs)) {
            await connected.run(`delete from ${from} where _load_seq in ${inNumbers(portion)}`);
          }
        },
      });
    }
  }
  return planned;
}

/** Files on the stage whose partition is no longer being loaded. */
async function planStage(
  connection: SnowflakeConnection,
  names: DatabaseNames,
  { partitions }: RetentionLedger,
  rules: RetentionRules,
  now: Date,
): Promise<Plan> {
  const files = await connection.rows(`list @${names.stage}`);
  const found: Plan = { planned: [], unknown: [] };
  for (const row of files) {
    const name = String(row.name);
    const [, loadSeq] = /\/(\d+)\/[^/]+$/.exec(name) ?? [];
    const status = loadSeq === undefined ? undefined : partitions.get(loadSeq)?.status;
    if (status === 'STARTED') continue;
    if (status === undefined) found.unknown.push(`staged file ${name}`);
    const onStage = name.slice(name.indexOf('/') + 1);
    found.planned.push({
      ...{ kind: status === undefined ? 'unknown files' : 'leftovers', items: 1, bytes: Number(row.size) },
      goes: status !== undefined || isOld(row.last_modified, UNKNOWN_HOURS, rules, now),
      remove: (connected) => connected.run(`remove ${snowflakeString(`@${names.stage}/${onStage}`)}`),
    });
  }
  return found;
}

/** This worker's own scratch that nobody has touched for a day: folders of builds and of loads, and landed files. */
async function planScratch(
  { stateDir, landingDir }: SnowflakeStore,
  { landed }: RetentionLedger,
  rules: RetentionRules,
  now: Date,
): Promise<Planned[]> {
  const planned: Planned[] = [];
  const folders = [path.join(stateDir, BUILDS), path.join(stateDir, 'staging'), landingDir];
  for (const folder of folders) {
    const isLanding = folder === landingDir;
    for (const entry of await readdir(folder).catch(() => [])) {
      // The landing may be a folder that somebody named by mistake: only what landing writes is taken away.
      if (isLanding && (landed.has(entry) || !LANDED.test(entry))) continue;
      const file = path.join(folder, entry);
      const found = await stat(file).catch(() => undefined);
      if (found === undefined || !isOld(found.mtime.toISOString(), SCRATCH_HOURS, rules, now)) continue;
      planned.push({
        ...{ kind: isLanding ? 'landed files' : 'leftovers', items: 1, goes: true },
        bytes: found.isFile() ? found.size : null,
        remove: () => rm(file, { recursive: true, force: true }),
      });
    }
  }
  return planned;
}
