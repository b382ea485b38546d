import { InvalidInputError } from '../../contracts/errors';
import type { SourceTable } from '../../contracts/source-contract';
import type { DuckDb, JsonRow } from '../../duckdb/connection';
import type { ReplacedRows } from '../warehouse';
import type { Layout } from './layout';
import type { RawTable, ViewPartition } from './raw-views';

/**
 * Query for a data set's partitions: walks the chain of differences from it to its oldest ancestor; the nearest entry
 * for a (table, logical date) is the one that holds, also when it says that there is none (REMOVED). `dataSet` is the bound
 * parameter that names the data set.
 */
export const partitionsQuery = (dataSet: '$1' | '$2') => `
  with recursive chain as (
    select ${dataSet}::bigint as data_set, 0 as depth
    union all
    select b.base_data_set, c.depth + 1
    from chain as c
    join (select distinct data_set, base_data_set from raw.raw_published_load) as b on b.data_set = c.data_set
    where b.base_data_set is not null
  )
  select table_name, logical_date, nearest.load_seq as load_seq, nearest.load_id as load_id
  from (
    select l.table_name, l.logical_date, arg_min({load_seq: l.load_seq, load_id: l.load_id}, c.depth) as nearest
    from chain as c join raw.raw_published_load as l on l.data_set = c.data_set and l.table_name is not null
    group by l.table_name, l.logical_date
  )
  where nearest.load_seq is not null`;

/**
 * Query for the partitions that a data set which is opened now may show: its own ($1), and those of publications, which it
 * superseded. A load that no gate has passed is not among them, nor what retention has retired.
 */
const VISIBLE_PARTITIONS = `
  select load_seq from raw.raw_published_load
  where load_seq is not null
    and (data_set = $1 or data_set in (select data_set from raw.raw_publication where status = 'PUBLISHED'))
    and load_seq not in (select load_seq from raw_partition where retired_at is not null)`;

/** The entry that readers see and its data set. */
export async function selectHead(db: DuckDb): Promise<{ publication: number; dataSet: number } | undefined> {
  const [row] = await db.rows(
    'select p.publication, p.data_set from head join raw.raw_publication as p on p.publication = head.publication',
  );
  return row === undefined ? undefined : { publication: Number(row.publication), dataSet: Number(row.data_set) };
}

/** Partitions of a data set, one per (table, logical date): load_seq, load_id, and the run's start. */
export async function partitionsOf(db: DuckDb, dataSet: number): Promise<JsonRow[]> {
  return db.rows(
    `select d.table_name, d.logical_date::varchar as logical_date, d.load_seq, d.load_id
     from (${partitionsQuery('$1')}) as d order by d.table_name, d.logical_date`,
    [dataSet],
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
async function differences(db: DuckDb, base: number | null, part: LoadPart): Promise<JsonRow[]> {
  return db.rows(
    `with base as (${partitionsQuery('$1')}),
     mine as (
       select p.table_name, p.logical_date, p.load_seq, p.load_id, m.started_at, p.retired_at is not null as is_retired
       from raw_partition as p join run_manifest as m using (load_id)
       where p.load_id = $2 and p.status = 'SEALED' and not list_contains($3::json::date[], p.logical_date)
     ),
     added as (
       select mine.table_name, mine.logical_date, mine.load_seq, mine.load_id, mine.is_retired
       from mine
       left join base using (table_name, logical_date)
       left join run_manifest as b on b.load_id = base.load_id
       where base.load_seq is null or (mine.started_at, mine.load_id) > (b.started_at, b.load_id)
     ),
     removed as (
       select base.table_name, base.logical_date
       from base
       join (select table_name, max(logical_date) as newest from mine group by table_name) as loaded using (table_name)
       anti join mine on mine.table_name = base.table_name and mine.logical_date = base.logical_date
       where list_contains($4::json::varchar[], base.table_name) and base.logical_date < loaded.newest
     )
     select table_name, logical_date::varchar as logical_date, load_seq, load_id, 'ADDED' as action, is_retired
     from added
     union all
     select table_name, logical_date::varchar, null, null, 'REMOVED', false from removed`,
    [base, part.loadId, JSON.stringify(part.withoutDates), JSON.stringify(part.replacedTables)],
  );
}

/** Tables whose partitions a load would change. */
export async function tablesChangedBy(db: DuckDb, base: number | null, part: LoadPart): Promise<Set<string>> {
  return new Set((await differences(db, base, part)).map((row) => String(row.table_name)));
}

/**
 * Registers a candidate's partitions as the differences to its base.
 *
 * @returns the tables that differ. @throws InvalidInputError when retention has retired one of them.
 */
export async function addLoadToDataSet(
  db: DuckDb,
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
  // Every data set has at least one entry, so that the chain of differences never breaks.
  const none = { table_name: null, logical_date: null, load_seq: null, load_id: null, action: 'BASE' };
  await db.run(
    `insert into raw.raw_published_load
     select $1, $2::bigint, unnest(from_json($3::json, '[{"table_name": "VARCHAR", "logical_date": "DATE",
       "load_seq": "BIGINT", "load_id": "VARCHAR", "action": "VARCHAR"}]'), max_depth := 2)`,
    [dataSet, baseDataSet, JSON.stringify(changes.length > 0 ? changes : [none])],
  );
  return new Set(changes.map((row) => String(row.table_name)));
}

/** A load's sealed partitions beside what they take the place of in a data set (null: none), or follow there or in the load. */
export async function replacedRows(db: DuckDb, loadId: string, dataSet: number | null): Promise<ReplacedRows[]> {
  const rows = await db.rows(
    `with mine as (
       select table_name, logical_date, rows_loaded from raw_partition where load_id = $2 and status = 'SEALED'
     ), known as (
       select d.table_name, d.logical_date, p.rows_loaded, false as is_mine
       from (${partitionsQuery('$1')}) as d join raw_partition as p on p.load_seq = d.load_seq
       union all select table_name, logical_date, rows_loaded, true from mine
     )
     select m.table_name, m.logical_date::varchar as logical_date, any_value(m.rows_loaded) as rows_loaded,
       max(k.logical_date)::varchar as before_date,
       arg_max(k.rows_loaded, (k.logical_date, k.is_mine)) as before_rows
     from mine as m
     join known as k on k.table_name = m.table_name
       and (k.logical_date < m.logical_date or (k.logical_date = m.logical_date and not k.is_mine))
     group by m.table_name, m.logical_date order by m.table_name, m.logical_date`,
    [dataSet, loadId],
  );
  return rows.map((row) => ({
    table: String(row.table_name),
    logicalDate: String(row.logical_date),
    rowsLoaded: Number(row.rows_loaded),
    before: { logicalDate: String(row.before_date), rows: Number(row.before_rows) },
  }));
}

/** What the RAW views of a data set list, table by table. */
export async function rawTablesOf(
  db: DuckDb,
  layout: Layout,
  dataSet: number,
  tables: SourceTable[],
): Promise<RawTable[]> {
  const current = new Set((await partitionsOf(db, dataSet)).map((row) => String(row.load_seq)));
  const sealed = (
    await db.rows(
      `select table_name, logical_date::varchar as logical_date, load_seq, load_id, to_json(columns)::varchar as columns
       from raw_partition where load_seq in (${VISIBLE_PARTITIONS}) order by load_seq`,
      [dataSet],
    )
  ).map((row) => toViewPartition(row, layout));
  return tables.map((table) => {
    const ofTable = sealed.filter((partition) => partition.table === table.name);
    return { table, current: ofTable.filter((partition) => current.has(partition.loadSeq)), sealed: ofTable };
  });
}

/** Files of rejected records beside the partitions that a data set shows. */
export async function rejectFiles(
  db: DuckDb,
  layout: Layout,
  dataSet: number,
): Promise<{ table: string; file: string }[]> {
  const rows = await db.rows(
    `select table_name, load_seq from raw_partition
     where rows_rejected > 0 and load_seq in (${VISIBLE_PARTITIONS}) order by load_seq`,
    [dataSet],
  );
  return rows.map((row) => ({
    table: String(row.table_name),
    file: layout.rejects(String(row.table_name), String(row.load_seq)),
  }));
}

function toViewPartition(row: JsonRow, layout: Layout): ViewPartition {
  const table = String(row.table_name);
  const loadSeq = String(row.load_seq);
  return {
    table,
    logicalDate: String(row.logical_date),
    loadSeq,
    loadId: String(row.load_id),
    file: layout.partition(table, loadSeq),
    columns: JSON.parse(String(row.columns)) as string[],
  };
}
