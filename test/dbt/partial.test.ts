import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { InvalidInputError } from '../../contracts/errors';
import { PROJECT_ROOT } from '../../contracts/config';
import { venvProgram } from '../../contracts/installation';
import { resolveSelection } from '../../transform/selection';
import { RunBench } from '../support/run-bench';
import { smallDbtProject, SMALL_TABLES } from '../support/small-dbt';

const SHIPPED = path.join(PROJECT_ROOT, 'data', 'raw', 'source_system', 'mes');
const [FIRST, SECOND, THIRD] = ['2026-01-05', '2026-01-06', '2026-01-07'] as const;

const dbtDir = smallDbtProject();
const bench = new RunBench(dbtDir);
const model = (name: string) => path.join(dbtDir, 'models', name);

/** Delivers one of the shipped export's days, as far as the small project knows its tables. */
function deliver(date: string, tables = SMALL_TABLES): void {
  mkdirSync(path.join(bench.sourceDir, 'mes', date), { recursive: true });
  for (const table of tables) {
    const file = readdirSync(path.join(SHIPPED, date)).find((name) => name.startsWith(`${table}.csv`)) ?? '';
    const shipped = readFileSync(path.join(SHIPPED, date, file));
    const content = file.endsWith('.gz') ? gunzipSync(shipped) : shipped;
    writeFileSync(path.join(bench.sourceDir, 'mes', date, `${table}.csv`), content);
  }
}

/** Edits a file of the dbt project or a delivery. */
function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
}

/** Leaves a delivered file's last records out. */
const shorten = (text: string) => text.split('\n').slice(0, -3).join('\n').concat('\n');

describe('partial builds', () => {
  it('three in a row, mixed with full ones, loads, corrections and edits, give what one full build gives', async () => {
    deliver(FIRST);
    deliver(SECOND);
    const first = await bench.publish('PARTIAL', [], await bench.load());
    expect(first).toMatchObject({ scope: 'FULL', fullBecause: 'nothing is published yet' });

    // A correction of one table of an old day: its descendants, nothing else.
    edit(path.join(bench.sourceDir, 'mes', FIRST, 'equipment_states.csv'), shorten);
    const correction = await bench.publish('PARTIAL', [], await bench.load({ tables: ['equipment_states'] }));
    expect(correction).toMatchObject({ scope: 'PARTIAL' });
    expect(await bench.builtModels(correction)).toEqual([
      ...['stg_mes__equipment_states', 'stg_mes__equipment_states_history', 'work_unit_day_kpis'],
    ]);

    // An edit of one model, a build of another: both are built, with what is downstream, and no later build misses it.
    edit(model('core/dim_batch.sql'), (sql) => sql.replace('materials.unit_of_measure', "'kg' as unit_of_measure"));
    edit(model('marts/work_unit_day_kpis.sql'), (sql) => sql.replace("'producing'", "'idle'"));
    const selected = await bench.publish('PARTIAL', ['dim_material']);
    expect(await bench.builtModels(selected)).toEqual([
      ...['dim_batch', 'dim_material', 'fct_production_orders', 'plant_day_kpis', 'work_unit_day_kpis'],
    ]);

    // A new day, a removed model, a model that moves to another schema, and a new one.
    deliver(THIRD);
    rmSync(model('marts/work_unit_day_kpis.sql'));
    edit(model('_small__models.yml'), (yaml) => yaml.slice(0, yaml.indexOf('  - name: work_unit_day_kpis')));
    edit(model('core/dim_material.sql'), (sql) => `{{ config(schema='marts') }}\n${sql}`);
    writeFileSync(model('marts/materials_of_batches.sql'), "select distinct material_id from {{ ref('dim_batch') }}\n");
    const third = await bench.publish('PARTIAL', [], await bench.load());
    expect(third).toMatchObject({ scope: 'PARTIAL' });
    expect(await bench.differences(third, await bench.publish('FULL'))).toEqual([]);
  });

  it('start no dbt when nothing has changed, and say so before a candidate is opened', async () => {
    const reused = await bench.load({ onUnchanged: 'reuse' });
    expect(reused).toMatchObject({ batches: [], reused: SMALL_TABLES.map(() => ({ logicalDate: THIRD })) });
    expect(await bench.isUpToDate(reused)).toBe(true);
    // A run that lost its race may find that out only with a candidate at hand.
    const empty = await bench.publish('PARTIAL', [], reused);
    expect(empty).toMatchObject({ scope: 'PARTIAL', models: 0, tests: 0 });
    edit(model('marts/materials_of_batches.sql'), (sql) => `${sql}-- changed\n`);
    expect(await bench.isUpToDate(reused)).toBe(false);
  });

  it('are built again when the project is edited meanwhile: nobody could tell which code was built', async () => {
    const writing = () => edit(model('marts/materials_of_batches.sql'), (sql) => `${sql}-- edited meanwhile\n`);
    await expect(bench.build('PARTIAL', ['materials_of_batches'], undefined, writing)).rejects.toThrow(
      /was edited while it was built/,
    );
  });

  it('that are held by a test are whole: what dbt left out after the failed test is built and tested too', async () => {
    const test = path.join(dbtDir, 'tests', 'nothing_is_good_enough.sql');
    writeFileSync(test, "select material_id from {{ ref('stg_mes__materials') }}\n");
    const held = await bench.build('PARTIAL', ['stg_mes__materials']);
    expect(held).toMatchObject({ status: 'HELD', failures: [{ node: 'nothing_is_good_enough' }] });
    expect(await bench.builtModels(held)).toContain('materials_of_batches');
    rmSync(test);
    expect(await bench.differences(held, await bench.build('FULL'))).toEqual([]);
  });
});

describe('a selection', () => {
  const resolve = (...select: string[]) =>
    resolveSelection({
      select,
      dbt: venvProgram('dbt'),
      dbtDir,
      target: 'duckdb',
      threads: 1,
      parseCacheDir: path.join(bench.stateDir, 'dbt'),
      scratchDir: path.join(bench.stateDir, 'staging'),
    });

  it('names nodes one by one, so that each can be closed over its descendants', async () => {
    const names = await resolve('core,dim_batch+', 'source:mes.materials', 'path:models/marts');
    expect(names.sort()).toEqual([
      ...['dim_batch', 'fct_production_orders', 'materials_of_batches', 'plant_day_kpis', 'source:mes.materials'],
    ]);
  });

  it('that names nothing is refused in one sentence', async () => {
    await expect(resolve('dim_batch', 'dim_btach', 'tag:x')).rejects.toThrow(
      new InvalidInputError(
        "select: 'dim_btach', 'tag:x' match nothing in the dbt project: name a model, or select as dbt does (path:, tag:, source:).",
      ),
    );
  });
});
