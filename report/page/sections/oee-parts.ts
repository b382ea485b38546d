import type { Definition } from '../../report-data';
import { term } from '../definition';
import { button, h, table, unseen } from '../dom';
import { day, duration, percent, words } from '../format';
import { kpi } from '../kpis';
import type { Selection, SelectionStore } from '../selection';
import type { Shifts } from '../shifts';
import { CARDS, FACTORS, lead } from './oee-figures';

/** What the selection is made of, one level down; a row leads there. */
export function partsOf(
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
