import type { Definition } from '../report-data';
import { freshId, h } from './dom';

/** A term that tells its definition and unit when it is pointed at or focused; Escape puts it away. */
export function term(definition: Definition | undefined, label = definition?.name ?? ''): HTMLElement {
  if (definition === undefined) return h('span', {}, label);
  const { description, unit, source } = definition;
  return explained(label, description, unit === '' ? source : `Unit: ${unit}. From ${source}.`);
}

/** A word with an explanation of its own. */
export function explained(label: string, ...lines: string[]): HTMLElement {
  const id = freshId('means');
  const word = h('button', { type: 'button', class: 'word', 'aria-describedby': id }, label);
  const tip = h('span', { role: 'tooltip', id }, ...lines.map((line) => h('span', {}, line)));
  const whole = h('span', { class: 'term' }, word, tip);
  whole.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') whole.classList.add('away');
  });
  for (const again of ['mouseenter', 'focusin']) whole.addEventListener(again, () => whole.classList.remove('away'));
  return whole;
}
