import { DateTime } from 'luxon';
import type { SourceSystem } from '../contracts/source-contract';
import type { AddedPartition, RunQuery } from '../warehouse/warehouse';

/** A table's partition of one logical date, by the load audit. */
export interface PartitionFacts {
  logicalDate: string;
  loadSeq: string;
  rowsRead: number;
  rowsLoaded: number;
  rowsRejected: number;
}

/** A column that was not the contract's, in one delivery. */
export interface DriftFact {
  drift: string;
  column: string;
  detail: string;
  sourceFile: string;
}

/** What the audits say of a publication; no row of data is read for it. */
export interface PublicationFacts {
  /** By table, ascending by logical date. */
  partitions: Map<string, PartitionFacts[]>;
  /** Of the partitions that the publication added, by table. */
  drift: Map<string, DriftFact[]>;
  /** By table: what the publication added, else its newest date; ascending. */
  checkedDates: Map<string, string[]>;
}

/** A statement's list stays below what either warehouse takes. */
const MOST_IN_LIST = 10_000;

/**
 * Reads what a publication holds and which of it is new.
 *
 * @param added what it holds and its base does not: the deliveries that its checks look at. Where a table has none, its newest.
 */
export async function readPublicationFacts(query: RunQuery, added: AddedPartition[]): Promise<PublicationFacts> {
  const { rows } = await query(
    `select c.table_name, cast(c.logical_date as varchar) as logical_date, cast(c.load_seq as varchar) as load_seq,
       a.rows_read, a.rows_loaded, a.rows_rejected
     from raw.current_load as c
     left join raw.raw_load_audit as a on a.load_seq = c.load_seq and a.status = 'LOADED'
     order by c.table_name, c.logical_date`,
  );
  const partitions = new Map<string, PartitionFacts[]>();
  for (const row of rows) {
    addTo(partitions, String(row.table_name), {
      logicalDate: String(row.logical_date),
      loadSeq: String(row.load_seq),
      rowsRead: Number(row.rows_read ?? 0),
      rowsLoaded: Number(row.rows_loaded ?? 0),
      rowsRejected: Number(row.rows_rejected ?? 0),
    });
  }
  const checkedDates = new Map(
    [...partitions].map(([table, all]) => [
      table,
      checkedDatesOf(
        all,
        added.filter((part) => part.table === table),
      ),
    ]),
  );
  const isChecked = (table: string, { logicalDate }: PartitionFacts) => checkedDates.get(table)?.includes(logicalDate);
  const checked = [...partitions].flatMap(([table, all]) => all.filter((part) => isChecked(table, part)));
  return { partitions, checkedDates, drift: await readDrift(query, checked) };
}

function checkedDatesOf(all: PartitionFacts[], added: AddedPartition[]): string[] {
  const newest = all.at(-1);
  const ofAdded = all.filter(({ loadSeq }) => added.some((part) => part.loadSeq === loadSeq));
  return (ofAdded.length > 0 || newest === undefined ? ofAdded : [newest]).map(({ logicalDate }) => logicalDate);
}

async function readDrift(query: RunQuery, checked: PartitionFacts[]): Promise<Map<string, DriftFact[]>> {
  const drift = new Map<string, DriftFact[]>();
  for (let first = 0; first < checked.length; first += MOST_IN_LIST) {
    const numbers = checked.slice(first, first + MOST_IN_LIST).map(({ loadSeq }) => BigInt(loadSeq));
    const { rows } = await query(
      `select distinct table_name, drift, column_name, detail, source_file from raw.schema_drift_event
       where load_seq in (${numbers.join(', ')}) order by table_name, source_file, drift, column_name`,
    );
    for (const row of rows) {
      addTo(drift, String(row.table_name), {
        drift: String(row.drift),
        column: String(row.column_name),
        detail: String(row.detail),
        sourceFile: String(row.source_file),
      });
    }
  }
  return drift;
}

function addTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** End of the newest logical date that a publication holds, in its system's time zone; undefined when it holds none. */
export function endOfNewestDelivery({ partitions }: PublicationFacts, systems: SourceSystem[]): Date | undefined {
  const ends = systems.flatMap(({ tables, timeZone }) =>
    tables.flatMap(({ name }) => {
      const newest = partitions.get(name)?.at(-1);
      return newest === undefined ? [] : [endOfDay(newest.logicalDate, timeZone)];
    }),
  );
  return ends.sort((a, b) => a.getTime() - b.getTime()).at(-1);
}

/** The moment at which a local date ends. */
export function endOfDay(date: string, timeZone: string): Date {
  return DateTime.fromISO(date, { zone: timeZone }).plus({ days: 1 }).toJSDate();
}
