import { partitionsQuery } from './data-sets';
import type { StoreDb } from './store-db';

/**
 * Remembers which deliveries a rollback takes away from readers: those of the old data set that the new one does not hold. They
 * are not pending while their files stay as they are, else the next run would bring back what somebody has just taken away.
 */
export async function withdraw(db: StoreDb, publication: number, from: number, to: number): Promise<void> {
  const [before, after] = [await partitionsQuery(db, from), await partitionsQuery(db, to)];
  await db.run(`delete from withdrawn_delivery where load_seq in (select load_seq from (${after}) as held)`);
  await db.run(
    `insert into withdrawn_delivery (table_name, logical_date, load_seq, load_id, publication)
     select old.table_name, old.logical_date, old.load_seq, old.load_id, cast($1 as bigint)
     from (${before}) as old left join (${after}) as kept on kept.load_seq = old.load_seq
     where kept.load_seq is null`,
    [publication],
  );
}

/** How many deliveries a rollback has withdrawn. */
export async function countWithdrawn(db: StoreDb, publication: number): Promise<number> {
  const [row] = await db.rows('select count(*) as deliveries from withdrawn_delivery where publication = $1', [
    publication,
  ]);
  return Number(row?.deliveries);
}

/** A delivery that is loaded again, or that a rollback brings back, is withdrawn no longer. */
export async function forgetWithdrawn(db: StoreDb, publication: number): Promise<void> {
  await db.run(
    `delete from withdrawn_delivery where table_name || ' ' || logical_date::varchar in (
       select table_name || ' ' || logical_date::varchar from raw.raw_published_load
       where data_set = (select data_set from raw.raw_publication where publication = $1) and table_name is not null)`,
    [publication],
  );
}
