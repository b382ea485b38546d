import type { Definition, ReportData } from '../../report-data';
import { Chart } from '../chart';
import { term } from '../definition';
import { button, h, section } from '../dom';
import { count, day, daysLater, duration, percent, points, words } from '../format';
import { kpi, kpiSql, LOSSES, lossOf, type Sums } from '../kpis';
import type { Selection, SelectionStore } from '../selection';
import type { Shifts } from '../shifts';
import { missing, source } from '../source';
import { controls } from './controls';
import { drawCourse } from './oee-course';
import { CARDS, conditionOf, FACTORS, lead } from './oee-figures';
import { lossDrawing } from './oee-losses';
import { partsOf } from './oee-parts';

/** What a selection is compared with: the days before it. */
const DAYS_BEFORE = 28;
/** OEE, its factors and what the time was lost to, for whatever is selected. */
export function oee(data: ReportData, shifts: Shifts, store: SelectionStore): HTMLElement {
  const { definitions, tables } = data;
  const absent = missing(tables.shifts) ?? (shifts.count === 0 ? h('p', {}, 'No shift has ended yet.') : null);
  if (absent !== null) return section('oee', 'OEE', absent);
  if (definitions.oee_index?.productOf === undefined) return section('oee', 'OEE', undefinedKpis());

  const path = h('nav', { 'aria-label': 'Selection', class: 'path' });
  const cards = h('div', { class: 'cards' });
  const answer = h('p', { class: 'answer', 'aria-live': 'polite', id: 'answer' });
  const parts = h('div');
  const losses = new Chart('What planned busy time was lost to');
  let shownDays: string[] = [];
  const course = new Chart('Course, day by day', (index) => {
    const picked = shownDays[index];
    if (picked !== undefined) store.set({ from: picked, to: picked });
  });
  const from = h('div');

  const show = (selection: Selection): void => {
    const rows = shifts.rows(selection);
    const sums = shifts.sum(rows);
    const before = shifts.sum(shifts.rows(daysBefore(selection)));
    path.replaceChildren(...pathOf(shifts, store));
    cards.replaceChildren(...CARDS.map((name) => card(definitions, name, sums, before)));
    answer.replaceChildren(answerOf(definitions, shifts, rows, sums, before), ...newestInstead(shifts, store, rows));
    parts.replaceChildren(partsOf(definitions, shifts, store, rows));
    losses.draw(lossDrawing(definitions, sums));
    shownDays = drawCourse(course, definitions, shifts, store);
    from.replaceChildren(source(data, kpiSql(definitions, CARDS, shifts.columns, conditionOf(selection))));
  };
  store.watch(show);
  show(store.get());
  return section(
    'oee',
    'OEE: where the time went',
    controls(shifts, store),
    path,
    cards,
    answer,
    h('div', { class: 'two' }, losses.element, parts),
    course.element,
    from,
  );
}

function undefinedKpis(): HTMLElement {
  return h(
    'p',
    { class: 'missing' },
    'Not shown: this publication was built from models that do not say how their KPIs add up (meta ratio_of). Build it again with `npx mfg transform`.',
  );
}

function daysBefore({ from, ...selection }: Selection): Selection {
  return { ...selection, from: daysLater(from, -DAYS_BEFORE), to: daysLater(from, -1) };
}

/** The way from all sites down to what is selected; each step leads back. */
function pathOf(shifts: Shifts, store: SelectionStore): HTMLElement[] {
  const { site, unit, shift, from, to } = store.get();
  const steps: [string, Partial<Selection>][] = [['All sites', { site: null, unit: null, shift: null }]];
  if (site !== null) steps.push([shifts.nameOf(site), { unit: null, shift: null }]);
  if (unit !== null) steps.push([`${shifts.nameOf(unit)} (${unit})`, { shift: null }]);
  if (shift !== null) steps.push([`Shift ${shift}`, {}]);
  const days = from === to ? day(from) : `${from} to ${to}`;
  return [
    ...steps.map(([name, change], index) => {
      const isLast = index === steps.length - 1;
      const step = isLast
        ? h('span', { 'aria-current': 'location', tabindex: -1, id: 'here' }, name)
        : button(name, () => lead(store, change), { class: 'step' });
      return h('span', { class: 'crumb' }, step);
    }),
    h('span', { class: 'days' }, days),
  ];
}

function card(definitions: Record<string, Definition>, name: string, sums: Sums, before: Sums): HTMLElement {
  const [value, was] = [kpi(definitions, name, sums), kpi(definitions, name, before)];
  const change = value === null || was === null ? null : value - was;
  const told = change === null ? null : `${points(change)} to the ${DAYS_BEFORE} days before (${percent(was)})`;
  return h(
    'div',
    { class: name === 'oee_index' ? 'card main' : 'card' },
    h('h3', {}, term(definitions[name])),
    h('p', { class: 'value', 'data-figure': name, 'data-value': value }, percent(value)),
    told !== null && h('p', { class: (change ?? 0) < 0 ? 'change down' : 'change up' }, told),
  );
}

/** The answer to "why": how far below usual, and the greatest loss with its reason. */
function answerOf(
  definitions: Record<string, Definition>,
  shifts: Shifts,
  rows: number[],
  sums: Sums,
  before: Sums,
): string {
  if (rows.length === 0) return 'No shift that has ended is selected. ';
  const value = kpi(definitions, 'oee_index', sums);
  const planned = sums.planned_busy_time_s ?? 0;
  if (planned === 0) return `${count(rows.length)} shifts without planned busy time: there is no OEE.`;
  const share = (seconds: number) => `${duration(seconds)}, ${percent(seconds / planned)} of planned busy time`;
  const greatest = LOSSES.filter(({ name }) => name !== 'Not rated')
    .map((loss) => ({ name: loss.name, seconds: lossOf(loss, sums) }))
    .sort((a, b) => b.seconds - a.seconds)[0];
  const [delay] = shifts.delaysOf(rows);
  const weakest = FACTORS.map((name) => {
    const [is, was] = [kpi(definitions, name, sums), kpi(definitions, name, before)];
    return { name: definitions[name]?.name.toLowerCase() ?? name, change: is === null || was === null ? 0 : is - was };
  }).sort((a, b) => a.change - b.change)[0];
  return [
    value === null
      ? 'OEE is unknown: something made has no standard time.'
      : `OEE is ${percent(value)} over ${count(rows.length)} ${rows.length === 1 ? 'shift' : 'shifts'}.`,
    weakest !== undefined &&
      weakest.change < -0.005 &&
      `What fell most is ${weakest.name}, by ${points(weakest.change).slice(1)}.`,
    greatest !== undefined &&
      greatest.seconds > 0 &&
      `The greatest loss is ${greatest.name.toLowerCase()} (${share(greatest.seconds)}).`,
    delay !== undefined &&
      `The longest delay: ${words(delay.state)}, ${words(delay.reason)} (${share(delay.seconds)}).`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** Where nothing has ended yet, such as a shift of a day that is not over in its time zone: the newest day that has something. */
function newestInstead(shifts: Shifts, store: SelectionStore, rows: number[]): HTMLElement[] {
  const newest = rows.length > 0 ? undefined : shifts.newestDay(store.get());
  if (newest === undefined) return [];
  return [button(`Show ${day(newest)}`, () => lead(store, { from: newest, to: newest }))];
}
