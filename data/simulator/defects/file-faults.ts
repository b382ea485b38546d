import { COLUMNS, type Table } from '../columns';
import type { FileKind } from './catalogue';

/** What is wrong with a file as a whole, and what that makes of its text. */
export interface FileFaults {
  kinds: readonly FileKind[];
  /** Not even a header. */
  isEmpty: boolean;
  /** Its last record has a quote that never closes. */
  hasUnclosedQuote: boolean;
  encoding: 'utf8' | 'latin1';
  /** Its first line. */
  header: string;
  /** Changes a record without its line end. */
  changeLine: (line: string) => string;
  /** Changes a piece of text that may begin and end anywhere. */
  changeText: (text: string) => string;
}

const BYTE_ORDER_MARK = '\uFEFF';

/** A file of a table with some of the defects of whole files; with none of them it is as it should be. */
export function fileFaults(table: Table, kinds: readonly FileKind[]): FileFaults {
  const has = (kind: FileKind) => kinds.includes(kind);
  const lineEnd = (has('added_column') ? ',' : '') + (has('crlf') ? '\r\n' : '\n');
  return {
    // Noted once there is a record for the quote.
    kinds: kinds.filter((kind) => kind !== 'unclosed_quote'),
    isEmpty: has('empty_file'),
    hasUnclosedQuote: has('unclosed_quote'),
    encoding: has('invalid_utf8') ? 'latin1' : 'utf8',
    header: (has('byte_order_mark') ? BYTE_ORDER_MARK : '') + header(table, has) + (has('crlf') ? '\r\n' : '\n'),
    changeLine: has('missing_column') ? (line) => line.slice(0, line.lastIndexOf(',')) : (line) => line,
    changeText: lineEnd === '\n' ? (text) => text : (text) => text.replaceAll('\n', lineEnd),
  };
}

function header(table: Table, has: (kind: FileKind) => boolean): string {
  const columns: string[] = [...COLUMNS[table]];
  if (has('missing_column')) columns.pop();
  if (has('added_column')) columns.push('remark');
  const text = columns.join(',');
  return has('renamed_column') ? text.replace('planned_quantity', 'planned_qty') : text;
}
