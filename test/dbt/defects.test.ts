import path from 'node:path';
import { withDuckDb, type DuckDb } from '../../duckdb/connection';
import { sqlString } from '../../duckdb/sql-text';
import { layoutOf } from '../../warehouse/duckdb/layout';
import { buildDataSet, projectWithoutTests, type DataSet } from '../support/data-set';
import { namedDefects, type NamedDefect } from '../support/named-defects';
import { scratchDir } from '../support/scratch';
import { simulate } from '../support/simulated-export';

/** The same history twice: exported without a defect, and with all that real exports get wrong. */
let clean: DataSet;
let spoilt: DataSet;
let named: NamedDefect[];

beforeAll(async () => {
  const history = ['--first-day', '2026-03-02', '--days', '25', '--work-units', '4', '--sensor-interval', '7200'];
  const [cleanFolder, spoiltFolder] = [path.join(scratchDir(), 'clean'), path.join(scratchDir(), 'spoilt')];
  await simulate(cleanFolder, '--no-defects', ...history);
  await simulate(spoiltFolder, ...history);
  named = namedDefects(spoiltFolder);
  clean = await buildDataSet(path.join(cleanFolder, 'source_system'), scratchDir(), projectWithoutTests());
  spoilt = await buildDataSet(path.join(spoiltFolder, 'source_system'), scratchDir());
});

/** Both data sets as `clean` and `spoilt`, and the named defects as table `named`. */
function compare<T>(work: (db: DuckDb) => Promise<T>): Promise<T> {
  return withDuckDb({ path: ':memory:' }, async (db) => {
    for (const [name, { stateDir, publication }] of Object.entries({ clean, spoilt })) {
      await db.run(`attach ${sqlString(layoutOf(stateDir).database(publication))} as ${name} (read_only)`);
    }
    await db.run(
      `create table named as select unnest(from_json($1::json,
         '[{"table": "VARCHAR", "kind": "VARCHAR", "key": "VARCHAR", "row": "INTEGER", "file": "VARCHAR", "logicalDate": "DATE"}]'
       ), max_depth := 2)`,
      [JSON.stringify(named)],
    );
    return work(db);
  });
}

const KEYS: Record<string, string> = {
  materials: 'material_id',
  batches: 'batch_id',
  production_orders: 'order_id',
  equipment_states: 'state_id',
  production_counts: 'count_id',
  quality_inspections: 'inspection_id',
  maintenance_orders: 'maintenance_order_id',
  sensor_readings: 'reading_id',
  material_receipts: 'receipt_id',
};

/** What staging says of a row's place among the deliveries, not of the thing itself. */
const PLACE = `_load_id, _logical_date, _source_file, _source_row_number, merged_row_count, uncastable_cell_count,
  has_conflicting_duplicates`;

describe('an export with defects', () => {
  it('has every kind of defect that is on by default', () => {
    expect(new Set(named.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(18);
  });

  it.each(Object.entries(KEYS))('differs in %s only by the rows that the defects name', async (table, key) => {
    // A counter that is reset shows other readings from then on; what was produced between two reports stays the same.
    const relation = table === 'production_counts' ? 'core.fct_production_counts' : `staging.stg_mes__${table}`;
    const known = ['materials', 'batches', 'production_orders', 'maintenance_orders'].includes(table)
      ? 'snapshot_at'
      : 'known_at, superseded_row_count';
    const columns =
      table === 'production_counts'
        ? 'count_id, shift_id, produced_quantity, good_quantity, rework_quantity, scrap_quantity, good_first_pass_quantity'
        : `* exclude (${PLACE}, ${known})`;
    const { unnamed, differing } = await compare(async (db) => {
      const rows = await db.rows(
        `with a as (select ${key} as key, to_json(a)::varchar as content from (select ${columns} from clean.${relation}) as a),
           b as (select ${key} as key, to_json(b)::varchar as content from (select ${columns} from spoilt.${relation}) as b)
         select coalesce(a.key, b.key) as key, a.content as clean, b.content as spoilt
         from a full join b on a.key = b.key where a.content is distinct from b.content order by 1`,
      );
      const keys = new Set(named.filter((defect) => defect.table === table).map((defect) => defect.key));
      // A report that is missing or wrong moves what it counted into the next one of its order.
      const following =
        table === 'production_counts'
          ? await db.rows(
              `select next_key from (
                 select count_id, lead(count_id) over (partition by equipment_id, order_id order by counted_at) as next_key
                 from clean.core.fct_production_counts)
               join named on key = count_id`,
            )
          : [];
      for (const row of following) keys.add(String(row.next_key));
      return { unnamed: rows.map((row) => String(row.key)).filter((name) => !keys.has(name)), differing: rows.length };
    });
    expect(unnamed).toEqual([]);
    if (table !== 'materials' && table !== 'maintenance_orders') expect(differing).toBeGreaterThan(0);
  });

  /** How each kind shows, of rows that reached their table's newest snapshot or delivery. */
  it.each([
    ['ended_before_started', 'production_orders', 'core.fct_production_orders', 'is_ended_before_started'],
    ['finished_in_future', 'production_orders', 'core.fct_production_orders', 'is_finished_in_future'],
    ['orphan_batch', 'production_orders', 'core.fct_production_orders', 'has_orphan_batch'],
    ['orphan_batch', 'quality_inspections', 'core.fct_quality_inspections', 'has_orphan_batch'],
    ['orphan_material', 'batches', 'core.dim_batch', 'has_orphan_material'],
    ['orphan_order', 'equipment_states', 'core.fct_equipment_states', 'has_orphan_order'],
    ['overlapping_states', 'equipment_states', 'core.fct_equipment_states', 'is_overlapping'],
    ['counter_reset', 'production_counts', 'core.fct_production_counts', 'is_counter_reset'],
    ['decimal_comma', 'production_orders', 'staging.stg_mes__production_orders', 'uncastable_cell_count > 0'],
    ['decimal_comma', 'production_counts', 'staging.stg_mes__production_counts', 'uncastable_cell_count > 0'],
    ['decimal_comma', 'sensor_readings', 'staging.stg_mes__sensor_readings', 'uncastable_cell_count > 0'],
    ['conflicting_duplicate', 'sensor_readings', 'staging.stg_mes__sensor_readings', 'has_conflicting_duplicates'],
    ['conflicting_duplicate', 'production_orders', 'staging.stg_mes__production_orders', 'has_conflicting_duplicates'],
    ['identical_duplicate', 'sensor_readings', 'staging.stg_mes__sensor_readings', 'merged_row_count > 0'],
    ['late_arrival', 'sensor_readings', 'staging.stg_mes__sensor_readings', 'read_at < known_at - interval 1 day'],
  ])('shows %s of %s in %s as %s', async (kind, table, relation, condition) => {
    const shown = await compare((db) =>
      db.rows(
        `select named.key, coalesce(${condition}, false) as is_shown
         from named join spoilt.${relation} as shown on named.key = shown.${KEYS[table]}
         where named.kind = '${kind}' and named."table" = '${table}' and shown._logical_date = named."logicalDate"`,
      ),
    );
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter((row) => row.is_shown !== true)).toEqual([]);
  });

  it('keeps every torn record as rejected, with its number', async () => {
    const torn = named.filter(({ kind }) => kind === 'too_few_fields' || kind === 'too_many_fields');
    const rejected = await spoilt.rows(
      `select distinct 'source_system/' || _source_file as file, _source_row_number::int as row from raw.raw_rejected_rows`,
    );
    const place = ({ file, row }: { file?: unknown; row?: unknown }) => `${String(file)} ${String(row)}`;
    expect(rejected.map(place).sort()).toEqual([...new Set(torn.map(place))].sort());
  });

  it('changes the KPIs only of shifts that the named rows touch', async () => {
    const untouched = await compare((db) =>
      db.rows(`
      with kpis_differ as (
        select a.shift_id, a.equipment_id, a.starts_at, a.ends_at
        from clean.marts.work_unit_shift_kpis as a
        full join spoilt.marts.work_unit_shift_kpis as b on a.shift_id = b.shift_id
        where (a.planned_busy_time_s, a.actual_production_time_s, a.actual_unit_setup_time_s, a.actual_unit_delay_time_s,
               a.planned_run_time_s, a.good_planned_run_time_s)
          is distinct from
              (b.planned_busy_time_s, b.actual_production_time_s, b.actual_unit_setup_time_s, b.actual_unit_delay_time_s,
               b.planned_run_time_s, b.good_planned_run_time_s)
      ), counts as (
        -- A report that is missing or wrong moves what it counted into the next one of its order.
        select c.*, lead(shift_id) over (partition by equipment_id, order_id order by counted_at) as next_shift_id
        from clean.core.fct_production_counts as c
      ), orders as (
        select key as order_id from named where "table" = 'production_orders'
        union select o.order_id from named join clean.core.fct_production_orders as o on o.batch_id = named.key
        where named."table" = 'batches'
      ), touched as (
        select t.shift_id from named join clean.core.fct_state_time as t on t.state_id = named.key
        where named."table" = 'equipment_states'
        union select c.shift_id from named join counts as c on c.count_id = named.key
        union select c.next_shift_id from named join counts as c on c.count_id = named.key
        union select c.shift_id from orders join counts as c using (order_id)
      )
      select shift_id from kpis_differ where shift_id not in (select shift_id from touched where shift_id is not null)
      order by shift_id`),
    );
    expect(untouched).toEqual([]);
  });
});
