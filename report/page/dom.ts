type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined>;

/** An element with attributes and children. Texts become text nodes: nothing of the data is ever read as HTML. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

/** A button that does something. */
export function button(label: Child, onPress: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const element = h('button', { type: 'button', ...attributes }, label);
  element.addEventListener('click', onPress);
  return element;
}

/** A link to another page; text alone where nothing says where it leads. */
export function link(text: string, url: string | null): HTMLElement {
  return url === null ? h('span', {}, text) : h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, text);
}

let ids = 0;

/** An id that nothing else on the page has. */
export function freshId(prefix: string): string {
  ids += 1;
  return `${prefix}-${ids}`;
}

/** A part of the page under a heading. */
export function section(id: string, title: string, ...children: Child[]): HTMLElement {
  return h('section', { id, 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title` }, title), ...children);
}

/** Text for screen readers alone. */
export function unseen(text: string): HTMLElement {
  return h('span', { class: 'unseen' }, text);
}

/** A column of a table: numbers stand to the right. */
export interface Column {
  title: Child;
  isNumber?: boolean;
}

/** A table that scrolls sideways where it has to; the first cell of a row is its heading. */
export function table(caption: string, columns: Column[], rows: Child[][]): HTMLElement {
  const kind = (index: number) => (columns[index]?.isNumber ? 'number' : null);
  const head = columns.map(({ title }, index) => h('th', { scope: 'col', class: kind(index) }, title));
  const body = rows.map((cells) =>
    h(
      'tr',
      {},
      ...cells.map((cell, index) =>
        index === 0 ? h('th', { scope: 'row', class: kind(0) }, cell) : h('td', { class: kind(index) }, cell),
      ),
    ),
  );
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    h(
      'table',
      {},
      h('caption', { class: 'unseen' }, caption),
      h('thead', {}, h('tr', {}, ...head)),
      h('tbody', {}, ...body),
    ),
  );
}

/** Something that is folded until asked for. */
export function folded(summary: string, make: () => Child[]): HTMLElement {
  const details = h('details', {}, h('summary', {}, summary));
  // Made when it is opened first: most never are.
  details.addEventListener('toggle', () => details.append(...(make().filter(Boolean) as Node[])), { once: true });
  return details;
}
