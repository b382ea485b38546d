import Table from 'cli-table3';
import { createColors, isColorSupported } from 'picocolors';

/** Colours of stdout; plain when it is no terminal or NO_COLOR is set. */
export const colors = createColors(process.stdout.isTTY === true && isColorSupported && !process.env.NO_COLOR);

/** How a table is laid out. */
interface TableOptions {
  /** Columns whose cells stand at the right: numbers. */
  right?: string[];
  /** Columns that are never broken, so that they can be copied: identifiers. */
  whole?: string[];
  /** Rows are broken to fit; default: the terminal's width, unlimited without a terminal. */
  width?: number;
}

/** Blanks between two columns. */
const GAP = 2;
const NARROWEST_COLUMN = 12;
const NO_FRAME = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid']
    .flatMap((edge) => [edge, `${edge}-left`, `${edge}-mid`, `${edge}-right`])
    .concat('middle')
    .map((name) => [name, '']),
);

/** A table with one heading line and no frame, so that it reads well and pastes well. */
export function table(columns: string[], rows: string[][], options: TableOptions = {}): string {
  const cells = rows.map((row) => row.map(visible));
  const widths = fit(
    columns.map((column, index) =>
      cells.reduce((widest, row) => Math.max(widest, row[index]?.length ?? 0), column.length),
    ),
    columns.map((column) => (options.whole?.includes(column) ? Infinity : Math.max(column.length, NARROWEST_COLUMN))),
    options.width ?? process.stdout.columns ?? Infinity,
  );
  const printed = new Table({
    head: columns.map((column) => colors.bold(column)),
    colAligns: columns.map((column) => (options.right?.includes(column) ? 'right' : 'left')),
    chars: NO_FRAME,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
  });
  printed.push(...cells.map((row) => row.map((cell, index) => broken(cell, widths[index] ?? Infinity))));
  return printed
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Lines of `name  value`; a name whose value is undefined is left out. */
export function fields(pairs: [name: string, value: string | undefined][]): string {
  const known = pairs.filter((pair): pair is [string, string] => pair[1] !== undefined);
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${colors.dim(name.padEnd(width))}  ${value}`).join('\n');
}

/** A heading above a table. */
export function heading(text: string): string {
  return `\n${colors.bold(text)}`;
}

/** `1,234` */
export function number(value: unknown): string {
  return Number(value).toLocaleString('en-US');
}

/** `1 date`, `10 dates`, `2 batches` */
export function plural(count: number, noun: string): string {
  return `${number(count)} ${count === 1 ? noun : noun.endsWith('ch') ? `${noun}es` : `${noun}s`}`;
}

/** `1.2 MB` */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}

/** `8.4 s`, `2 min 5 s` */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** Dates in one phrase: `10 dates, 2026-03-02 to 2026-03-11`. */
export function dateSpan(dates: string[]): string {
  const [first] = dates;
  if (first === undefined) return 'no dates';
  return dates.length === 1 ? `1 date, ${first}` : `${plural(dates.length, 'date')}, ${first} to ${dates.at(-1)}`;
}

/** Text from data as it may stand on a terminal: control characters, which could steer it, are spelled out. */
export function visible(text: string): string {
  return text.replace(
    // eslint's no-control-regex does not apply to properties: Cc is all control characters, Cf the invisible ones.
    /[\p{Cc}\p{Bidi_Control}]/gu,
    (character) => SPELLED[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const SPELLED: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Takes width from the widest column that has more than it needs, until all fit; nothing when they cannot. */
function fit(natural: number[], least: number[], available: number): number[] {
  const widths = [...natural];
  const narrowest = natural.reduce((sum, width, index) => sum + Math.min(width, least[index] ?? 0) + GAP, -GAP);
  if (narrowest > available) return natural;
  let excess = widths.reduce((sum, width) => sum + width + GAP, -GAP) - available;
  while (excess-- > 0) {
    let widest = -1;
    for (const [index, width] of widths.entries()) {
      if (width > (least[index] ?? 0) && width > (widths[widest] ?? 0)) widest = index;
    }
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** Breaks text into lines of at most `width`, at blanks where there are any. */
function broken(text: string, width: number): string {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width);
    const end = blank > 0 ? blank : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest].join('\n');
}
