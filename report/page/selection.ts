import { daysLater } from './format';

/** What is looked at: a site, work unit and shift (null is all of them), over production days. */
export interface Selection {
  site: string | null;
  unit: string | null;
  shift: number | null;
  /** First and last production day, YYYY-MM-DD. */
  from: string;
  to: string;
}

/** The selection that everybody on the page looks at; it stands in the address, so that it can be linked and gone back from. */
export class SelectionStore {
  private current: Selection;
  private readonly watchers: ((selection: Selection) => void)[] = [];

  /** @param days production days that there are, ascending. */
  constructor(private readonly days: readonly string[]) {
    this.current = this.fromAddress();
    window.addEventListener('hashchange', () => {
      const next = this.fromAddress();
      if (addressOf(next) !== addressOf(this.current)) this.tell(next);
    });
  }

  get(): Selection {
    return this.current;
  }

  /** The newest production day. */
  get latest(): string {
    return this.days.at(-1) ?? '';
  }

  set(change: Partial<Selection>): void {
    const next = { ...this.current, ...change };
    if (next.from > next.to) next.from = next.to;
    if (addressOf(next) === addressOf(this.current)) return;
    history.pushState(null, '', `#${addressOf(next)}`);
    this.tell(next);
  }

  /** The newest days. */
  setLast(days: number): void {
    this.set({ from: daysLater(this.latest, 1 - days), to: this.latest });
  }

  watch(watcher: (selection: Selection) => void): void {
    this.watchers.push(watcher);
  }

  private tell(next: Selection): void {
    this.current = next;
    for (const watcher of this.watchers) watcher(next);
  }

  private fromAddress(): Selection {
    const asked = new URLSearchParams(location.hash.slice(1));
    const date = (name: string) => (/^\d{4}-\d\d-\d\d$/.test(asked.get(name) ?? '') ? asked.get(name) : null);
    const shift = Number(asked.get('shift') ?? Number.NaN);
    const to = date('to') ?? this.latest;
    return {
      site: asked.get('site') || null,
      unit: asked.get('unit') || null,
      shift: Number.isInteger(shift) ? shift : null,
      from: date('from') ?? to,
      to,
    };
  }
}

function addressOf({ site, unit, shift, from, to }: Selection): string {
  const parts = { site, unit, shift: shift === null ? null : String(shift), from, to };
  const named = Object.entries(parts).filter((part): part is [string, string] => part[1] !== null);
  return new URLSearchParams(named).toString();
}
