import type { ReportData } from '../../report-data';
import { Chart, legend, names, values } from '../chart';
import { term } from '../definition';
import { h, section, table } from '../dom';
import { count, daysLater, decimal, percent, time, words } from '../format';
import { missing, source } from '../source';
import { numbersOf, rowsOf, textsOf } from '../tables';

const COURSE_DAYS = 60;

/** Production orders: what is open and overdue, and how punctual the completed ones were. */
export function orders(data: ReportData): HTMLElement {
  const { tables, definitions } = data;
  const absent = missing(tables.orderStates) ?? missing(tables.plantDays);
  if (absent !== null) return section('orders', 'Orders', absent);
  const states = rowsOf(tables.orderStates);
  const total = (of: (status: string, isOverdue: boolean) => boolean) =>
    states
      .filter((row) => of(row.text('order_status'), row.number('is_overdue') === 1))
      .reduce((sum, row) => sum + (row.number('orders') ?? 0), 0);
  const cards = [
    ['In progress', total((status) => status === 'in_progress')],
    ['Released', total((status) => status === 'released')],
    ['Planned', total((status) => status === 'planned')],
    ['Completed', total((status) => status === 'completed')],
  ] as const;
  const course = new Chart('Completed orders, day by day');
  drawCourse(course, data);
  return section(
    'orders',
    'Orders',
    h(
      'div',
      { class: 'cards' },
      ...cards.map(([name, number]) => card(term(definitions.order_status, name), number)),
      card(
        term(definitions.is_overdue, 'Overdue'),
        total((_status, isOverdue) => isOverdue),
      ),
    ),
    course.element,
    h('h3', {}, 'Open orders'),
    openOrders(data),
    source(data, `-- Open orders\n${tables.openOrders.sql};\n\n-- Days\n${tables.plantDays.sql}`),
  );
}

function card(name: HTMLElement, number: number): HTMLElement {
  return h('div', { class: 'card' }, h('h3', {}, name), h('p', { class: 'value' }, count(number)));
}

function drawCourse(course: Chart, { tables, definitions }: ReportData): void {
  const dates = textsOf(tables.plantDays, 'production_date');
  const [onTime, late] = ['orders_completed_on_time', 'orders_completed_late'].map((name) =>
    numbersOf(tables.plantDays, name),
  );
  const newest = dates.reduce<string>((last, date) => (date !== null && date > last ? date : last), '');
  const first = daysLater(newest, 1 - COURSE_DAYS);
  const byDay = new Map<string, { onTime: number; late: number }>();
  dates.forEach((date, index) => {
    if (date === null || date < first) return;
    const sums = byDay.get(date) ?? { onTime: 0, late: 0 };
    byDay.set(date, { onTime: sums.onTime + (onTime?.[index] ?? 0), late: sums.late + (late?.[index] ?? 0) });
  });
  const days = [...byDay].sort(([a], [b]) => a.localeCompare(b));
  const sum = (of: 'onTime' | 'late') => days.reduce((all, [, counts]) => all + counts[of], 0);
  course.draw({
    says: `From ${first} to ${newest}: ${count(sum('onTime'))} orders completed on time, ${count(sum('late'))} late.`,
    table: () =>
      table(
        'Completed orders, day by day',
        [
          { title: 'Production day' },
          { title: term(definitions.orders_completed_on_time, 'On time'), isNumber: true },
          { title: term(definitions.orders_completed_late, 'Late'), isNumber: true },
          { title: term(definitions.on_time_completion_ratio), isNumber: true },
        ],
        days.map(([date, counts]) => [
          date,
          count(counts.onTime),
          count(counts.late),
          percent(counts.onTime + counts.late === 0 ? null : counts.onTime / (counts.onTime + counts.late)),
        ]),
      ),
    height: 220,
    option: (palette) => ({
      legend: legend(palette),
      xAxis: names(
        palette,
        days.map(([date]) => date),
      ),
      yAxis: values(palette, (value) => count(value), { minInterval: 1 }),
      series: [
        {
          type: 'bar',
          stack: 'orders',
          name: 'On time',
          color: palette.series[0],
          data: days.map(([, { onTime }]) => onTime),
        },
        {
          type: 'bar',
          stack: 'orders',
          name: 'Late',
          color: palette.series[1],
          data: days.map(([, { late }]) => late),
        },
      ],
    }),
  });
}

function openOrders({ tables, definitions }: ReportData): HTMLElement {
  const rows = rowsOf(tables.openOrders);
  if (rows.length === 0) return h('p', {}, 'No order is open.');
  return table(
    'Open orders',
    [
      { title: term(definitions.order_id, 'Order') },
      { title: term(definitions.line_id, 'Line') },
      { title: term(definitions.material_id, 'Material') },
      { title: term(definitions.order_status, 'Status') },
      { title: term(definitions.planned_end_at, 'Planned end') },
      { title: term(definitions.progress_ratio, 'Progress'), isNumber: true },
      { title: term(definitions.produced_quantity, 'Produced of planned'), isNumber: true },
    ],
    rows.map((row) => [
      row.text('order_id'),
      row.text('line_id'),
      row.text('material_id'),
      row.number('is_overdue') === 1
        ? h('strong', { class: 'down' }, `${words(row.text('order_status'))}, overdue`)
        : words(row.text('order_status')),
      row.text('planned_end_at') === '' ? '–' : time(row.text('planned_end_at')),
      percent(row.number('progress_ratio')),
      `${decimal(row.number('produced_quantity'))} of ${decimal(row.number('planned_quantity'))} ${row.text('unit_of_measure')}`,
    ]),
  );
}
