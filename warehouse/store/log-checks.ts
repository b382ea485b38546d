import type { Disagreement } from '../warehouse';
import type { StoreDb } from './store-db';

/** What of the store must agree with itself, as SQL: each row of `sql` has one column, `what`. */
interface StoreCheck {
  severity: Disagreement['severity'];
  advice: string;
  sql: string;
}

const RESTORE = 'stop the platform and restore the store from a backup that agrees with the files';
const REPORT = 'nothing that the platform does leads here: look who wrote to the store, and restore it from a backup';

const CHECKS: StoreCheck[] = [
  {
    severity: 'ERROR',
    advice: REPORT,
    sql: `select 'readers see entry ' || h.publication || ', which the log has as ' || coalesce(p.status, 'nothing') as what
      from head as h left join raw.raw_publication as p on p.publication = h.publication
      where h.publication is not null and p.status is distinct from 'PUBLISHED'`,
  },
  {
    severity: 'ERROR',
    advice: 'retry its publishing (reset its run), or roll forward with `npx mfg rollback --to` that entry',
    sql: `select 'entry ' || n.newest || ' is the newest published one, but readers see ' || coalesce(h.publication::varchar, 'none') as what
      from (select max(publication) as newest from raw.raw_publication where status = 'PUBLISHED') as n cross join head as h
      where n.newest is not null and n.newest is distinct from h.publication`,
  },
  {
    severity: 'ERROR',
    advice: 'an update was lost: compare both with `npx mfg publications diff`, and load again what is missing',
    sql: `select 'publication ' || publication || ' was published on ' || coalesce(base::varchar, 'none') || ', but readers were on '
        || coalesce(before::varchar, 'none') as what
      from (select publication, base, lag(publication) over (order by publication) as before
        from raw.raw_publication where status = 'PUBLISHED')
      where base is distinct from before`,
  },
  {
    severity: 'ERROR',
    advice: REPORT,
    sql: `select 'entry number ' || publication || ' is in the log ' || count(*) || ' times' as what
      from raw.raw_publication group by publication having count(*) > 1`,
  },
  {
    severity: 'ERROR',
    advice: REPORT,
    sql: `select 'entry ' || p.publication || ' shows data set ' || coalesce(p.data_set::varchar, 'none') || ', which nobody built' as what
      from raw.raw_publication as p
      left join raw.raw_publication as b on b.publication = p.data_set and b.kind = 'BUILD'
      where b.publication is null or (p.kind = 'BUILD' and p.data_set <> p.publication)`,
  },
  {
    severity: 'ERROR',
    advice: RESTORE,
    sql: `select 'data set ' || p.data_set || ' has no list of its loads' as what
      from raw.raw_publication as p
      where kind = 'BUILD' and data_set not in (select data_set from raw.raw_published_load)`,
  },
  {
    severity: 'ERROR',
    advice: 'build again with `npx mfg transform`; if it persists, load the date again with `npx mfg ingest --date`',
    sql: `select 'data set ' || l.data_set || ' names partition ' || l.load_seq || ' of ' || l.table_name || ', ' || l.logical_date || ', '
        || case when p.load_seq is null then 'which is not in the ledger' when p.status <> 'SEALED' then 'which is ' || p.status
             else 'which the ledger has as ' || p.table_name || ', ' || p.logical_date || ', of ' || p.load_id end as what
      from raw.raw_published_load as l left join raw_partition as p on p.load_seq = l.load_seq
      where l.load_seq is not null and (p.status is distinct from 'SEALED'
        or p.table_name is distinct from l.table_name or p.logical_date is distinct from l.logical_date
        or p.load_id is distinct from l.load_id)`,
  },
  {
    severity: 'ERROR',
    advice: REPORT,
    sql: `select 'the load ' || load_id || ' has ' || count(*) || ' sealed partitions of ' || table_name || ', ' || logical_date as what
      from raw_partition where status = 'SEALED' group by load_id, table_name, logical_date having count(*) > 1`,
  },
  {
    severity: 'ERROR',
    advice: 'load the date again with `npx mfg ingest --date`, and compare',
    sql: `select 'partition ' || load_seq || ' of ' || table_name || ', ' || logical_date || ': ' || rows_read || ' records read, but '
        || rows_loaded || ' loaded and ' || rows_rejected || ' rejected' as what
      from raw_partition where status = 'SEALED' and rows_read is distinct from rows_loaded + rows_rejected`,
  },
  {
    severity: 'ERROR',
    advice: REPORT,
    sql: `select 'partition ' || p.load_seq || ' of ' || p.table_name || ', ' || p.logical_date || ' is sealed, but its load '
        || case when m.load_id is null then p.load_id || ' has no manifest' else p.load_id || ' does not list it' end as what
      from raw_partition as p
      left join run_manifest as m on m.load_id = p.load_id
      where p.status = 'SEALED' and not exists (
        select 1 from run_delivery as d
        where d.load_id = p.load_id and d.table_name = p.table_name and d.logical_date = p.logical_date)`,
  },
  {
    severity: 'ERROR',
    advice: REPORT,
    sql: `select 'partition ' || load_seq || ' of ' || table_name || ', ' || logical_date || ' is sealed, but raw_load_audit has '
        || case when events = 0 then 'no event LOADED of it' when events > 1 then 'several events LOADED of it'
             else 'other counts or another checksum' end as what
      from (
        select p.load_seq, p.table_name, p.logical_date, count(a.load_seq) as events,
          count_if(a.load_id is distinct from p.load_id or a.rows_read is distinct from p.rows_read
            or a.rows_loaded is distinct from p.rows_loaded or a.rows_rejected is distinct from p.rows_rejected
            or a.checksum is distinct from p.checksum) as differences
        from raw_partition as p left join raw.raw_load_audit as a on a.load_seq = p.load_seq and a.status = 'LOADED'
        where p.status = 'SEALED'
        group by p.load_seq, p.table_name, p.logical_date)
      where events <> 1 or differences > 0`,
  },
  {
    severity: 'ERROR',
    advice: REPORT,
    sql: `select 'raw_load_audit says ' || a.status || ' of partition ' || a.load_seq || ', which the ledger has as '
        || coalesce(p.status, 'nothing') as what
      from raw.raw_load_audit as a left join raw_partition as p on p.load_seq = a.load_seq
      where (a.status = 'LOADED' and p.status is distinct from 'SEALED')
        or (a.status in ('STARTED', 'FAILED') and p.load_seq is null)`,
  },
  {
    severity: 'ERROR',
    advice: REPORT,
    sql: `select 'dbt_run_audit has nodes of entry ' || n.publication || ', which is not in the log' as what
      from (select distinct publication from raw.dbt_run_audit) as n
      where n.publication not in (select publication from raw.raw_publication)`,
  },
  {
    severity: 'ERROR',
    advice: 'roll back to the publication before it, and build again with `npx mfg transform`',
    sql: `select 'publication ' || p.publication || ' was published, but dbt_run_audit says of ' || n.node || ': ' || n.status as what
      from raw.raw_publication as p join raw.dbt_run_audit as n on n.publication = p.publication
      where p.status = 'PUBLISHED' and p.kind = 'BUILD' and n.status in ('error', 'fail', 'skipped')`,
  },
  {
    severity: 'WARN',
    advice: 'its lineage is incomplete: build again with `npx mfg transform`',
    sql: `select 'entry ' || p.publication || ' says ' || p.models || ' models, but dbt_run_audit has ' || count(n.node) as what
      from raw.raw_publication as p
      left join raw.dbt_run_audit as n
        on n.publication = p.publication and n.resource_type = 'model' and n.status = 'success'
      where p.models is not null and p.kind = 'BUILD'
      group by p.publication, p.models having count(n.node) < p.models`,
  },
  {
    severity: 'WARN',
    advice: REPORT,
    sql: `select what || ' names entry ' || publication || ', which is not in the log' as what
      from (
        select distinct 'data_quality_audit' as what, publication from raw.data_quality_audit
        union select 'raw_publication_pin', publication from raw.raw_publication_pin
        union select 'withdrawn_delivery', publication from withdrawn_delivery) as named
      where publication is not null and publication not in (select publication from raw.raw_publication)`,
  },
  {
    severity: 'ERROR',
    advice: 'roll back to a publication that is kept, and build again with `npx mfg transform`',
    sql: `select 'data set ' || data_set || ' is dropped, but ' || case when publication = (select publication from head) then 'readers see it'
        else 'it is a candidate under way' end as what
      from raw.raw_publication
      where dropped_at is not null and (publication = (select publication from head) or status in ('BUILDING', 'BUILT'))`,
  },
  {
    severity: 'INFO',
    advice: '`npx mfg retention` gives it up and sweeps it six hours after its start',
    sql: `select 'a build of ' || load_id || ' has not ended: entry ' || publication || ' (under way, or left by a crash)' as what
      from raw.raw_publication where status = 'BUILDING'`,
  },
  {
    severity: 'INFO',
    advice: '`npx mfg retention` gives them up and sweeps them six hours after their start',
    sql: `select count(*) || ' attempts at partitions of ' || load_id || ' have not ended (under way, or left by a crash)' as what
      from raw_partition where status = 'STARTED' group by load_id`,
  },
];

/** What the store says of itself. */
export async function checkStore(db: StoreDb): Promise<Disagreement[]> {
  const found: Disagreement[] = [];
  for (const { severity, advice, sql } of CHECKS) {
    for (const row of await db.rows(`${sql} order by what`)) found.push({ severity, what: String(row.what), advice });
  }
  return found;
}
