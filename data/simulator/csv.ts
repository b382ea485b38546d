const THOUSANDTHS = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'));

/** One record, quoted where needed (RFC 4180), without its line end. */
export function csvLine(cells: readonly string[]): string {
  const line = cells.join(',');
  // Most records need no quotes: those have no quote and as many commas as lie between their cells.
  return line.includes('"') || cells.some((cell) => cell.includes(',')) ? cells.map(quoted).join(',') : line;
}

/** One record whose last cell has a quote that never closes, whatever the cells hold; without its line end. */
export function unclosedCsvLine(cells: readonly string[]): string {
  const others = cells.slice(0, -1).map((cell) => `${quoted(cell)},`);
  return `${others.join('')}"${(cells.at(-1) ?? '').replaceAll('"', '""')}`;
}

/** A whole number as a decimal with one digit. */
export function formatWhole(number: number): string {
  return `${number}.0`;
}

/** A whole number of tenths as a decimal. */
export function formatTenths(tenths: number): string {
  const whole = Math.floor(tenths / 10);
  return `${whole}.${tenths - whole * 10}`;
}

/** A whole number of thousandths, 0 or more, as a decimal with three digits. */
export function formatThousandths(thousandths: number): string {
  const whole = Math.floor(thousandths / 1000);
  return `${whole}.${THOUSANDTHS[thousandths - whole * 1000]}`;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
