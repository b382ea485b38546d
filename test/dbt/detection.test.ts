import path from 'node:path';
import type { FaultRun } from '../../bench/detection/fault-runs';
import { runFaults } from '../../bench/detection/fault-runs';
import { FAULTS } from '../../bench/detection/faults';
import { projectWithoutTests } from '../../bench/detection/projects';
import { scratchDir } from '../support/scratch';

/** A sample of `npm run bench -- detection`: a small plant, a short history, and one fault of some kinds. */
const SAMPLE = [
  '(clean) no fault: no table',
  'a column renamed: production_orders.planned_quantity',
  'one orphan key: production_orders.batch_id',
  '0.5 % conflicting duplicates: equipment_states',
];

let runs: FaultRun[];

beforeAll(async () => {
  const folder = scratchDir();
  runs = await runFaults({
    ...{ seed: 11, days: 10, plant: ['--sites', '1', '--work-units', '3'], folder: path.join(folder, 'faults') },
    faults: SAMPLE.map((name) => {
      const fault = FAULTS.find(({ kind, target }) => `${kind}: ${target}` === name);
      if (fault === undefined) throw new Error(`the bench has no fault '${name}'`);
      return fault;
    }),
    ...{ dbtDir: await projectWithoutTests(path.join(folder, 'project')), withDbtTests: false, isTidy: true },
    onRun: () => undefined,
  });
});

describe('the detection bench', () => {
  it('hears nothing of a day without a fault', () => {
    expect(runs[0]).toMatchObject({ isClean: true, falseAlarms: [] });
  });

  it.each(SAMPLE.slice(1))('hears of %s, and of nothing else', (name) => {
    const run = runs.find(({ kind, target }) => `${kind}: ${target}` === name);
    expect(run).toMatchObject({ isFound: true, falseAlarms: [] });
  });
});
