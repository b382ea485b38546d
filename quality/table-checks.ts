import { DateTime } from 'luxon';
import { CHECK_DEFAULTS, levelOf, type CheckLevel, type TableCheck } from '../contracts/quality-rules';
import type { Freshness, SourceSystem, SourceTable } from '../contracts/source-contract';
import type { RunQuery } from '../warehouse/warehouse';
import { isCalendarDay, missedDeliveries } from './calendar';
import { judgeFreshness } from './freshness';
import { brokenOutcome, outcomeOf, percent, type CheckedOutcome, type DeclaredCheck, type Finding } from './outcome';
import { endOfDay, type DriftFact, type PartitionFacts, type PublicationFacts } from './publication-facts';
import { judgeNullRatio } from './null-ratio';
import { judgeRowCount, type DayCount } from './row-count';
import type { SqlText } from './sql';
import { readProfiles, readTableFacts, type DeliveryProfile, type TableFacts } from './table-facts';

/** What is needed to check one source table. */
export interface TableToCheck {
  query: RunQuery;
  sql: SqlText;
  facts: PublicationFacts;
  system: SourceSystem;
  table: SourceTable;
  asOf: Date;
  /** Gates look at the candidate's rows; what the clock decides is no gate's business. */
  gatesOnly: boolean;
}

/** Days of deliveries that a delivery's row count is compared with. */
const ROW_COUNT_DAYS = 56;
/** Deliveries that a delivery's empty cells are compared with: of a snapshot few, since each holds the whole table. */
const PROFILED_DELIVERIES = { append: 28, snapshot: 7 };

/** All checks of one source table; those that are switched off are left out. */
export async function checkTable(request: TableToCheck): Promise<CheckedOutcome[]> {
  const { table, facts, gatesOnly } = request;
  const startedAt = new Date();
  const checks = new TableChecks(table, startedAt, gatesOnly);
  const partitions = facts.partitions.get(table.name) ?? [];
  const checkedDates = facts.checkedDates.get(table.name) ?? [];
  const checked = partitions.filter(({ logicalDate }) => checkedDates.includes(logicalDate));
  checks.add('schema_drift', () => judgeDrift(facts.drift.get(table.name) ?? []));
  checks.add('rejected_records', ({ max_ratio }) => judgeRejected(checked, max_ratio));
  if (!gatesOnly) {
    checks.add('missed_delivery', ({ look_back_days }) => judgeMissed(request, partitions, look_back_days));
  }
  await checks.addFrom(
    [
      'row_count_source_raw',
      'row_count_raw_staging',
      'duplicates_identical',
      'duplicates_conflicting',
      'rows_without_key',
    ],
    async () => {
      const rows = await readTableFacts(request.query, request.sql, {
        ...{ table, checkedDates, asOf: request.asOf, staging: `stg_${table.system}__${table.name}` },
      });
      checks.add('row_count_source_raw', () => judgeLoaded(partitions, rows));
      checks.add('row_count_raw_staging', () => judgeStaged(rows));
      const { identicalDuplicates, conflictingKeys, keylessRows, duplicatedKeys, conflicts } = rows.checked;
      const ofRows =
        (count: number, what: string, sample: string[] = []) =>
        ({ max_ratio }: { max_ratio?: number | undefined }) =>
          atMost(count, rows.checked.rows, max_ratio, what, sample);
      checks.add('duplicates_identical', ofRows(identicalDuplicates, 'repeated rows', duplicatedKeys));
      checks.add('duplicates_conflicting', ofRows(conflictingKeys, 'conflicting keys', conflicts));
      checks.add('rows_without_key', ofRows(keylessRows, 'rows without a key'));
      if (!gatesOnly) checks.outcomes.push(...freshnessOf(request, partitions, rows, startedAt));
    },
    !gatesOnly && (table.freshness ?? table.eventFreshness) !== undefined,
  );
  await checks.addFrom(['row_count_history', 'null_ratio'], async () => {
    const wanted = profiledDates(table, partitions, checkedDates);
    const profiles = await readProfiles(request.query, request.sql, table, wanted, groupedBy(table));
    checks.add('row_count_history', (options) => judgeRowCounts(request, partitions, checkedDates, profiles, options));
    checks.add('null_ratio', ({ min_jump }) => judgeEmptyCells(table, profiles, checkedDates, min_jump));
  });
  return checks.finished();
}

/** Columns by whose distinct values a table's rows are counted too. */
function groupedBy({ quality }: SourceTable): string[] {
  const { row_count_history: history } = quality;
  return history === undefined || history === false ? [] : (history.groups ?? []);
}

/** Settings that a check may have, whichever it is. */
interface Settings {
  max_ratio?: number | undefined;
  min_jump?: number | undefined;
  deviations?: number | undefined;
  min_change?: number | undefined;
  look_back_days?: number | undefined;
}

type LevelledSettings = Settings & Partial<CheckLevel>;

/** Collects the outcomes of a table, as its declaration wants them. */
class TableChecks {
  readonly outcomes: CheckedOutcome[] = [];
  readonly #table: SourceTable;
  readonly #startedAt: Date;
  readonly #gatesOnly: boolean;
  #broken: unknown;

  constructor(table: SourceTable, startedAt: Date, gatesOnly: boolean) {
    this.#table = table;
    this.#startedAt = startedAt;
    this.#gatesOnly = gatesOnly;
  }

  add(check: TableCheck, judge: (settings: Settings) => Finding): void {
    const declared = this.#declared(check);
    if (declared === undefined) return;
    this.outcomes.push(outcomeOf(declared, judge(declared.settings), this.#startedAt));
  }

  /**
   * Runs a query for checks that all need it; when it breaks, so do they, and the others go on.
   *
   * @param isNeeded whether it is run even when all of them are switched off.
   */
  async addFrom(names: TableCheck[], read: () => Promise<void>, isNeeded = false): Promise<void> {
    if (!isNeeded && names.every((name) => this.#declared(name) === undefined)) return;
    try {
      await read();
    } catch (error) {
      this.#broken = error;
    }
  }

  /** The outcomes, and whether the queries behind them could run. */
  finished(): CheckedOutcome[] {
    const declared: DeclaredCheck = {
      ...{ check: 'table_checks', table: this.#table.name, rule: null },
      level: { severity: 'error', gate: this.#gatesOnly },
    };
    const ran = { holds: true, observed: 'all checks ran', expected: 'all checks run' };
    const outcome =
      this.#broken === undefined
        ? outcomeOf(declared, ran, this.#startedAt)
        : brokenOutcome(declared, this.#broken, this.#startedAt);
    return [...this.outcomes, outcome];
  }

  /** Undefined when it is switched off, or when only gates are asked for and it is none. */
  #declared(check: TableCheck): (DeclaredCheck & { settings: Settings }) | undefined {
    const settings: LevelledSettings | false = this.#table.quality[check] ?? {};
    if (settings === false) return undefined;
    const level = levelOf(settings, CHECK_DEFAULTS[check]);
    if (this.#gatesOnly && !level.gate) return undefined;
    const { severity: _, gate: __, ...rule } = settings;
    return { check, table: this.#table.name, level, rule, settings };
  }
}

/** True when one of a table's checks decides on the publication of a candidate. */
export function hasGate({ quality }: SourceTable): boolean {
  return Object.values(quality).some((check) => check !== false && check.gate === true);
}

function judgeLoaded(partitions: PartitionFacts[], { rawRows }: TableFacts): Finding {
  const read = sum(partitions.map(({ rowsRead }) => rowsRead));
  const rejected = sum(partitions.map(({ rowsRejected }) => rowsRejected));
  return {
    holds: rawRows + rejected === read,
    observed: `${rawRows} rows + ${rejected} rejected`,
    expected: `${read} records in the files`,
    threshold: 'any difference',
    details: { rawRows, rejected, read },
  };
}

function judgeStaged({ stagingRows, keys, rawRows }: TableFacts): Finding {
  return {
    holds: stagingRows === keys,
    observed: `${stagingRows} rows in STAGING`,
    expected: `${keys} distinct keys in RAW`,
    threshold: 'any difference',
    detail: `${rawRows} RAW rows in all, duplicates merged`,
    details: { stagingRows, keys, rawRows },
  };
}

function judgeRejected(checked: PartitionFacts[], maxRatio: number | undefined): Finding {
  const rejected = sum(checked.map(({ rowsRejected }) => rowsRejected));
  const read = sum(checked.map(({ rowsRead }) => rowsRead));
  const found = atMost(rejected, read, maxRatio, 'rejected records', []);
  return rejected === 0 ? found : { ...found, detail: 'see RAW.RAW_REJECTED_ROWS' };
}

function judgeDrift(drift: DriftFact[]): Finding {
  const columns = [...new Set(drift.map(({ drift: kind, column }) => (column === '' ? kind : `${kind} ${column}`)))];
  return {
    holds: drift.length === 0,
    observed: columns.length === 0 ? 'the columns of the contract' : columns.slice(0, 3).join(', '),
    expected: 'the columns of the contract',
    threshold: 'any difference',
    detail: drift[0] === undefined ? '' : `${drift[0].sourceFile}: ${drift[0].detail}`,
    sample: columns,
    details: { differences: drift.length, columns },
  };
}

function judgeMissed(request: TableToCheck, partitions: PartitionFacts[], lookBackDays: number | undefined): Finding {
  const { facts, system, table, asOf } = request;
  const missing = missedBySystem(facts, system, asOf, lookBackDays);
  const [first] = partitions;
  const dates = first === undefined ? [] : missedBy(partitions, first.logicalDate, system, asOf, lookBackDays);
  // A day on which nothing came is told once, of the system.
  const missed = dates.filter((date) => !missing.includes(date));
  return missedFinding(missed, table.name);
}

/** Days on which a system should have delivered, and no table of it came. */
export function missedBySystem(
  { partitions }: PublicationFacts,
  system: SourceSystem,
  asOf: Date,
  lookBackDays?: number,
): string[] {
  const all = system.tables.flatMap(({ name }) => partitions.get(name) ?? []);
  const first = all.map(({ logicalDate }) => logicalDate).sort()[0];
  return first === undefined ? [] : missedBy(all, first, system, asOf, lookBackDays);
}

/** What a check of missed days found. */
export function missedFinding(missed: string[], what: string): Finding {
  const more = missed.length > 3 ? ' …' : '';
  return {
    holds: missed.length === 0,
    observed:
      missed.length === 0
        ? 'all days that are due'
        : `${missed.length} missing: ${missed.slice(0, 3).join(', ')}${more}`,
    expected: 'a delivery of each day that is due',
    threshold: 'one day without',
    detail: missed.length === 0 ? '' : `${what} was not delivered`,
    sample: missed,
    details: { missed: missed.slice(0, 100) },
  };
}

function missedBy(
  partitions: PartitionFacts[],
  expectedFrom: string,
  { timeZone, logicalDateOffsetDays, calendar }: SourceSystem,
  asOf: Date,
  lookBackDays: number | undefined,
): string[] {
  return missedDeliveries({
    delivered: partitions.map(({ logicalDate }) => logicalDate),
    ...{ expectedFrom, asOf, calendar, zone: timeZone, offsetDays: logicalDateOffsetDays },
    ...(lookBackDays !== undefined && { lookBackDays }),
  });
}

/** The most unusual of the checked deliveries speaks for all. */
function judgeRowCounts(
  { table, system, facts }: TableToCheck,
  partitions: PartitionFacts[],
  checkedDates: string[],
  profiles: DeliveryProfile[],
  { deviations, min_change: minChange }: Settings,
): Finding {
  const all = dayCounts(partitions);
  const limits = { ...(deviations !== undefined && { deviations }), ...(minChange !== undefined && { minChange }) };
  // When the whole plant makes less, all that its events are counted in falls together.
  const others = system.tables.filter(({ name, mode }) => mode === 'append' && name !== table.name);
  const peers = table.mode === 'append' ? others.map(({ name }) => dayCounts(facts.partitions.get(name) ?? [])) : [];
  const counted = profiles.map(({ logicalDate: date, groups }) => ({ date, rows: groups }));
  const groups = groupedBy(table).length === 0 ? {} : { groups: counted };
  const judged = all.flatMap((delivery, index) => {
    if (!checkedDates.includes(delivery.date)) return [];
    const before = all.slice(Math.max(0, index - ROW_COUNT_DAYS), index);
    const isRestDay = !isCalendarDay(delivery.date, system.calendar, 'production');
    const verdict = judgeRowCount(before, delivery, table.mode, { ...limits, ...groups, peers, isRestDay });
    return verdict.kind === 'too little history' ? [] : [{ ...delivery, ...verdict }];
  });
  const unusual = judged.filter(({ isUnusual }) => isUnusual);
  const [worst = judged.at(-1)] = [...unusual].sort((a, b) => Math.abs(b.deviations) - Math.abs(a.deviations));
  if (worst === undefined) {
    return { holds: true, observed: `${all.at(-1)?.rows ?? 0} rows`, expected: 'too little history to tell' };
  }
  return {
    holds: unusual.length === 0,
    observed: `${worst.rows} rows on ${worst.date}`,
    expected: `about ${Math.round(worst.expected)}`,
    threshold: `below ${Math.round(worst.low)} or above ${Math.round(worst.high)}`,
    detail: worst.reason,
    sample: unusual.map(({ date }) => date),
    details: { unusual: unusual.slice(0, 50).map(({ date, rows, expected }) => ({ date, rows, expected })) },
  };
}

function dayCounts(partitions: PartitionFacts[]): DayCount[] {
  return partitions.map(({ logicalDate: date, rowsLoaded: rows }) => ({ date, rows }));
}

function profiledDates(table: SourceTable, partitions: PartitionFacts[], checkedDates: string[]): string[] {
  const newest = checkedDates.at(-1);
  const before = partitions
    .map(({ logicalDate }) => logicalDate)
    .filter((date) => newest !== undefined && date <= newest);
  const days = groupedBy(table).length === 0 ? PROFILED_DELIVERIES[table.mode] : ROW_COUNT_DAYS;
  return before.slice(-1 - days);
}

/** Each column of the newest checked deliveries against the deliveries before it. */
function judgeEmptyCells(
  table: SourceTable,
  profiles: DeliveryProfile[],
  checkedDates: string[],
  minJump: number | undefined,
): Finding {
  const found: { column: string; date: string; ratio: number; expected: number; threshold: number }[] = [];
  for (const [index, profile] of profiles.entries()) {
    if (!checkedDates.includes(profile.logicalDate) || profile.rows === 0) continue;
    for (const [place, { name: column }] of table.columns.entries()) {
      const nulls = profile.nulls[place] ?? 0;
      const ratio = nulls / profile.rows;
      const date = profile.logicalDate;
      const most = table.maxNullRatios[column];
      if (most !== undefined) {
        if (ratio > most) found.push({ column, date, ratio, expected: most, threshold: most });
        continue;
      }
      const emptyOf = ({ logicalDate, rows, nulls }: DeliveryProfile) => ({
        date: logicalDate,
        rows,
        nulls: nulls[place] ?? 0,
      });
      const before = profiles.slice(Math.max(0, index - PROFILED_DELIVERIES[table.mode]), index).map(emptyOf);
      const options = minJump === undefined ? {} : { minJump };
      const verdict = judgeNullRatio(before, emptyOf(profile), table.mode, options);
      if (verdict.kind === 'judged' && verdict.isUnusual) {
        found.push({ column, date, ratio, expected: verdict.expected, threshold: verdict.high });
      }
    }
  }
  const [worst] = [...found].sort((a, b) => b.ratio - b.expected - (a.ratio - a.expected));
  return {
    holds: worst === undefined,
    observed: worst === undefined ? 'as before' : `${worst.column} empty in ${percent(worst.ratio)} of ${worst.date}`,
    expected: worst === undefined ? 'as many empty cells as before' : `about ${percent(worst.expected)}`,
    threshold: worst === undefined ? 'more empty cells than chance explains' : `above ${percent(worst.threshold)}`,
    sample: found.map(({ column, date }) => `${column} ${date}`),
    details: { columns: found.slice(0, 50) },
  };
}

function freshnessOf(
  { table, system, asOf }: TableToCheck,
  partitions: PartitionFacts[],
  { newestLoad, newestEvent }: TableFacts,
  startedAt: Date,
): CheckedOutcome[] {
  const { freshness, eventFreshness, eventTime } = table;
  const { calendar, timeZone } = system;
  const outcomes: CheckedOutcome[] = [];
  const add = (check: string, limits: Freshness, newest: Date | undefined, days: 'production' | 'delivery') => {
    const { severity, ...finding } = judgeFreshness({ limits, newest, asOf, calendar, zone: timeZone, days });
    const declared = { check, table: table.name, level: { severity, gate: false }, rule: { limits, calendar } };
    outcomes.push(outcomeOf(declared, finding, startedAt));
  };
  if (freshness !== undefined) {
    add('freshness_delivery', freshness, newestDelivery(partitions, timeZone, asOf), 'delivery');
    if (newestLoad !== undefined) add('freshness_load', freshness, newestLoad, 'delivery');
  }
  if (eventTime !== undefined && eventFreshness !== undefined) {
    add('freshness_event', eventFreshness, newestEvent, 'production');
  }
  return outcomes;
}

/** A delivery covers its logical date to the end, but never beyond `asOf`. */
function newestDelivery(partitions: PartitionFacts[], timeZone: string, asOf: Date): Date | undefined {
  const today = DateTime.fromJSDate(asOf, { zone: timeZone }).toISODate() ?? '';
  const newest = partitions.findLast(({ logicalDate }) => logicalDate <= today);
  if (newest === undefined) return undefined;
  const end = endOfDay(newest.logicalDate, timeZone);
  return end > asOf ? asOf : end;
}

function atMost(count: number, of: number, maxRatio: number | undefined, what: string, sample: string[]): Finding {
  const ratio = of === 0 ? 0 : count / of;
  return {
    holds: maxRatio === undefined ? count === 0 : ratio <= maxRatio,
    observed: `${what}: ${count}`,
    expected: 'none',
    threshold: maxRatio === undefined ? 'more than none' : `more than ${percent(maxRatio)}`,
    detail: sample[0] === undefined ? '' : `for example ${sample[0]}`,
    sample,
    details: { count, of },
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
