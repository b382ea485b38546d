import { DateTime } from 'luxon';
import type { SourceTable } from '../contracts/source-contract';
import type { RunQuery } from '../warehouse/warehouse';
import { cleanCell, countIf, isOneOf, keyText, utcLiteral, type SqlText } from './sql';

/** What a table's rows say. Of the publication's partitions, all logical dates, unless said otherwise. */
export interface TableFacts {
  rawRows: number;
  /** Distinct keys of `raw.<table>`: for a snapshot of its newest date. */
  keys: number;
  stagingRows: number;
  newestLoad: Date | undefined;
  /** Not after the time of the check. */
  newestEvent: Date | undefined;
  /** Of the checked deliveries; of a snapshot the newest of them. A key is looked for within one delivery. */
  checked: CheckedRows;
}

/** Rows of the checked deliveries. */
export interface CheckedRows {
  rows: number;
  /** Repeats of a row of the same delivery. */
  identicalDuplicates: number;
  /** Keys that have rows of different content in one delivery. */
  conflictingKeys: number;
  keylessRows: number;
  duplicatedKeys: string[];
  conflicts: string[];
}

/** One delivery's rows, and how many of them have each column empty, in the contract's order. */
export interface DeliveryProfile {
  logicalDate: string;
  rows: number;
  nulls: number[];
  /** Distinct values of the columns that its rows are counted by; 0 where none are named. */
  groups: number;
}

/** Which rows a table's checks read. */
export interface TableScope {
  table: SourceTable;
  /** Name of its staging model's relation. */
  staging: string;
  checkedDates: string[];
  asOf: Date;
}

const SAMPLE = 5;

/** One query per table. Names come from the validated contract; they are quoted all the same. */
export async function readTableFacts(query: RunQuery, sql: SqlText, scope: TableScope): Promise<TableFacts> {
  const { table, asOf } = scope;
  const { identifier } = sql;
  const [raw, history] = relationsOf(table, sql);
  const staging = `staging.${identifier(scope.staging)}`;
  const keys = table.key.map((name) => cleanCell(sql, table, name));
  const hasKey = keys.map((key) => `${key} is not null`).join(' and ');
  const isChecked = isOneOf('_logical_date', checkedDatesOf(scope), sql);
  const asOfTime = utcLiteral(asOf);
  const event = table.eventTime === undefined ? undefined : identifier(table.eventTime);
  const duplicates = duplicatesOf(scope, sql, `${isChecked} and ${hasKey}`);
  const { rows } = await query(
    `with ${duplicates}, h as (
       select count(*) as raw_rows, ${countIf(isChecked)} as checked_rows,
         ${countIf(`${isChecked} and not (${hasKey})`)} as keyless_rows,
         max(case when _loaded_at <= ${asOfTime} then _loaded_at end) as newest_load
       from ${history}
     ), d as (
       select sum(copies - variants) as identical_duplicates, ${countIf('variants > 1')} as conflicting_keys from duplicates
     )
     select h.raw_rows, h.checked_rows, h.keyless_rows, cast(h.newest_load as varchar) as newest_load,
       d.identical_duplicates, d.conflicting_keys,
       (select count(*) from (select distinct ${keys.join(', ')} from ${raw} where ${hasKey}) as k) as distinct_keys,
       (select count(*) from ${staging}) as staging_rows,
       ${event === undefined ? 'null' : `(select cast(max(${event}) as varchar) from ${staging} where ${event} <= ${asOfTime})`}
         as newest_event
     from h cross join d`,
  );
  const row = rows[0] ?? {};
  const number = (name: string) => Number(row[name] ?? 0);
  const samplesOf = async (condition: string) => {
    const found = await query(
      `with ${duplicates} select key_text from duplicates where ${condition} order by key_text limit ${SAMPLE}`,
    );
    return found.rows.map(({ key_text: key }) => String(key));
  };
  return {
    rawRows: number('raw_rows'),
    keys: number('distinct_keys'),
    stagingRows: number('staging_rows'),
    newestLoad: utcTime(row.newest_load),
    newestEvent: utcTime(row.newest_event),
    checked: {
      rows: number('checked_rows'),
      identicalDuplicates: number('identical_duplicates'),
      conflictingKeys: number('conflicting_keys'),
      keylessRows: number('keyless_rows'),
      duplicatedKeys: number('identical_duplicates') === 0 ? [] : await samplesOf('copies > variants'),
      conflicts: number('conflicting_keys') === 0 ? [] : await samplesOf('variants > 1'),
    },
  };
}

/** Keys that stand more than once in a delivery: how often, and in how many different rows. */
function duplicatesOf({ table }: TableScope, sql: SqlText, condition: string): string {
  const [, history] = relationsOf(table, sql);
  const content = table.columns.map((column) => sql.identifier(column.name)).join(', ');
  const keys = table.key.map((name, index) => `${cleanCell(sql, table, name)} as k${index}`);
  const names = table.key.map((_, index) => `k${index}`);
  return `variants as (
       select ${keys.join(', ')}, _logical_date, hash(${content}) as content, count(*) as copies
       from ${history} where ${condition} group by ${table.key.map((name) => cleanCell(sql, table, name)).join(', ')},
         _logical_date, hash(${content})
     ), duplicates as (
       select ${keyText(names)} as key_text, sum(copies) as copies, count(*) as variants
       from variants group by ${names.join(', ')}, _logical_date having sum(copies) > 1
     )`;
}

/** Counts rows and empty cells of deliveries, in one pass over them. */
export async function readProfiles(
  query: RunQuery,
  sql: SqlText,
  table: SourceTable,
  dates: string[],
  groupedBy: string[] = [],
): Promise<DeliveryProfile[]> {
  const [, history] = relationsOf(table, sql);
  const nulls = table.columns.map(
    ({ name }, index) => `${countIf(`${cleanCell(sql, table, name)} is null`)} as n${index}`,
  );
  const { rows } = await query(
    `select cast(_logical_date as varchar) as logical_date, count(*) as n, ${nulls.join(', ')},
       ${groupedBy.length === 0 ? '0' : `count(distinct ${keyText(groupedBy.map(sql.identifier))})`} as group_count
     from ${history} where ${isOneOf('_logical_date', dates, sql)} group by _logical_date order by _logical_date`,
  );
  return rows.map((row) => ({
    logicalDate: String(row.logical_date),
    rows: Number(row.n),
    nulls: table.columns.map((_, index) => Number(row[`n${index}`])),
    groups: Number(row.group_count),
  }));
}

/** `raw.<table>` and the history of all its deliveries. */
function relationsOf({ name }: SourceTable, { identifier }: SqlText): [raw: string, history: string] {
  return [`raw.${identifier(name)}`, `raw.${identifier(`${name}_history`)}`];
}

/** Of a snapshot only what readers see: an older one is superseded whole. */
function checkedDatesOf({ table, checkedDates }: TableScope): string[] {
  return table.mode === 'append' ? checkedDates : checkedDates.slice(-1);
}

function utcTime(text: unknown): Date | undefined {
  return typeof text === 'string' ? DateTime.fromSQL(text, { zone: 'utc' }).toJSDate() : undefined;
}
