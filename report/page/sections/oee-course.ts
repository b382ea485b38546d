import type { Definition } from '../../report-data';
import { legend, names, tooltip, values, type Chart } from '../chart';
import { button, table } from '../dom';
import { day, daysLater, percent } from '../format';
import { kpi } from '../kpis';
import type { SelectionStore } from '../selection';
import type { Shifts } from '../shifts';
import { CARDS, lead } from './oee-figures';

/** Days that the course shows when a few are selected. */
const COURSE_DAYS = 60;

/** Draws the days around the selection. @returns them, in the order of the chart's points. */
export function drawCourse(
  course: Chart,
  definitions: Record<string, Definition>,
  shifts: Shifts,
  store: SelectionStore,
): string[] {
  const selection = store.get();
  const first = [selection.from, daysLater(selection.to, 1 - COURSE_DAYS)].sort()[0] ?? selection.from;
  const byDay = shifts.groups(shifts.rows({ ...selection, from: first }), 'day');
  const days = [...byDay.keys()];
  const figures = days.map((date) => {
    const sums = shifts.sum(byDay.get(date) ?? []);
    return CARDS.map((name) => kpi(definitions, name, sums));
  });
  const nameOf = (name: string) => definitions[name]?.name ?? name;
  const last = figures.at(-1)?.[0] ?? null;
  course.draw({
    says: `OEE and its factors from ${days[0] ?? ''} to ${days.at(-1) ?? ''}; OEE of the last day is ${percent(last)}.`,
    table: () =>
      table(
        'OEE day by day',
        [{ title: 'Production day' }, ...CARDS.map((name) => ({ title: nameOf(name), isNumber: true }))],
        days.map((date, index) => [
          button(day(date), () => lead(store, { from: date, to: date }), { class: 'into' }),
          ...(figures[index] ?? []).map(percent),
        ]),
      ),
    option: (palette) => ({
      legend: legend(palette),
      tooltip: {
        ...tooltip(palette),
        valueFormatter: (value: unknown) => percent(typeof value === 'number' ? value : null),
      },
      xAxis: names(palette, days),
      yAxis: values(palette, (value) => `${Math.round(100 * value)} %`, { min: 0 }),
      series: CARDS.map((name, index) => ({
        type: 'line',
        name: nameOf(name),
        data: figures.map((figure) => figure[index] ?? null),
        showSymbol: index === 0,
        symbolSize: (_value: unknown, { dataIndex }: { dataIndex: number }) => {
          const date = days[dataIndex] ?? '';
          return date >= selection.from && date <= selection.to ? 9 : 4;
        },
        lineStyle: { width: index === 0 ? 3 : 1.25, type: index === 0 ? 'solid' : 'dashed' },
      })),
    }),
  });
  return days;
}
