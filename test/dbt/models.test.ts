import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildDataSet, DBT_DIR, projectWithoutTests, runDbt, type DataSet } from '../support/data-set';
import { scratchDir } from '../support/scratch';
import { simulate } from '../support/simulated-export';

/** Rows lost, doubled or left out on the way, and the test that must find each. */
const BUGS = [
  {
    model: 'staging/mes/stg_mes__production_counts.sql',
    sound: 'where not is_superseded',
    bug: "where not is_superseded and count_id not like '%7'",
    test: 'accounts_for_raw_rows_stg_mes__production_counts_production_counts',
  },
  {
    model: 'core/fct_quality_inspections.sql',
    sound: "from {{ ref('stg_mes__quality_inspections') }}",
    bug: "from {{ ref('stg_mes__quality_inspections') }} where inspection_id not like '%7'",
    test: 'has_the_keys_of_fct_quality_inspections_inspection_id__ref_stg_mes__quality_inspections_',
  },
  {
    model: 'core/fct_state_time.sql',
    sound: 'where started_at < ended_at',
    bug: "where started_at < ended_at and state_id not like '%7'",
    test: 'state_time_has_every_second_of_its_interval',
  },
  {
    model: 'marts/work_unit_day_kpis.sql',
    sound: 'from shifts\n',
    bug: 'from shifts where shift_number <> 2\n',
    test: 'work_unit_day_kpis_actual_production_time_s_adds_up',
  },
  {
    model: 'marts/material_day_quality.sql',
    sound: 'from counts\n',
    bug: 'from (select * from counts union all select * from counts) as twice\n',
    test: 'material_day_quality_has_all_counts',
  },
];

let dataSet: DataSet;

beforeAll(async () => {
  const folder = path.join(scratchDir(), 'export');
  await simulate(folder, '--no-defects', '--sites', '1', '--work-units', '3', '--days', '3');
  dataSet = await buildDataSet(path.join(folder, 'source_system'), scratchDir(), projectWithoutTests());
});

describe('the models', () => {
  it('pass their unit tests', async () => {
    const { ok, output } = await runDbt(dataSet.copy('unit tests'), ['test', '--select', 'test_type:unit']);
    expect([ok, ok ? '' : output]).toEqual([true, '']);
    expect(Number(/PASS=(\d+)/.exec(output)?.[1])).toBeGreaterThanOrEqual(90);
  });

  it('do not pass their reconciliation with rows lost, doubled or left out', async () => {
    const dbtDir = path.join(scratchDir(), 'dbt');
    cpSync(DBT_DIR, dbtDir, { recursive: true });
    for (const { model, sound, bug } of BUGS) {
      const file = path.join(dbtDir, 'models', model);
      const sql = readFileSync(file, 'utf8');
      expect([model, sql.includes(sound)]).toEqual([model, true]);
      writeFileSync(file, sql.replace(sound, bug));
    }
    const models = BUGS.map(({ model }) => path.basename(model, '.sql'));
    const folder = dataSet.copy('bugs');
    const built = await runDbt(folder, ['run', '--select', ...models], dbtDir);
    expect([built.ok, built.ok ? '' : built.output]).toEqual([true, '']);
    const { output } = await runDbt(folder, ['test', '--select', ...models, '--exclude', 'test_type:unit'], dbtDir);
    const failed = [...output.matchAll(/FAIL \d+ (\w+)/g)].map(([, name]) => name);
    expect(BUGS.map(({ test }) => test).filter((test) => !failed.includes(test))).toEqual([]);
  });
});
