import path from 'node:path';
import { PROJECT_ROOT } from '../../contracts/config';
import { parseModelsFile, readModelQuality } from '../../contracts/model-quality';

/** A model with what is said of it and of its column. */
function models(quality: string, column = ''): string {
  return `version: 2
models:
  - name: fct_orders
    config: { meta: { quality: ${quality} } }
    columns:
      - name: order_id
        ${column === '' ? '' : `config: { meta: { quality: ${column} } }`}
`;
}

const read = (quality: string, column?: string) => parseModelsFile(models(quality, column), 'm.yml');

describe('the quality checks of models', () => {
  it('are read from the shipped project, with the schema that each model is built in', async () => {
    const { models, schemaOf } = await readModelQuality(path.join(PROJECT_ROOT, 'dbt'));
    expect(models.length).toBeGreaterThan(20);
    expect(schemaOf('plant_day_kpis')).toBe('marts');
    const readings = models.find(({ name }) => name === 'stg_mes__sensor_readings');
    expect(readings).toMatchObject({ schema: 'staging', dated_by: '_logical_date', key: ['reading_id'] });
    expect(readings?.columns.value).toMatchObject({
      scale: { by: ['equipment_id', 'sensor'] },
      shift: { max_psi: 0.12 },
    });
    expect(() => schemaOf('no_such_model')).toThrow(/there is no model no_such_model/);
  });

  it('have defaults: every row counts, one is too many', () => {
    expect(read(`{ key: [order_id], rules: [{ name: late, fails_when: is_late }] }`)).toEqual([
      {
        ...{ name: 'fct_orders', key: ['order_id'], reach_days: 0, reconciliations: [], columns: {} },
        rules: [{ name: 'late', fails_when: 'is_late', max_ratio: 0 }],
      },
    ]);
  });

  it.each([
    ['{ key: [] }', /m\.yml: models\.0\.config\.meta\.quality\.key/],
    ['{ key: [order_id], rule: [] }', /Unrecognized key: "rule"/],
    [
      '{ key: [order_id], rules: [{ name: x, fails_when: "1; drop table y" }] }',
      /one SQL expression, without comments/,
    ],
    [
      '{ key: [order_id], rules: [{ name: x, fails_when: a }, { name: x, fails_when: b }] }',
      /two checks that are called x/,
    ],
    ['{ key: [order_id], rules: [{ name: x, fails_when: a, severity: bad }] }', /must be 'error', 'warn' or 'info'/],
  ])('are refused in one sentence: %s', (quality, sentence) => {
    expect(() => read(quality)).toThrow(sentence);
  });

  it('of a column need the key of the rows, and deliveries where they compare with earlier ones', () => {
    const column = '{ shift: { max_psi: 0.2 } }';
    expect(() => read('{ key: [order_id] }', column)).toThrow(/needs `dated_by: _logical_date`/);
    const text = models('{ key: [order_id] }', column).replace(
      'config: { meta: { quality: { key: [order_id] } } }',
      '',
    );
    expect(() => parseModelsFile(text, 'm.yml')).toThrow(/add `quality: \{ key: \[\.\.\.\] \}`/);
  });
});
