import { DateTime } from 'luxon';
import { EVERY_DAY } from '../contracts/production-calendar';
import type { CheckOutcome } from '../contracts/quality';
import type { SourceSystem, SourceTable } from '../contracts/source-contract';
import type { QueryTarget, Warehouse } from '../warehouse/warehouse';
import { judgeFreshness } from './freshness';

/** What a table's one query finds. Counts are of the publication's partitions, all logical dates, unless said otherwise. */
interface TableFacts {
  /** Records in the delivered files, by the load audit. */
  sourceRecords: number;
  rejected: number;
  rawRows: number;
  /** Rows of `raw.<table>`: for a snapshot the newest date only. */
  currentRows: number;
  /** Distinct keys of `raw.<table>`. */
  keys: number;
  stagingRows: number;
  identicalDuplicates: number;
  conflictingKeys: number;
  /** Rows of `raw.<table>` without a key: staging leaves them out. */
  keylessRows: number;
  sampleKey: string | undefined;
  newestDelivery: Date | undefined;
  newestLoad: Date | undefined;
  newestEvent: Date | undefined;
}

/**
 * Checks every described table of one publication: row counts from source to RAW to STAGING, duplicates, rejected
 * records, freshness by delivery, by load time and by event time.
 *
 * Freshness never counts what lies after `asOf`: a planned date in the future does not make stale data look fresh. The
 * load-time check applies only where something had been loaded by `asOf` (not when a past day is looked at from today).
 * A check that breaks has status ERROR, never PASS.
 */
export async function checkPublication(
  warehouse: Warehouse,
  publication: number,
  systems: SourceSystem[],
  asOf: Date,
  onTable?: (table: string) => void,
  signal?: AbortSignal,
): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  const target: QueryTarget = { kind: 'publication', publication };
  for (const system of systems) {
    for (const table of system.tables) {
      onTable?.(table.name);
      signal?.throwIfAborted();
      try {
        const facts = await readFacts(warehouse, target, system, table, asOf, signal);
        outcomes.push(...judge(table, facts, asOf, system.timeZone));
      } catch (error) {
        signal?.throwIfAborted();
        outcomes.push({
          check: 'table_checks',
          table: table.name,
          severity: 'ERROR',
          status: 'ERROR',
          observed: 'the checks could not run',
          expected: 'a result',
          detail: (error as Error).message.slice(0, 500),
        });
      }
    }
  }
  return outcomes;
}

function judge(table: SourceTable, facts: TableFacts, asOf: Date, zone: string): CheckOutcome[] {
  const inRaw = facts.rawRows + facts.rejected;
  const outcomes: CheckOutcome[] = [
    equal('row_count_source_raw', table, inRaw, facts.sourceRecords, {
      observed: `${facts.rawRows} rows + ${facts.rejected} rejected`,
      expected: `${facts.sourceRecords} records in the files`,
      detail: '',
    }),
    equal('row_count_raw_staging', table, facts.stagingRows, facts.keys, {
      observed: `${facts.stagingRows} rows in STAGING`,
      expected: `${facts.keys} distinct keys in RAW`,
      detail: `${facts.currentRows} current RAW rows, duplicates merged`,
    }),
    none('duplicates_identical', table, facts.identicalDuplicates, 'repeated rows', ''),
    none(
      'duplicates_conflicting',
      table,
      facts.conflictingKeys,
      'conflicting keys',
      facts.sampleKey === undefined ? '' : `for example ${facts.sampleKey}`,
    ),
    none('rows_without_key', table, facts.keylessRows, 'rows without a key', 'left out of STAGING'),
    none('rejected_records', table, facts.rejected, 'rejected records', 'see RAW.RAW_REJECTED_ROWS'),
  ];
  const delivery = { calendar: EVERY_DAY, zone, days: 'delivery' } as const;
  const production = { calendar: EVERY_DAY, zone, days: 'production' } as const;
  if (table.freshness !== undefined) {
    outcomes.push(
      judgeFreshness('freshness_delivery', table.name, table.freshness, facts.newestDelivery, asOf, delivery),
    );
    if (facts.newestLoad !== undefined) {
      outcomes.push(judgeFreshness('freshness_load', table.name, table.freshness, facts.newestLoad, asOf, delivery));
    }
  }
  if (table.eventTime !== undefined && table.eventFreshness !== undefined) {
    outcomes.push(
      judgeFreshness('freshness_event', table.name, table.eventFreshness, facts.newestEvent, asOf, production),
    );
  }
  return outcomes;
}

type Wording = Pick<CheckOutcome, 'observed' | 'expected' | 'detail'>;

function equal(check: string, table: SourceTable, observed: number, expected: number, wording: Wording): CheckOutcome {
  return { check, table: table.name, severity: 'ERROR', status: observed === expected ? 'PASS' : 'FAIL', ...wording };
}

function none(check: string, table: SourceTable, count: number, what: string, detail: string): CheckOutcome {
  const status = count === 0 ? 'PASS' : 'WARN';
  return {
    check,
    table: table.name,
    severity: 'WARN',
    status,
    observed: `${what}: ${count}`,
    expected: 'none',
    detail,
  };
}

/** One query per table. Names come from the validated contract; they are quoted all the same. */
async function readFacts(
  warehouse: Warehouse,
  target: QueryTarget,
  system: SourceSystem,
  table: SourceTable,
  asOf: Date,
  signal: AbortSignal | undefined,
): Promise<TableFacts> {
  const { identifier, literal } = warehouse;
  const current = `raw.${identifier(table.name)}`;
  const history = `raw.${identifier(`${table.name}_history`)}`;
  const staging = `staging.${identifier(`stg_${system.name}__${table.name}`)}`;
  const keys = table.key.map((name) => cleanCell(warehouse, name, nullTokensOf(table, name)));
  const hasKey = keys.map((key) => `${key} is not null`).join(' and ');
  const content = table.columns.map((column) => identifier(column.name)).join(', ');
  const keyText = keys.join(` || ' / ' || `);
  const asOfDate = DateTime.fromJSDate(asOf, { zone: system.timeZone }).toISODate() ?? '';
  const asOfLiteral = `timestamp '${asOf.toISOString().replace('T', ' ').replace('Z', '')}'`;
  // An append table's later delivery supersedes an earlier one: only repeats within one delivery are duplicates.
  const within = table.mode === 'append' ? ', _logical_date' : '';
  const event =
    table.eventTime === undefined
      ? 'null'
      : `(select max(${identifier(table.eventTime)}) from ${staging}
          where ${identifier(table.eventTime)} <= ${asOfLiteral})`;
  const { rows } = await warehouse.query(
    target,
    `with loads as (
       select load_seq, logical_date from raw.current_load where table_name = ${literal(table.name)}
     ), audit as (
       select sum(rows_read) as rows_read, sum(rows_rejected) as rows_rejected
       from raw.raw_load_audit where status = 'LOADED' and load_seq in (select load_seq from loads)
     ), groups as (
       select ${keyText} as key_text, count(*) as copies, count(distinct hash(${content})) as variants
       from ${current} where ${hasKey} group by ${[...keys, ...(within === '' ? [] : ['_logical_date'])].join(', ')}
     )
     select
       (select rows_read from audit) as source_records,
       (select rows_rejected from audit) as rejected,
       (select count(*) from ${history}) as raw_rows,
       (select count(*) from ${current}) as current_rows,
       (select count(*) from (select distinct ${keys.join(', ')} from ${current} where ${hasKey}) as d) as distinct_keys,
       (select count(*) from ${current} where not (${hasKey})) as keyless_rows,
       (select count(*) from ${staging}) as staging_rows,
       (select coalesce(sum(copies - variants), 0) from groups) as identical_duplicates,
       (select count(*) from groups where variants > 1) as conflicting_keys,
       (select min(key_text) from groups where variants > 1) as sample_key,
       (select max(logical_date)::varchar from loads where logical_date <= date '${asOfDate}') as newest_date,
       (select max(_loaded_at)::varchar from ${history} where _loaded_at <= ${asOfLiteral}) as newest_load,
       ${event}::varchar as newest_event`,
    signal,
  );
  const row = rows[0] ?? {};
  return {
    sourceRecords: Number(row.source_records ?? 0),
    rejected: Number(row.rejected ?? 0),
    rawRows: Number(row.raw_rows),
    currentRows: Number(row.current_rows),
    keys: Number(row.distinct_keys),
    stagingRows: Number(row.staging_rows),
    identicalDuplicates: Number(row.identical_duplicates),
    conflictingKeys: Number(row.conflicting_keys),
    keylessRows: Number(row.keyless_rows),
    sampleKey: row.sample_key === null ? undefined : String(row.sample_key),
    newestDelivery: endOfDay(row.newest_date, system.timeZone, asOf),
    newestLoad: utcTime(row.newest_load),
    newestEvent: utcTime(row.newest_event),
  };
}

function nullTokensOf(table: SourceTable, column: string): string[] {
  return table.columns.find(({ name }) => name === column)?.format.null_tokens ?? table.csv.null_tokens;
}

/** A cell as staging cleans it: trimmed of white space; empty, and one of the null tokens, is null. */
function cleanCell({ identifier, literal }: Warehouse, column: string, nullTokens: string[]): string {
  const trimmed = `trim(${identifier(column)}, ' ' || chr(9) || chr(10) || chr(13) || chr(160))`;
  return ['', ...nullTokens].reduce((cell, token) => `nullif(${cell}, ${literal(token)})`, trimmed);
}

/**
 * End of the newest logical date that a publication holds, in its system's time zone.
 *
 * @throws Error when the publication holds no partition at all.
 */
export async function endOfNewestDelivery(
  warehouse: Warehouse,
  publication: number,
  systems: SourceSystem[],
): Promise<Date> {
  const { rows } = await warehouse.query(
    { kind: 'publication', publication },
    'select table_name, max(logical_date)::varchar as logical_date from raw.current_load group by table_name',
  );
  const ends = rows.map((row) => {
    const system = systems.find((candidate) => candidate.tables.some((table) => table.name === row.table_name));
    return DateTime.fromISO(String(row.logical_date), { zone: system?.timeZone ?? 'utc' }).plus({ days: 1 });
  });
  const newest = ends.sort((a, b) => a.toMillis() - b.toMillis()).at(-1);
  if (newest === undefined) throw new Error(`publication ${publication} holds no deliveries`);
  return newest.toJSDate();
}

/** A delivery covers its logical date to the end, but never beyond `asOf`. */
function endOfDay(date: unknown, timeZone: string, asOf: Date): Date | undefined {
  if (typeof date !== 'string') return undefined;
  const end = DateTime.fromISO(date, { zone: timeZone }).plus({ days: 1 }).toJSDate();
  return end > asOf ? asOf : end;
}

function utcTime(text: unknown): Date | undefined {
  return typeof text === 'string' ? DateTime.fromSQL(text, { zone: 'utc' }).toJSDate() : undefined;
}
