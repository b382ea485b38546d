import type { SourceTable } from '../../contracts/source-contract';
import type { DuckDb, JsonRow } from '../../duckdb/connection';
import type { Layout } from './layout';
import type { RawTable, ViewPartition } from './raw-views';

/**
 * Query for a data set's partitions: walks the chain of differences from it to its oldest ancestor; the nearest entry
 * for a (table, logical date) is the one that holds. `dataSet` is the bound parameter that names the data set.
 */
const partitionsQuery = (dataSet: '$1' | '$2') => `
  with recursive chain as (
    select ${dataSet}::bigint as data_set, 0 as depth
    union all
    select b.base_data_set, c.depth + 1
    from chain as c
    join (select distinct data_set, base_data_set from raw.raw_published_load) as b on b.data_set = c.data_set
    where b.base_data_set is not null
  )
  select l.table_name, l.logical_date, arg_min(l.load_seq, c.depth) as load_seq, arg_min(l.load_id, c.depth) as load_id
  from chain as c join raw.raw_published_load as l on l.data_set = c.data_set and l.load_seq is not null
  group by l.table_name, l.logical_date`;

/**
 * Query for the partitions that a data set may show: its own ($1), and those of publications, which it superseded. A load that
 * no gate has passed is not among them.
 */
const VISIBLE_PARTITIONS = `
  select load_seq from raw.raw_published_load
  where load_seq is not null
    and data_set in (select publication from raw.raw_publication where status = 'PUBLISHED' or publication = $1)`;

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

/** The files of a data set's deliveries: rows of run_delivery, those of a delivery together. */
export async function deliveredFilesOf(db: DuckDb, dataSet: number): Promise<JsonRow[]> {
  return db.rows(
    `select f.table_name, f.logical_date::varchar as logical_date, f.source_file, f.size_bytes,
       f.modified_at, f.sha256
     from (${partitionsQuery('$1')}) as d
     join run_delivery as f using (load_id, table_name, logical_date)
     order by f.table_name, f.logical_date, f.position`,
    [dataSet],
  );
}

/**
 * Registers a candidate's partitions as the difference to its base: this run's sealed partitions where they win over
 * the base's for the same (table, logical date). Later run start wins, then LOAD_ID (promise 6).
 */
export async function addLoadToDataSet(
  db: DuckDb,
  dataSet: number,
  baseDataSet: number | null,
  loadId: string,
): Promise<void> {
  await db.run(
    `insert into raw.raw_published_load
     with base as (${partitionsQuery('$2')}),
     mine as (
       select p.table_name, p.logical_date, p.load_seq, p.load_id, m.started_at
       from raw_partition as p join run_manifest as m using (load_id)
       where p.load_id = $3 and p.status = 'SEALED'
     )
     select $1, $2::bigint, mine.table_name, mine.logical_date, mine.load_seq, mine.load_id, 'ADDED'
     from mine
     left join base using (table_name, logical_date)
     left join run_manifest as b on b.load_id = base.load_id
     where base.load_seq is null or (mine.started_at, mine.load_id) > (b.started_at, b.load_id)`,
    [dataSet, baseDataSet, loadId],
  );
  // Every data set has at least one entry, so that the chain of differences never breaks.
  await db.run(
    `insert into raw.raw_published_load
     select $1, $2::bigint, null, null, null, null, 'BASE'
     where not exists (from raw.raw_published_load where data_set = $1)`,
    [dataSet, baseDataSet],
  );
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
