import path from 'node:path';
import { COLUMNS } from '../../data/simulator/columns';
import { readSourceContracts } from '../../contracts/source-contract';
import { scratchDir } from '../support/scratch';
import {
  contentOf,
  dayOf,
  digest,
  parseCsv,
  readEvents,
  readNewest,
  readRecords,
  readTruth,
  simulate,
  tableFiles,
  tableOf,
} from '../support/simulated-export';

const PROJECT = path.join(__dirname, '..', '..');
const SMALL = ['--days', '6', '--sites', '2', '--work-units', '3'];

async function exported(...args: string[]): Promise<string> {
  const folder = scratchDir();
  await simulate(folder, ...args);
  return folder;
}

describe('the simulated export', () => {
  it('is the same for the same seed and another for another', async () => {
    const first = digest(await exported(...SMALL));
    expect(digest(await exported(...SMALL))).toBe(first);
    expect(digest(await exported(...SMALL, '--seed', '1'))).not.toBe(first);
  });

  it('begins with the same days however long it is', async () => {
    const long = await exported(...SMALL, '--days', '12');
    expect(digest(long, '2026-01-10')).toBe(digest(await exported(...SMALL), '2026-01-10'));
  });

  it('is the shipped one by default', async () => {
    const made = await exported();
    const shipped = path.join(PROJECT, 'data', 'raw');
    const differing = tableFiles(made).filter((name) => !contentOf(made, name).equals(contentOf(shipped, name)));
    expect(differing).toEqual([]);
    expect(tableFiles(shipped)).toEqual(tableFiles(made));
    expect(readTruth(shipped)).toEqual(readTruth(made));
  }, 60_000);

  it('has the tables and columns of the contract', async () => {
    const [mes] = await readSourceContracts(path.join(PROJECT, 'dbt'));
    const columns = mes?.tables.map((table) => [table.name, table.columns.map(({ name }) => name)]) ?? [];
    expect(Object.fromEntries(columns)).toEqual(COLUMNS);
    const folder = await exported(...SMALL, '--days', '1', '--no-gzip');
    for (const name of tableFiles(folder)) {
      expect([name, parseCsv(contentOf(folder, name).toString())[0]]).toEqual([
        name,
        COLUMNS[tableOf(name) as keyof typeof COLUMNS],
      ]);
    }
    expect(tableFiles(folder)).toHaveLength(Object.keys(COLUMNS).length);
  });

  it('is the same plain and compressed, in one file a table or one a day', async () => {
    const plain = await exported(...SMALL, '--no-gzip', '--no-defects');
    const flat = await exported(...SMALL, '--layout', 'flat', '--no-defects');
    const compressed = await exported(...SMALL, '--no-defects');
    for (const name of tableFiles(plain)) {
      expect(contentOf(compressed, `${name}.gz`).equals(contentOf(plain, name))).toBe(true);
    }
    expect(tableFiles(flat)).toHaveLength(Object.keys(COLUMNS).length);
    expect(readEvents(flat, 'sensor_readings')).toEqual(readEvents(plain, 'sensor_readings'));
    for (const table of ['production_orders', 'shifts', 'equipment']) {
      expect(readNewest(flat, table)).toEqual(readNewest(plain, table));
    }
  });

  it('begins with materials of which one is new', async () => {
    const folder = await exported('--days', '1', '--no-defects', '--first-day', '2026-03-02');
    const created = readNewest(folder, 'materials').map((material) => (material['created_at'] as string).slice(0, 10));
    expect(created.sort().at(-1)).toBe('2026-02-26');
  });

  it('delivers an event on the day on which it happens, a state on those on which it begins and ends', async () => {
    const folder = await exported(...SMALL, '--no-defects');
    const times = {
      equipment_states: ['ended_at', 'started_at'],
      production_counts: ['counted_at'],
      quality_inspections: ['inspected_at'],
      sensor_readings: ['read_at'],
      material_receipts: ['received_at'],
    };
    for (const [table, columns] of Object.entries(times)) {
      for (const name of tableFiles(folder).filter((file) => tableOf(file) === table)) {
        const days = readRecords(folder, name).map((record) => {
          const time = columns.map((column) => record[column]).find((value) => value !== '');
          return time?.slice(0, 10);
        });
        expect([name, [...new Set(days)]]).toEqual([name, days.length > 0 ? [dayOf(name)] : []]);
      }
    }
  });

  it('moves orders forward only, together with their batches, and plans ahead', async () => {
    const folder = await exported('--days', '12', '--no-defects');
    const steps = ['planned', 'released', 'in_progress', 'completed'];
    const seen = new Map<string, number>();
    for (const name of tableFiles(folder).filter((file) => tableOf(file) === 'production_orders')) {
      const batches = new Map(
        readRecords(folder, name.replace('production_orders', 'batches')).map((batch) => [batch['batch_id'], batch]),
      );
      for (const order of readRecords(folder, name)) {
        const step = steps.indexOf(order['order_status'] as string);
        if (order['order_status'] === 'cancelled') continue;
        expect(step).toBeGreaterThanOrEqual(seen.get(order['order_id'] as string) ?? 0);
        seen.set(order['order_id'] as string, step);
        expect(order['actual_end_date'] !== '').toBe(step === 3);
        expect(order['actual_start_date'] !== '').toBe(step >= 2);
        expect((order['actual_end_date'] as string).slice(0, 10) <= dayOf(name)).toBe(true);
        if (order['order_type'] !== 'production') continue;
        const batch = batches.get(order['batch_id']);
        expect(batch?.['manufacture_date']).toBe((order['actual_start_date'] as string).slice(0, 10));
      }
    }
    expect([...seen.values()].filter((step) => step === 3).length).toBeGreaterThan(100);
    const planned = readNewest(folder, 'production_orders').map((order) => order['planned_start_date'] as string);
    expect(planned.filter((date) => date > '2026-01-17').length).toBeGreaterThan(50);
  });
});
