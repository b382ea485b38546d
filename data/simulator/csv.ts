import type { FileContent } from './defects';
import { COLUMNS } from './tables';

const BYTE_ORDER_MARK = '\uFEFF';

/** The text of a file: comma-separated, quoted where needed (RFC 4180), LF ends, the last line ended. */
export function toCsv({ table, lines, defects }: FileContent): string {
  const eol = defects.includes('crlf') ? '\r\n' : '\n';
  const records = [COLUMNS[table], ...lines.map(({ cells }) => cells)];
  const text = records.map((cells) => cells.map(quoted).join(',') + eol).join('');
  return defects.includes('byte_order_mark') ? BYTE_ORDER_MARK + text : text;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
