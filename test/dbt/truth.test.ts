import path from 'node:path';
import { withDuckDb } from '../../duckdb/connection';
import { buildDataSet, runDbt, type DataSet } from '../support/data-set';
import { scratchDir } from '../support/scratch';
import { readTruth, simulate, type Truth } from '../support/simulated-export';
import { shiftsOf, totalsOf } from '../support/truth';

const HISTORIES: [string, string[]][] = [
  ['spring, in which both sites change their clocks', ['--first-day', '2026-03-02', '--days', '29']],
  ['autumn, in which both sites change them back', ['--first-day', '2026-10-19', '--days', '15']],
];

describe.each(HISTORIES)('a defect-free export of %s', (_name, args) => {
  let truth: Truth;
  let dataSet: DataSet;

  beforeAll(async () => {
    const folder = path.join(scratchDir(), 'export');
    await simulate(folder, '--no-defects', '--work-units', '4', '--sensor-interval', '7200', ...args);
    truth = readTruth(folder);
    dataSet = await buildDataSet(path.join(folder, 'source_system'), scratchDir());
  });

  it('gives for every shift what really happened, to the second and the piece', async () => {
    const shifts = await shiftsOf(dataSet);
    expect(shifts.length).toBeGreaterThan(200);
    expect(shifts).toEqual([...truth.shifts].sort((a, b) => (a.shift_id < b.shift_id ? -1 : 1)));
  });

  it('gives the totals of orders, failures, downtime, maintenance, receipts, inspections, sensors and batches', async () => {
    const totals = await totalsOf(dataSet);
    expect(Object.keys(totals).sort()).toEqual(Object.keys(truth.totals).sort());
    for (const [name, total] of Object.entries(truth.totals)) {
      expect([name, withoutZeros(totals[name])]).toEqual([name, withoutZeros(total)]);
    }
  });

  it('raises no warning but for local times that the repeated hour makes ambiguous', () => {
    const ambiguous = Object.values(truth.files).some(({ defects }) => 'ambiguous_local_time' in defects);
    expect(dataSet.build.status).toBe('BUILT');
    if (!ambiguous) expect(dataSet.build.warned).toEqual([]);
  });

  it('gives the same rows of every mart when it is built again', async () => {
    const fingerprint = (folder: string) =>
      withDuckDb({ path: path.join(folder, 'mfg.duckdb'), settings: { access_mode: 'READ_ONLY' } }, async (db) => {
        const marts = await db.rows(
          "select table_name from information_schema.tables where table_schema = 'marts' order by 1",
        );
        const queries = marts
          .map(({ table_name }) => String(table_name))
          .map((mart) => `select '${mart}' as mart, count(*) as n, sum(hash(m))::varchar as h from marts.${mart} as m`);
        return db.rows(`${queries.join(' union all ')} order by mart`);
      });
    const before = await fingerprint(dataSet.copy('as it was'));
    expect(before.length).toBeGreaterThanOrEqual(12);
    const again = dataSet.copy('again');
    const built = await runDbt(again, ['run', '--full-refresh']);
    expect([built.ok, built.ok ? '' : built.output]).toEqual([true, '']);
    expect(await fingerprint(again)).toEqual(before);
  });
});

/** Groups of which nothing happened may stand there with zeros, or not at all. */
function withoutZeros(total: Record<string, unknown> = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(total).filter(([, figures]) => Object.values(figures as object).some((figure) => figure !== 0)),
  );
}
