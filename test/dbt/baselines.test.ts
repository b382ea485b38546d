import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../../contracts/config';
import { venvProgram } from '../../contracts/installation';
import { buildDataSet } from '../support/data-set';
import { scratchDir } from '../support/scratch';

interface Scores {
  table: string;
  train: number;
  test: number;
  naive: number;
  model: number;
  shuffled: number;
}

/** By how much ROC AUC must beat the naive baseline; docs/data-science.md says the same. */
const MARGINS: Record<string, number> = { order_delay_features: 0.15, work_unit_failure_features: 0.2 };

describe('the baselines of docs/data-science.md on the shipped export', () => {
  it('beat a naive baseline on later rows, and score like chance with shuffled labels', async () => {
    const dataSet = await buildDataSet(path.join(PROJECT_ROOT, 'data', 'raw', 'source_system'), scratchDir());
    const files: string[] = [];
    for (const mart of Object.keys(MARGINS)) {
      const file = path.join(scratchDir(), `${mart}.parquet`);
      await dataSet.warehouse.exportRelation({ kind: 'head' }, mart, { path: file, format: 'parquet' });
      files.push(file);
    }
    const script = path.join(PROJECT_ROOT, 'examples', 'baselines.py');
    const { stdout } = await promisify(execFile)(venvProgram('python'), [script, ...files]);
    const scores = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Scores);
    expect(scores.map(({ table }) => table)).toEqual(Object.keys(MARGINS));
    for (const { table, train, test, naive, model, shuffled } of scores) {
      expect([table, Math.min(train, test) > 200]).toEqual([table, true]);
      expect([table, model - naive >= (MARGINS[table] ?? 1)]).toEqual([table, true]);
      expect([table, Math.abs(shuffled - 0.5) <= 0.12]).toEqual([table, true]);
    }
  });
});
