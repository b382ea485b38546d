import { button, h } from '../dom';
import { daysLater } from '../format';
import type { Selection, SelectionStore } from '../selection';
import type { Shifts } from '../shifts';

/** Site, work unit, shift and days, to choose from. */
export function controls(shifts: Shifts, store: SelectionStore): HTMLElement {
  const site = h('select', {});
  const unit = h('select', {});
  const shift = h('select', {});
  const from = h('input', { type: 'date', min: shifts.days[0], max: store.latest });
  const to = h('input', { type: 'date', min: shifts.days[0], max: store.latest });

  site.append(option('', 'All sites'), ...shifts.sites().map(({ id, name }) => option(id, name)));
  shift.append(
    option('', 'All shifts'),
    ...shifts.shiftNumbers().map((number) => option(String(number), `Shift ${number}`)),
  );
  const fill = (selection: Selection): void => {
    unit.replaceChildren(option('', 'All work units'), ...unitGroups(shifts, selection.site));
    site.value = selection.site ?? '';
    unit.value = selection.unit ?? '';
    shift.value = selection.shift === null ? '' : String(selection.shift);
    from.value = selection.from;
    to.value = selection.to;
  };
  site.addEventListener('change', () => store.set({ site: site.value || null, unit: null }));
  unit.addEventListener('change', () => {
    const chosen = unit.value || null;
    store.set(chosen === null ? { unit: null } : { unit: chosen, site: shifts.siteOf(chosen) });
  });
  shift.addEventListener('change', () => store.set({ shift: shift.value === '' ? null : Number(shift.value) }));
  from.addEventListener('change', () => from.value && store.set({ from: from.value }));
  to.addEventListener('change', () => to.value && store.set({ to: to.value }));
  store.watch(fill);
  fill(store.get());

  const step = (days: number) => {
    const day = daysLater(store.get().to, days);
    if (day >= (shifts.days[0] ?? '') && day <= store.latest) store.set({ from: day, to: day });
  };
  const span = (label: string, days: number) => button(label, () => store.setLast(days));
  return h(
    'div',
    { class: 'controls', role: 'group', 'aria-label': 'What to look at' },
    h('label', {}, 'Site', site),
    h('label', {}, 'Work unit', unit),
    h('label', {}, 'Shift', shift),
    h('label', {}, 'From', from),
    h('label', {}, 'To', to),
    h(
      'div',
      { class: 'spans', role: 'group', 'aria-label': 'Days' },
      button('‹ Day before', () => step(-1)),
      button('Day after ›', () => step(1)),
      button('Latest day', () => {
        const newest = shifts.newestDay(store.get()) ?? store.latest;
        store.set({ from: newest, to: newest });
      }),
      span('7 days', 7),
      span('28 days', 28),
      button('All', () => store.set({ from: shifts.days[0] ?? '', to: store.latest })),
    ),
  );
}

function unitGroups(shifts: Shifts, site: string | null): HTMLElement[] {
  const groups = new Map<string, HTMLOptGroupElement>();
  for (const { id, name, line } of shifts.units(site)) {
    let group = groups.get(line);
    if (group === undefined) {
      group = h('optgroup', { label: line === '' ? 'No line' : `${shifts.nameOf(line)} (${line})` });
      groups.set(line, group);
    }
    group.append(option(id, `${name} (${id})`));
  }
  return [...groups.values()];
}

function option(value: string, text: string): HTMLOptionElement {
  return h('option', { value }, text);
}
