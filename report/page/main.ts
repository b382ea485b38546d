import { h } from './dom';
import { downtime } from './sections/downtime';
import { oee } from './sections/oee';
import { orders } from './sections/orders';
import { loads } from './sections/loads';
import { models } from './sections/models';
import { publications } from './sections/publications';
import { quality } from './sections/quality';
import { trust } from './sections/trust';
import { SelectionStore } from './selection';
import { Shifts } from './shifts';
import { readData } from './tables';

/** Draws the page from the data that it carries. */
function main(): void {
  const data = readData();
  const shifts = new Shifts(data);
  const store = new SelectionStore(shifts.days);
  const parts = [
    trust(data),
    oee(data, shifts, store),
    downtime(data, shifts, store),
    orders(data),
    quality(data),
    publications(data),
    loads(data),
    models(data),
  ];
  const contents = parts.map((part) =>
    h('li', {}, h('a', { href: `#${part.id}`, 'data-jump': part.id }, part.querySelector('h2')?.textContent ?? '')),
  );
  document.body.append(
    h('a', { class: 'skip', href: '#oee', 'data-jump': 'oee' }, 'Skip to OEE'),
    h('header', {}, h('h1', {}, 'Plant report'), h('nav', { 'aria-label': 'Contents' }, h('ul', {}, ...contents))),
    h('main', {}, ...parts),
  );
  // The address holds the selection: a jump must not replace it.
  document.body.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target.closest('[data-jump]') : null;
    const part = target === null ? null : document.getElementById(target.getAttribute('data-jump') ?? '');
    if (part === null) return;
    event.preventDefault();
    part.scrollIntoView();
    part.setAttribute('tabindex', '-1');
    part.focus({ preventScroll: true });
  });
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

main();
