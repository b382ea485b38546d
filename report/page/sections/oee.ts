import type { Definition, ReportData } from '../../report-data';
import { Chart, legend, names, values } from '../chart';
import { explained, term } from '../definition';
import { button, h, section, table, unseen } from '../dom';
import { count, day, daysLater, decimal, duration, percent, points, words } from '../format';
import { kpi, kpiSql, LOSSES, lossOf, type Sums } from '../kpis';
import type { Selection, SelectionStore } from '../selection';
import type { Shifts } from '../shifts';
import { missing, source } from '../source';
import { controls } from './controls';

const FACTORS = ['availability', 'effectiveness', 'quality_ratio'] as const;
const CARDS = ['oee_index', ...FACTORS] as const;
/** What a selection is compared with: the days before it. */
const DAYS_BEFORE = 28;
/** Days that the course shows when a few are selected. */
const COURSE_DAYS = 60;

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

/** Selects, and puts the focus where it led to: what was pressed is gone. */
function lead(store: SelectionStore, change: Partial<Selection>): void {
  store.set(change);
  document.getElementById('here')?.focus();
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

/** What the selection is made of, one level down; a row leads there. */
function partsOf(
  definitions: Record<string, Definition>,
  shifts: Shifts,
  store: SelectionStore,
  rows: number[],
): HTMLElement {
  const { site, unit, shift, from, to } = store.get();
  const level = unit !== null ? (shift === null ? 'shift' : 'day') : site === null ? 'site' : 'unit';
  if (level === 'day' && from === to) return delaysOfShift(definitions, shifts, rows);
  const label = { site: 'Site', unit: 'Work unit', shift: 'Shift', day: 'Production day' }[level];
  const into = (key: string): [string, Partial<Selection>] => {
    if (level === 'site') return [shifts.nameOf(key), { site: key }];
    if (level === 'unit') return [`${shifts.nameOf(key)} (${key})`, { unit: key }];
    if (level === 'shift') return [`Shift ${key}`, { shift: Number(key) }];
    return [day(key), { from: key, to: key }];
  };
  const body = [...shifts.groups(rows, level)].map(([key, group]) => {
    const sums = shifts.sum(group);
    const [name, change] = into(key);
    const value = kpi(definitions, 'oee_index', sums);
    return [
      button(name, () => lead(store, change), { class: 'into' }),
      h('span', {}, meter(value), percent(value)),
      ...FACTORS.map((factor) => percent(kpi(definitions, factor, sums))),
      duration(sums.planned_busy_time_s ?? null),
    ];
  });
  const columns = [
    { title: label },
    ...CARDS.map((name) => ({ title: term(definitions[name]), isNumber: true })),
    { title: term(definitions.planned_busy_time_s), isNumber: true },
  ];
  return h(
    'div',
    {},
    h('h3', {}, `By ${label.toLowerCase()}`, unseen(': press a row to look into it')),
    table(`OEE by ${label.toLowerCase()}`, columns, body),
  );
}

/** What delayed one shift of one work unit: nothing lies below it. */
function delaysOfShift(definitions: Record<string, Definition>, shifts: Shifts, rows: number[]): HTMLElement {
  const delays = shifts.delaysOf(rows);
  const body = delays.map(({ state, reason, seconds }) => [words(state), words(reason), duration(seconds)]);
  const columns = [{ title: 'State' }, { title: 'Reason' }, { title: term(definitions.delay_time_s), isNumber: true }];
  return h(
    'div',
    {},
    h('h3', {}, 'Delays of this shift'),
    delays.length === 0 ? h('p', {}, 'None was reported.') : table('Delays of this shift', columns, body),
  );
}

function meter(ratio: number | null): HTMLElement | null {
  if (ratio === null) return null;
  const bar = h('span', { class: 'meter', 'aria-hidden': 'true' }, h('span'));
  (bar.firstElementChild as HTMLElement).style.width = `${Math.min(100, Math.max(0, 100 * ratio))}%`;
  return bar;
}

function lossDrawing(definitions: Record<string, Definition>, sums: Sums) {
  const planned = sums.planned_busy_time_s ?? 0;
  const productive = sums.good_planned_run_time_s ?? 0;
  const losses = LOSSES.map((loss) => ({ ...loss, seconds: lossOf(loss, sums) }));
  const shown = losses.filter(({ seconds }) => seconds !== 0);
  const says = `Of ${duration(planned)} planned busy time ${duration(productive)} were fully productive. ${shown
    .map(({ name, seconds }) => `${name}: ${duration(seconds)}`)
    .join('; ')}.`;
  const lossTable = () =>
    table(
      'Losses',
      [{ title: 'Loss' }, { title: 'Time', isNumber: true }, { title: 'Of planned busy time', isNumber: true }],
      [
        ...losses.map(({ name, means, of, seconds }) => [
          explained(name, means, `Unit: seconds. ${of.join(' − ')} of marts.work_unit_shift_kpis.`),
          h('span', { 'data-loss': name, 'data-value': seconds }, duration(seconds)),
          percent(planned === 0 ? null : seconds / planned),
        ]),
        [
          term(definitions.good_planned_run_time_s, 'Fully productive'),
          duration(productive),
          percent(planned === 0 ? null : productive / planned),
        ],
      ],
    );
  return {
    says,
    table: lossTable,
    height: 220,
    option: (palette: Parameters<typeof names>[0]) => ({
      grid: { left: 8, right: 56, top: 8, bottom: 8, containLabel: true },
      xAxis: values(palette, (value) => `${decimal(value)} h`, {
        splitNumber: 4,
        ...(planned === 0 && { max: 1 }),
      }),
      yAxis: names(
        palette,
        losses.map(({ name }) => name),
        { inverse: true, axisLabel: { color: palette.text } },
      ),
      tooltip: { show: false },
      series: [
        {
          type: 'bar',
          barMaxWidth: 22,
          data: losses.map(({ seconds, name }) => ({
            value: seconds / 3600,
            itemStyle: { color: name === 'Not rated' ? palette.faint : palette.series[1] },
          })),
          label: {
            show: true,
            position: 'right',
            color: palette.text,
            formatter: ({ dataIndex }: { dataIndex: number }) =>
              planned === 0 ? '' : percent((losses[dataIndex]?.seconds ?? 0) / planned),
          },
        },
      ],
    }),
  };
}

/** Draws the days around the selection. @returns them, in the order of the chart's points. */
function drawCourse(
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
        renderMode: 'richText',
        trigger: 'axis',
        confine: true,
        backgroundColor: palette.surface,
        borderColor: palette.line,
        textStyle: { color: palette.text, fontSize: 12 },
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

/** The selection as a condition of SQL. */
export function conditionOf({ site, unit, shift, from, to }: Selection): string {
  const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
  return [
    `production_date between cast(${text(from)} as date) and cast(${text(to)} as date)`,
    site !== null && `site_id = ${text(site)}`,
    unit !== null && `equipment_id = ${text(unit)}`,
    shift !== null && `shift_number = ${shift}`,
  ]
    .filter(Boolean)
    .join('\n    and ');
}
