import type { Table } from '../../data/simulator/columns';
import { ALL, type Choice, type Edit, ONE, change, columnOf, edited, movedByDays } from './edits';
import type { Injection } from './delivery';
import { CHECKS } from './expectation';
import { type InjectedFault, faultAt } from './injected-fault';

const isOver: Choice = (cell) => cell('actual_end_date') !== '' && cell('actual_start_date') !== '';

/** What each cell may say by itself, and what cannot be true all the same. */
export const RULE_FAULTS: InjectedFault[] = [
  rule(
    'one order ends before it starts',
    /^ended_before_started$/,
    'production_orders',
    'actual_end_date',
    isOver,
    (_, cell) => movedByDays(cell('actual_start_date'), -1),
  ),
  rule(
    'one order finished in the future',
    /^finished_in_future$/,
    'production_orders',
    'actual_end_date',
    isOver,
    (end) => movedByDays(end, 365),
  ),
  faultAt(
    'one order planned more than a year from its manufacture',
    'production_orders',
    /^planned_far_from_manufacture$/,
    edited('production_orders', (csv, random) => {
      const [start, end] = [columnOf(csv, 'planned_start_date'), columnOf(csv, 'planned_end_date')];
      const ended = csv.records.filter((record) => record[columnOf(csv, 'actual_end_date')] !== '');
      const order = ended[Math.floor(random() * ended.length)] ?? [];
      for (const index of [start, end]) order[index] = movedByDays(order[index] ?? '', -400);
      return csv;
    }),
  ),
  rule(
    'one maintenance order completed before it started',
    /^ended_before_started$/,
    'maintenance_orders',
    'completed_at',
    (cell) => cell('completed_at') !== '',
    (_, cell) => movedByDays(cell('started_at'), -1),
  ),
  rule(
    'good + rework + scrap ≠ produced, one report',
    /^unbalanced_quantities$/,
    'production_counts',
    'good_quantity',
    (cell) => Number(cell('good_quantity')) > 0,
    (good) => (Number(good) + 25).toFixed(1),
  ),
  faultAt(
    'two states of a work unit overlap',
    'equipment_states',
    /^overlapping_states$/,
    edited('equipment_states', withOneOverlap),
  ),
  rule(
    'one state ends before it starts',
    /^impossible$/,
    'equipment_states',
    'ended_at',
    (cell) => cell('ended_at') !== '',
    (_, cell) => movedByDays(cell('started_at'), -1),
  ),
  faultAt(
    'OEE outside its bounds: standard times ×100',
    'standard_times',
    /^(oee|effectiveness)_out_of_bounds$/,
    edited(
      'standard_times',
      change('planned_run_time_per_item_s', (cell) => (Number(cell) * 100).toFixed(1), ALL),
    ),
  ),
  rule(
    'one quantity below zero',
    /^(range_|impossible$)/,
    'production_counts',
    'scrap_quantity',
    () => true,
    () => '-5.0',
  ),
  faultAt(
    'counter reset within an order',
    'production_counts',
    /^counter_reset$/,
    edited('production_counts', withOneReset),
  ),
  ...(['production_counts', 'sensor_readings'] as const).map((table) => ({
    ...faultAt('late events: a tenth comes a day later', table, CHECKS.late, delayATenth(table)),
    with: 'the day after' as const,
  })),
];

function rule(
  kind: string,
  checks: RegExp,
  table: Table,
  column: string,
  choice: Choice,
  value: (cell: string, cellOf: (column: string) => string) => string,
): InjectedFault {
  return faultAt(kind, table, checks, edited(table, change(column, value, { ...ONE, choice })), `${table}.${column}`);
}

/** A state that has ended goes on for ten minutes more than the next one of its work unit begins. */
function withOneOverlap(...[csv, random]: Parameters<Edit>): ReturnType<Edit> {
  const [unit, start, end] = (['equipment_id', 'started_at', 'ended_at'] as const).map((name) =>
    columnOf(csv, name),
  ) as [number, number, number];
  const ended = csv.records.filter((record) =>
    csv.records.some((other) => other[unit] === record[unit] && other[start] === record[end] && other[end] !== ''),
  );
  const record = ended[Math.floor(random() * ended.length)] ?? [];
  const text = record[end] ?? '';
  const wall = new Date(Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`) + 600_000).toISOString();
  record[end] = `${wall.slice(0, 10)} ${wall.slice(11, 19)}${text.slice(19)}`;
  return csv;
}

/** From the middle report of an order on, its counters begin at zero again. */
function withOneReset(...[csv, random]: Parameters<Edit>): ReturnType<Edit> {
  const order = columnOf(csv, 'order_id');
  const orders = [...new Set(csv.records.map((record) => record[order]))].filter(
    (id) => csv.records.filter((record) => record[order] === id).length >= 4,
  );
  const id = orders[Math.floor(random() * orders.length)];
  const reports = csv.records.filter((record) => record[order] === id);
  const first = columnOf(csv, 'produced_quantity');
  const base = (reports[Math.floor(reports.length / 2) - 1] ?? []).slice();
  for (const report of reports.slice(Math.floor(reports.length / 2))) {
    for (let index = first; index < report.length; index++) {
      report[index] = (Number(report[index]) - Number(base[index])).toFixed(1);
    }
  }
  return csv;
}

/** Events of the day's first hours come with the next delivery instead. */
function delayATenth(table: Table): Injection {
  return async ({ next, date, dateAfter }) => {
    const today = await next.read(date, table);
    const later = await next.read(dateAfter, table);
    const late = Math.ceil(today.records.length / 10);
    await next.write(date, table, { ...today, records: today.records.slice(late) });
    await next.write(dateAfter, table, { ...later, records: [...today.records.slice(0, late), ...later.records] });
  };
}
