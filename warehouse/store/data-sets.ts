import { InvalidInputError } from '../../contracts/errors';
import type { SourceTable } from '../../contracts/source-contract';
import type { JsonRow } from '../../duckdb/connection';
import type { ReplacedRows } from '../warehouse';
import { inTexts, type StoreDb } from './store-db';

/** A log entry and the data set that it shows. */
export interface DataSetEntry {
  publication: number;
  dataSet: number;
}

/** A partition that a data set shows. */
export interface VisiblePartition {
  table: string;
  /** YYYY-MM-DD */
  logicalDate: string;
  loadSeq: string;
  loadId: string;
  /** Source columns that it holds. */
  columns: string[];
  hasRejects: boolean;
}

/** What a data set's RAW views of one table show. */
export interface VisibleTable<Partition extends VisiblePartition = VisiblePartition> {
  table: SourceTable;
  /** The data set's partitions: at most one per logical date. */
  current: Partition[];
  /** The data set's partitions and those that they and other publications superseded. */
  sealed: Partition[];
}

/**
 * Query for a data set's partitions: of all differences from it to its oldest ancestor, the newest entry for a (table, logical
 * date) is the one that holds, also when it says that there is none (REMOVED). Null: no data set, no rows.
 *
 * The line of ancestors is walked here, not by a recursive query: Snowflake ends one after 100 steps.
 */
export async function partitionsQuery(db: StoreDb, dataSet: number | null): Promise<string> {
  const bases = await db.rows('select distinct data_set, base_data_set from raw.raw_published_load order by data_set');
  return `
  select table_name, logical_date, load_seq, load_id
  from (
    select table_name, logical_date, load_seq, load_id,
      row_number() over (partition by table_name, logical_date order by data_set desc) as age
    from raw.raw_published_load
    where table_name is not null and (${isInLine(bases, dataSet)})
  ) as line
  where age = 1 and load_seq is not null`;
}

/** The condition that a data set is another or an ancestor of it: ranges of those that follow each other, since most do. */
function isInLine(bases: JsonRow[], dataSet: number | null): string {
  const baseOf = new Map(bases.map((row) => [Number(row.data_set), row.base_data_set]));
  const line = new Set<number>();
  for (let at = dataSet; at !== null && !line.has(at);) {
    line.add(at);
    const base = baseOf.get(at);
    at = base === null || base === undefined ? null : Number(base);
  }
  const ranges: string[] = [];
  let first: number | undefined;
  let last: number | undefined;
  const close = () => {
    if (first !== undefined) ranges.push(`data_set between ${first} and ${last}`);
    first = undefined;
  };
  for (const known of baseOf.keys()) {
    if (line.has(known)) {
      first ??= known;
      last = known;
    } else close();
  }
  close();
  return ranges.length === 0 ? 'false' : ranges.join(' or ');
}

/**
 * Query for the partitions that a data set which is opened now may show: its own, and those of publications, which it
 * superseded. A load that no gate has passed is not among them, nor what retention has retired. `$1` is the data set.
 */
const VISIBLE_PARTITIONS = `
  select load_seq from raw.raw_published_load
  where load_seq is not null
    and (data_set = $1 or data_set in (select data_set from raw.raw_publication where status = 'PUBLISHED'))
    and load_seq not in (select load_seq from raw_partition where retired_at is not null)`;

/** The entry that readers see and its data set. */
export async function selectHead(db: StoreDb): Promise<DataSetEntry | undefined> {
  const [row] = await db.rows(
    'select p.publication, p.data_set from head join raw.raw_publication as p on p.publication = head.publication',
  );
  return row === undefined ? undefined : { publication: Number(row.publication), dataSet: Number(row.data_set) };
}

/** Partitions of a data set, one per (table, logical date): load_seq and load_id. */
export async function partitionsOf(db: StoreDb, dataSet: number): Promise<JsonRow[]> {
  return db.rows(
    `select d.table_name, d.logical_date::varchar as logical_date, d.load_seq, d.load_id
     from (${await partitionsQuery(db, dataSet)}) as d order by d.table_name, d.logical_date`,
  );
}

/** Which of a run's partitions a data set takes. */
export interface LoadPart {
  loadId: string;
  /** Dates of this run's load that do not count, since one of their deliveries could not be loaded. */
  withoutDates: string[];
  /** Tables of which the base's earlier dates go (strategy `truncate_reload`), where this run loaded any; newer ones stay. */
  replacedTables: string[];
}

/**
 * A load's differences to a base data set: its sealed partitions where they win over the base's for the same (table, logical
 * date), and the base's earlier dates of the tables that they replace whole. Later run start wins, then LOAD_ID (promise 6).
 *
 * @returns rows of table_name, logical_date, load_seq, load_id, action (ADDED, REMOVED), is_retired.
 */
async function differences(db: StoreDb, base: number | null, part: LoadPart): Promise<JsonRow[]> {
  return db.rows(
    `with base as (${await partitionsQuery(db, base)}),
     mine as (
       select p.table_name, p.logical_date, p.load_seq, p.load_id, m.started_at, p.retired_at is not null as is_retired
       from raw_partition as p join run_manifest as m on m.load_id = p.load_id
       where p.load_id = $1 and p.status = 'SEALED' and p.logical_date::varchar not in ${inTexts(part.withoutDates)}
     ),
     added as (
       select mine.table_name, mine.logical_date, mine.load_seq, mine.load_id, mine.is_retired
       from mine
       left join base on base.table_name = mine.table_name and base.logical_date = mine.logical_date
       left join run_manifest as b on b.load_id = base.load_id
       where base.load_seq is null or mine.started_at > b.started_at
         or (mine.started_at = b.started_at and mine.load_id > b.load_id)
     ),
     removed as (
       select base.table_name, base.logical_date
       from base
       join (select table_name, max(logical_date) as newest from mine group by table_name) as loaded
         on loaded.table_name = base.table_name
       left join mine on mine.table_name = base.table_name and mine.logical_date = base.logical_date
       where mine.load_seq is null and base.table_name in ${inTexts(part.replacedTables)}
         and base.logical_date < loaded.newest
     )
     select table_name, logical_date::varchar as logical_date, load_seq, load_id, 'ADDED' as action, is_retired
     from added
     union all
     select table_name, logical_date::varchar, null, null, 'REMOVED', false from removed`,
    [part.loadId],
  );
}

/** Tables whose partitions a load would change. */
export async function tablesChangedBy(db: StoreDb, base: number | null, part: LoadPart): Promise<Set<string>> {
  return new Set((await differences(db, base, part)).map((row) => String(row.table_name)));
}

/**
 * Registers a candidate's partitions as the differences to its base.
 *
 * @returns the tables that differ. @throws InvalidInputError when retention has retired one of them.
 */
export async function addLoadToDataSet(
  db: StoreDb,
  dataSet: number,
  baseDataSet: number | null,
  part: LoadPart,
): Promise<Set<string>> {
  const changes = await differences(db, baseDataSet, part);
  const retired = changes.find((row) => row.is_retired === true);
  if (retired !== undefined) {
    throw new InvalidInputError(
      `what ${part.loadId} loaded is no longer kept (retention; ${String(retired.table_name)} of ${String(retired.logical_date)}): ` +
        `start a new run to load it again.`,
    );
  }
  const text = (value: unknown) => (value === null ? null : String(value));
  const entries = changes.map((row) => ({
    table_name: text(row.table_name),
    logical_date: text(row.logical_date),
    load_seq: text(row.load_seq),
    load_id: text(row.load_id),
    action: String(row.action),
  }));
  // Every data set has at least one entry, so that the line of its ancestors never breaks.
  const none = { table_name: null, logical_date: null, load_seq: null, load_id: null, action: 'BASE' };
  await db.insert(
    'raw.raw_published_load',
    (entries.length > 0 ? entries : [none]).map((entry) => ({
      data_set: dataSet,
      base_data_set: baseDataSet,
      ...entry,
    })),
  );
  return new Set(changes.map((row) => String(row.table_name)));
}

/** A load's sealed partitions beside what they take the place of in a data set (null: none), or follow there or in the load. */
export async function replacedRows(db: StoreDb, loadId: string, dataSet: number | null): Promise<ReplacedRows[]> {
  const rows = await db.rows(
    `with mine as (
       select table_name, logical_date, rows_loaded from raw_partition where load_id = $1 and status = 'SEALED'
     ), known as (
       select d.table_name, d.logical_date, p.rows_loaded, 0 as is_mine
       from (${await partitionsQuery(db, dataSet)}) as d join raw_partition as p on p.load_seq = d.load_seq
       union all select table_name, logical_date, rows_loaded, 1 from mine
     )
     select m.table_name, m.logical_date::varchar as logical_date, m.rows_loaded,
       k.logical_date::varchar as before_date, k.rows_loaded as before_rows
     from mine as m
     join known as k on k.table_name = m.table_name
       and (k.logical_date < m.logical_date or (k.logical_date = m.logical_date and k.is_mine = 0))
     qualify row_number() over (
       partition by m.table_name, m.logical_date order by k.logical_date desc, k.is_mine desc) = 1
     order by m.table_name, m.logical_date`,
    [loadId],
  );
  return rows.map((row) => ({
    table: String(row.table_name),
    logicalDate: String(row.logical_date),
    rowsLoaded: Number(row.rows_loaded),
    before: { logicalDate: String(row.before_date), rows: Number(row.before_rows) },
  }));
}

/** What the RAW views of a data set show, table by table. */
export async function visibleTables(db: StoreDb, dataSet: number, tables: SourceTable[]): Promise<VisibleTable[]> {
  const current = new Set((await partitionsOf(db, dataSet)).map((row) => String(row.load_seq)));
  const rows = await db.rows(
    `select table_name, logical_date::varchar as logical_date, load_seq, load_id, columns,
       rows_rejected > 0 as has_rejects
     from raw_partition where load_seq in (${VISIBLE_PARTITIONS}) order by load_seq`,
    [dataSet],
  );
  const sealed = rows.map(toVisiblePartition);
  return tables.map((table) => {
    const ofTable = sealed.filter((partition) => partition.table === table.name);
    return { table, current: ofTable.filter((partition) => current.has(partition.loadSeq)), sealed: ofTable };
  });
}

function toVisiblePartition(row: JsonRow): VisiblePartition {
  return {
    table: String(row.table_name),
    logicalDate: String(row.logical_date),
    loadSeq: String(row.load_seq),
    loadId: String(row.load_id),
    columns: JSON.parse(String(row.columns)) as string[],
    hasRejects: row.has_rejects === true,
  };
}
