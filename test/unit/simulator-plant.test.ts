import { parseDay } from '../../data/simulator/days';
import { Zone } from '../../data/simulator/zones';
import { scratchDir } from '../support/scratch';
import {
  type CsvRecord,
  groupBy,
  moment,
  readEvents,
  readNewest,
  readTruth,
  simulate,
  type Truth,
} from '../support/simulated-export';

const QUANTITIES = [
  'produced_quantity',
  'good_quantity',
  'rework_quantity',
  'scrap_quantity',
  'good_first_pass_quantity',
] as const;
const SHIFT_STATES = ['producing', 'setup', 'blocked', 'starved'];
const berlin = new Zone('Europe/Berlin', parseDay('2025-01-01') as number, parseDay('2027-12-31') as number);
const at = (record: CsvRecord, column: string) => moment(record[column] as string, berlin);

interface Shift {
  id: string;
  from: number;
  to: number;
  busyS: number;
}

/** One simulated plant, read back from its files. */
interface Plant {
  truth: Truth;
  orders: Map<string, CsvRecord>;
  /** In time order, by unit. */
  states: Map<string, CsvRecord[]>;
  counts: Map<string, CsvRecord[]>;
  shifts: Map<string, Shift[]>;
  folder: string;
  endsAt: number;
}

async function plant(firstDay: string, days: number, ...args: string[]): Promise<Plant> {
  const folder = scratchDir();
  await simulate(folder, '--no-defects', '--no-gzip', '--first-day', firstDay, '--days', String(days), ...args);
  const sorted = (table: string, column: string) =>
    groupBy(
      readEvents(folder, table).sort((a, b) => at(a, column) - at(b, column)),
      'equipment_id',
    );
  const shifts = [...groupBy(readNewest(folder, 'shifts'), 'equipment_id')].map(([unit, rows]): [string, Shift[]] => [
    unit,
    rows.map((row) => ({
      id: row['shift_id'] as string,
      from: at(row, 'starts_at'),
      to: at(row, 'ends_at'),
      busyS: Number(row['planned_busy_time_s']),
    })),
  ]);
  return {
    folder,
    truth: readTruth(folder),
    orders: new Map(readNewest(folder, 'production_orders').map((order) => [order['order_id'] as string, order])),
    states: sorted('equipment_states', 'started_at'),
    counts: sorted('production_counts', 'counted_at'),
    shifts: new Map(shifts),
    endsAt: berlin.momentOf((parseDay(firstDay) as number) + days, 0),
  };
}

/** Seconds of a state inside a unit's shifts, by shift. */
function secondsInShifts(state: CsvRecord, shifts: Shift[], endsAt: number): [Shift, number][] {
  const [from, to] = [at(state, 'started_at'), state['ended_at'] === '' ? endsAt : at(state, 'ended_at')];
  return shifts
    .map((shift): [Shift, number] => [shift, Math.min(to, shift.to) - Math.max(from, shift.from)])
    .filter(([, seconds]) => seconds > 0);
}

describe('the simulated plant', () => {
  let winter: Plant;
  beforeAll(async () => {
    winter = await plant('2026-01-05', 20);
  }, 60_000);

  it('has states without gaps, overlaps or repetitions', () => {
    for (const states of winter.states.values()) {
      expect(at(states[0] as CsvRecord, 'started_at')).toBe(berlin.momentOf(parseDay('2026-01-05') as number, 0));
      states.forEach((state, index) => {
        const next = states[index + 1];
        expect(state['ended_at']).toBe(next?.['started_at'] ?? '');
        if (next === undefined) return;
        expect(at(next, 'started_at')).toBeGreaterThan(at(state, 'started_at'));
        const content = ({ state: name, order_id: order, reason_code: reason }: CsvRecord) => [name, order, reason];
        expect(content(next)).not.toEqual(content(state));
      });
    }
    const perUnitAndDay = [...winter.states.values()].map(({ length }) => length / 17);
    expect(Math.min(...perUnitAndDay)).toBeGreaterThan(15);
    expect(Math.max(...perUnitAndDay)).toBeLessThan(45);
  });

  it('works in shifts only, each state for the order that runs', () => {
    for (const [unit, states] of winter.states) {
      for (const state of states) {
        const [from, to] = [at(state, 'started_at'), state['ended_at'] === '' ? winter.endsAt : at(state, 'ended_at')];
        const inShift = secondsInShifts(state, winter.shifts.get(unit) ?? [], winter.endsAt);
        const seconds = inShift.reduce((sum, [, part]) => sum + part, 0);
        if (SHIFT_STATES.includes(state['state'] as string)) expect(seconds).toBe(to - from);
        const order = winter.orders.get(state['order_id'] as string);
        expect(order === undefined).toBe(state['order_id'] === '');
        if (order === undefined) continue;
        expect(at(order, 'actual_start_date')).toBeLessThanOrEqual(from);
        if (order['actual_end_date'] !== '') expect(at(order, 'actual_end_date')).toBeGreaterThanOrEqual(to);
      }
    }
  });

  it('gives reasons for the states that need one, in the words that are agreed', () => {
    const reasons = groupBy([...winter.states.values()].flat(), 'state');
    expect([...reasons.keys()].sort()).toEqual(
      ['blocked', 'idle', 'planned_down', 'producing', 'setup', 'starved', 'unplanned_down'].sort(),
    );
    for (const [state, records] of reasons) {
      const isGiven = ['blocked', 'starved', 'unplanned_down', 'planned_down'].includes(state);
      expect(records.every((record) => (record['reason_code'] !== '') === isGiven)).toBe(true);
    }
  });

  it('counts what it makes, and its counters never fall', () => {
    let reports = 0;
    for (const [unit, counts] of winter.counts) {
      const shifts = winter.shifts.get(unit) ?? [];
      for (const ofOrder of groupBy(counts, 'order_id').values()) {
        const last = QUANTITIES.map(() => 0);
        for (const report of ofOrder) {
          const values = QUANTITIES.map((quantity) => Number(report[quantity]));
          const [produced, good, rework, scrap, goodFirstPass] = values as [number, number, number, number, number];
          expect(produced).toBe(good + rework + scrap);
          expect(goodFirstPass).toBeLessThanOrEqual(good);
          values.forEach((value, index) => expect(value).toBeGreaterThanOrEqual(last[index] as number));
          last.splice(0, last.length, ...values);
          const countedAt = at(report, 'counted_at');
          expect(shifts.filter(({ from, to }) => from < countedAt && countedAt <= to)).toHaveLength(1);
          reports += 1;
        }
      }
    }
    expect(reports).toBeGreaterThan(2000);
  });

  it('tells the truth about the time and the quantities of each shift', () => {
    const found = new Map<string, Record<string, number>>();
    const add = ({ id }: Shift, name: string, value: number) => {
      const sums = found.get(id) ?? {};
      sums[name] = (sums[name] ?? 0) + value;
      found.set(id, sums);
    };
    for (const [unit, states] of winter.states) {
      for (const state of states) {
        for (const [shift, seconds] of secondsInShifts(state, winter.shifts.get(unit) ?? [], winter.endsAt)) {
          add(shift, state['state'] as string, seconds);
        }
      }
    }
    for (const [unit, counts] of winter.counts) {
      for (const ofOrder of groupBy(counts, 'order_id').values()) {
        ofOrder.forEach((report, index) => {
          const countedAt = at(report, 'counted_at');
          const shift = winter.shifts.get(unit)?.find(({ from, to }) => from < countedAt && countedAt <= to);
          for (const quantity of QUANTITIES) {
            const before = Number(ofOrder[index - 1]?.[quantity] ?? 0);
            add(shift as Shift, quantity, Number(report[quantity]) - before);
          }
        });
      }
    }
    const ended = [...winter.shifts.values()].flat().filter(({ to }) => to < winter.endsAt);
    expect(winter.truth.shifts.map((shift) => shift.shift_id).sort()).toEqual(ended.map(({ id }) => id).sort());
    for (const shift of winter.truth.shifts) {
      const sums = found.get(shift.shift_id) ?? {};
      const sum = (...names: string[]) => names.reduce((total, name) => total + (sums[name] ?? 0), 0);
      expect(shift.actual_production_time_s).toBe(sum('producing'));
      expect(shift.actual_unit_setup_time_s).toBe(sum('setup'));
      expect(shift.actual_unit_delay_time_s).toBe(sum('blocked', 'starved', 'unplanned_down'));
      for (const quantity of QUANTITIES) expect(shift[quantity]).toBe(sum(quantity));
      expect(shift.planned_busy_time_s).toBe(8 * 3600 - 1800);
    }
  });

  it('tells the truth about orders and failures', () => {
    const sites = Object.entries(winter.truth.totals.orders ?? {});
    const status = (name: string, site: string) =>
      [...winter.orders.values()].filter(
        (order) => order['order_status'] === name && order['line_id']?.startsWith(site),
      );
    for (const [site, totals] of sites) {
      const completed = status('completed', site);
      const onTime = completed.filter((order) => at(order, 'actual_end_date') <= at(order, 'planned_end_date'));
      expect(totals).toEqual({
        completed: completed.length,
        completed_on_time: onTime.length,
        completed_late: completed.length - onTime.length,
        cancelled: status('cancelled', site).length,
      });
      expect(totals.completed_late).toBeGreaterThan(0);
    }
    const failures = readNewest(winter.folder, 'maintenance_orders').filter(
      (order) => order['maintenance_type'] === 'corrective',
    );
    const told = Object.values(winter.truth.totals.failures ?? {}).reduce((sum, unit) => sum + (unit.failures ?? 0), 0);
    expect(told).toBe(failures.length);
    expect(failures.length).toBeGreaterThan(5);
  });

  it('has 9 hours in the shift in which daylight saving ends, and notes ambiguous local times', async () => {
    const autumn = await plant('2026-10-20', 14);
    const hours = [...autumn.shifts.values()].flat().map(({ from, to }) => (to - from) / 3600);
    expect([...new Set(hours)].sort()).toEqual([8, 9]);
    const long = [...autumn.shifts.values()].flat().filter(({ from, to }) => to - from === 9 * 3600);
    expect(new Set(long.map(({ id }) => id.slice(-10)))).toEqual(new Set(['20261024-3', '20261031-3']));
    expect(long.every(({ busyS }) => busyS === 9 * 3600 - 1800)).toBe(true);
    const kinds = Object.values(autumn.truth.files).flatMap(({ defects }) => Object.keys(defects));
    expect(new Set(kinds)).toEqual(new Set(['ambiguous_local_time']));
  });
});

describe('wear', () => {
  it('shows in the vibration of a day before a unit fails', async () => {
    const year = await plant('2026-01-05', 60, '--sensor-interval', '7200');
    const failures = groupBy(
      readNewest(year.folder, 'maintenance_orders').filter((order) => order['maintenance_type'] === 'corrective'),
      'equipment_id',
    );
    const readings = readEvents(year.folder, 'sensor_readings')
      .filter((reading) => reading['sensor'] === 'vibration')
      .map((reading) => ({ ...reading, day: (reading['read_at'] as string).slice(0, 10) }));
    const [failing, lasting]: [number[], number[]] = [[], []];
    for (const [key, ofDay] of groupBy(readings, 'equipment_id', 'day')) {
      const [unit, day] = key.split('/') as [string, string];
      const observedAt = berlin.momentOf((parseDay(day) as number) + 1, 0);
      if (observedAt + 7 * 86_400 > year.endsAt) continue;
      const mean = ofDay.reduce((sum, reading) => sum + Number(reading['value']), 0) / ofDay.length;
      const fails = (failures.get(unit) ?? []).some((failure) => {
        const reportedAt = at(failure, 'reported_at');
        return reportedAt >= observedAt && reportedAt < observedAt + 7 * 86_400;
      });
      (fails ? failing : lasting).push(mean);
    }
    const pairs = failing.flatMap((a) => lasting.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
    const areaUnderCurve = pairs.reduce<number>((sum, pair) => sum + pair, 0) / pairs.length;
    expect(areaUnderCurve).toBeGreaterThan(0.8);
  }, 60_000);
});
