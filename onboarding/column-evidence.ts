import { BOOLEAN_WORDS, meansNothing } from './languages';
import { NumberCells } from './number-formats';
import { TimeCells } from './time-formats';

/** More distinct values than this are no list of words. */
const FEW = 40;

/**
 * What the cells of one column show, collected from its distinct values. Counts are of cells; cells are trimmed, as staging
 * trims them. Memory does not grow with the column.
 */
export class ColumnEvidence {
  empty = 0;
  /** Cells that are not empty. */
  filled = 0;
  distinct = 0;
  longest = 0;
  /** Cells that mean nothing, by their text. */
  readonly nothing = { always: new Map<string, number>(), amongValues: new Map<string, number>() };
  readonly numbers = new NumberCells();
  readonly times = new TimeCells();
  /** The distinct values with their counts, while they are few; those that mean nothing left out. */
  words: Map<string, number> | undefined = new Map();
  firstCell: string | undefined;

  add(cell: string | null, count: number): void {
    if (cell === null || cell === '') {
      this.empty += count;
      return;
    }
    this.filled += count;
    this.distinct++;
    this.longest = Math.max(this.longest, cell.length);
    const nothing = meansNothing(cell);
    if (nothing === 'always') this.nothing.always.set(cell, count);
    else if (nothing === 'among values') this.nothing.amongValues.set(cell, count);
    if (nothing === 'always') return;
    this.firstCell ??= cell;
    this.keepWord(cell, count);
    if (nothing === 'among values') return;
    this.numbers.add(cell, count);
    this.times.add(cell, count);
  }

  /** Cells with a value: neither empty nor a text that always means nothing. */
  get values(): number {
    return this.filled - sum(this.nothing.always);
  }

  /** Those, without the texts that mean nothing among numbers and the like. */
  get valuesIfTyped(): number {
    return this.values - sum(this.nothing.amongValues);
  }

  /** The words for yes and no, when the column has no others; `seen` is how many of the two it has. */
  booleanWords(): { yes: string; no: string; seen: number } | undefined {
    if (this.words === undefined) return undefined;
    const spoken = [...this.words.keys()].filter((word) => !this.nothing.amongValues.has(word));
    const cells = new Set(spoken.map((word) => word.toLowerCase()));
    if (cells.size === 0 || cells.size > 2) return undefined;
    const pair = BOOLEAN_WORDS.find((words) => [...cells].every((cell) => words.includes(cell)));
    return pair && { yes: pair[0], no: pair[1], seen: cells.size };
  }

  private keepWord(cell: string, count: number): void {
    this.words?.set(cell, count);
    if ((this.words?.size ?? 0) > FEW) this.words = undefined;
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
