import type { DuckDb } from '../../duckdb/connection';
import { partitionsQuery } from './data-sets';

/**
 * Remembers which deliveries a rollback takes away from readers: those of the old data set that the new one does not hold. They
 * are not pending while their files stay as they are, else the next run would bring back what somebody has just taken away.
 *
 * @returns their number.
 */
export async function withdraw(db: DuckDb, publication: number, from: number, to: number): Promise<number> {
  await forgetHeldBy(db, to);
  const [row] = await db.rows(
    `with before as (${partitionsQuery('$1')}), after as (${partitionsQuery('$2')}), gone as (
       select before.table_name, before.logical_date, before.load_seq, before.load_id
       from before left join after using (load_seq)
       where after.load_seq is null
     )
     select count(*) as deliveries from gone`,
    [from, to],
  );
  await db.run(
    `insert into withdrawn_delivery
     with before as (${partitionsQuery('$1')}), after as (${partitionsQuery('$2')})
     select before.table_name, before.logical_date, before.load_seq, before.load_id, $3
     from before left join after using (load_seq)
     where after.load_seq is null`,
    [from, to, publication],
  );
  return Number(row?.deliveries);
}

/** A delivery that is loaded again, or that a rollback brings back, is withdrawn no longer. */
export async function forgetWithdrawn(db: DuckDb, publication: number): Promise<void> {
  await db.run(
    `delete from withdrawn_delivery where (table_name, logical_date) in (
       select (table_name, logical_date) from raw.raw_published_load
       where data_set = (select data_set from raw.raw_publication where publication = $1) and table_name is not null)`,
    [publication],
  );
}

async function forgetHeldBy(db: DuckDb, dataSet: number): Promise<void> {
  await db.run(
    `delete from withdrawn_delivery
     where load_seq in (select load_seq from (${partitionsQuery('$1')}))`,
    [dataSet],
  );
}
