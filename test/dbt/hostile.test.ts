import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readFileSync, readdirSync } from 'node:fs';
import { readSourceContracts } from '../../contracts/source-contract';
import { isUncastable, typedColumns } from '../../ingestion/cell-types';
import { buildDataSet, DBT_DIR } from '../support/data-set';
import { deliver, scratchDir } from '../support/scratch';
import { simulate } from '../support/simulated-export';

/** Cells that no plant can mean, by table and column: the source is wrong, and all of it is only flagged. */
const HOSTILE: Record<string, Record<string, string[]>> = {
  quality_inspections: { measured_value: ['999999999', '-999999999', '3901.500', '1e17', '99999999999999999999'] },
  production_counts: {
    produced_quantity: ['999999999.999999'],
    good_quantity: ['999999999.999999'],
    scrap_quantity: ['-5'],
  },
  standard_times: { planned_run_time_per_item_s: ['195000000.1', '-1', '0'] },
  shifts: {
    equipment_id: ['', 'NOPE'],
    starts_at: ['9999-12-31 06:00:00', '0001-01-01 00:00:00'],
    planned_busy_time_s: ['999999999'],
  },
  equipment_states: {
    started_at: ['0026-01-06 06:00:00+01:00', '9999-01-01 00:00:00+00:00'],
    state: ["'; drop table x; --"],
  },
  equipment: { site: ['NOPE'], parent_equipment_id: ['HAM-L1-U1', 'HAM-L1-U2'] },
  sites: { time_zone: [''] },
  maintenance_orders: { reported_at: ['0001-01-01 00:00:00', '9999-12-31 00:00:00'] },
  production_orders: {
    planned_start_date: ['0001-01-01 00:00:00'],
    actual_end_date: ['9999-12-31 00:00:00'],
    line_id: ['{{ x }}'],
  },
  sensor_readings: { value: ['-999999999.999999', '1e400'], read_at: ['0001-01-01 00:00:00+00:00'] },
  material_receipts: { received_quantity: ['-1', '999999999999'] },
};

/** Spoils every fifth record of a file, each with the next of its table's hostile cells. */
function spoil(table: string, csv: string): string {
  const [header = '', ...records] = csv.trimEnd().split('\n');
  const columns = header.split(',');
  const cells = Object.entries(HOSTILE[table] ?? {}).flatMap(([column, values]) =>
    values.map((value) => [columns.indexOf(column), value] as const),
  );
  const lines = records.map((record, index) => {
    const [column, value] = cells[(index / 5) % cells.length] ?? [];
    if (column === undefined || value === undefined || record.includes('"')) return record;
    return record.split(',').with(column, value).join(',');
  });
  return [header, ...lines].join('\n') + '\n';
}

describe('a source that says what cannot be', () => {
  it('is flagged, and neither breaks the build nor holds the publication', async () => {
    const folder = path.join(scratchDir(), 'export');
    await simulate(folder, '--no-defects', '--sites', '1', '--work-units', '3', '--days', '4');
    const source = path.join(folder, 'source_system', 'mes');
    const hostile = scratchDir();
    for (const date of readdirSync(source)) {
      for (const name of readdirSync(path.join(source, date))) {
        const csv = gunzipSync(readFileSync(path.join(source, date, name))).toString();
        deliver(hostile, `mes/${date}/${name}`, spoil(name.replace('.csv.gz', ''), csv));
      }
    }
    // Throws with the failing nodes when the build is not BUILT.
    const dataSet = await buildDataSet(hostile, scratchDir());
    const warned = dataSet.build.warned.map(({ node }) => node);
    expect(warned).toEqual(
      expect.arrayContaining(['dim_shift_is_possible', 'never_true_dim_equipment_has_orphan_site']),
    );
    const [days] = await dataSet.rows('select count(*)::int as n from core.dim_date');
    expect(days?.n).toBeLessThan(40);
    const [extreme] = await dataSet.rows('select max(planned_busy_time_s)::int as pbt from marts.work_unit_shift_kpis');
    expect(extreme?.pbt).toBeLessThanOrEqual(8 * 3600);
    // What the loader takes for a cell of another type is what staging casts to null.
    const [system] = await readSourceContracts(DBT_DIR);
    let uncastable = 0;
    for (const { name, columns, key } of system?.tables ?? []) {
      const cells = typedColumns(columns).map((column) => `${isUncastable(column)}::int`);
      const staged = `staging.stg_mes__${name}`;
      const [counts] = await dataSet.rows(
        `select (select coalesce(sum(uncastable_cell_count), 0)::int from ${staged}) as staging,
           (select coalesce(sum(${['0', ...cells].join(' + ')}), 0)::int from raw.${name}
            where (${key.join(', ')}) in (select (${key.join(', ')}) from ${staged})) as loader`,
      );
      expect({ name, cells: counts?.loader }).toEqual({ name, cells: counts?.staging });
      uncastable += Number(counts?.loader);
    }
    expect(uncastable).toBeGreaterThan(10);
  });
});
