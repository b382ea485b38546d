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
  const content = table.columns.map((column) => identifier(column.name)).join(', ');
  const isChecked = isOneOf('_logical_date', checkedDatesOf(scope), sql);
  const asOfTime = utcLiteral(asOf);
  const event = table.eventTime === undefined ? undefined : identifier(table.eventTime);
  const { rows } = await query(
    `with groups as (
       select ${keyText(keys)} as key_text, count(*) as copies, count(distinct hash(${content})) as variants
       from ${history} where ${isChecked} and ${hasKey} group by ${[...keys, '_logical_date'].join(', ')}
     )
     select
       (select count(*) from ${history}) as raw_rows,
       (select count(*) from (select distinct ${keys.join(', ')} from ${raw} where ${hasKey}) as d) as distinct_keys,
       (select count(*) from ${staging}) as staging_rows,
       (select count(*) from ${history} where ${isChecked}) as checked_rows,
       (select count(*) from ${history} where ${isChecked} and not (${hasKey})) as keyless_rows,
       (select coalesce(sum(copies - variants), 0) from groups) as identical_duplicates,
       (select count(*) from groups where variants > 1) as conflicting_keys,
       (select cast(max(_loaded_at) as varchar) from ${history} where _loaded_at <= ${asOfTime}) as newest_load,
       ${event === undefined ? 'null' : `(select cast(max(${event}) as varchar) from ${staging} where ${event} <= ${asOfTime})`}
         as newest_event`,
  );
  const row = rows[0] ?? {};
  const number = (name: string) => Number(row[name] ?? 0);
  const samplesOf = async (condition: string) => {
    const found = await query(
      `select ${keyText(keys)} as key_text from ${history} where ${isChecked} and ${hasKey}
       group by ${[...keys, '_logical_date'].join(', ')} having ${condition} order by 1 limit ${SAMPLE}`,
    );
    return found.rows.map(({ key_text: key }) => String(key));
  };
  const variants = `count(distinct hash(${content}))`;
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
      duplicatedKeys: number('identical_duplicates') === 0 ? [] : await samplesOf(`count(*) > ${variants}`),
      conflicts: number('conflicting_keys') === 0 ? [] : await samplesOf(`${variants} > 1`),
    },
  };
}

/** Counts rows and empty cells of deliveries, in one pass over them. */
export async function readProfiles(
  query: RunQuery,
  sql: SqlText,
  table: SourceTable,
  dates: string[],
): Promise<DeliveryProfile[]> {
  const [, history] = relationsOf(table, sql);
  const nulls = table.columns.map(
    ({ name }, index) => `${countIf(`${cleanCell(sql, table, name)} is null`)} as n${index}`,
  );
  const { rows } = await query(
    `select cast(_logical_date as varchar) as logical_date, count(*) as n, ${nulls.join(', ')}
     from ${history} where ${isOneOf('_logical_date', dates, sql)} group by _logical_date order by _logical_date`,
  );
  return rows.map((row) => ({
    logicalDate: String(row.logical_date),
    rows: Number(row.n),
    nulls: table.columns.map((_, index) => Number(row[`n${index}`])),
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
