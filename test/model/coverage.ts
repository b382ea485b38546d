/** Counts which commands followed which. */
export class Coverage {
  private readonly pairs = new Map<string, number>();
  private readonly counts = new Map<string, number>();
  private readonly last = new WeakMap<object, string>();

  /** @param sequence whatever is one object per sequence. */
  count(sequence: object, kind: string): void {
    const before = this.last.get(sequence);
    this.last.set(sequence, kind);
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    if (before === undefined) return;
    const pair = `${before} → ${kind}`;
    this.pairs.set(pair, (this.pairs.get(pair) ?? 0) + 1);
  }

  get commands(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  get kinds(): string[] {
    return [...this.counts.keys()].sort();
  }

  /** Pairs that were seen, of all that are possible. */
  get share(): number {
    return this.pairs.size / this.kinds.length ** 2;
  }

  /** A row per command, a column per command that followed it. */
  table(): string {
    const { kinds } = this;
    const width = Math.max(...kinds.map((kind) => kind.length));
    const cell = (text: string | number) => String(text).padStart(4);
    const header = `${''.padEnd(width)} ${cell('all')} ${kinds.map((_, n) => cell(`→${n + 1}`)).join('')}`;
    const rows = kinds.map((kind, n) => {
      const after = kinds.map((next) => cell(this.pairs.get(`${kind} → ${next}`) ?? '·')).join('');
      return `${kind.padEnd(width)} ${cell(this.counts.get(kind) ?? 0)} ${after}  ${n + 1}`;
    });
    return [header, ...rows].join('\n');
  }
}
