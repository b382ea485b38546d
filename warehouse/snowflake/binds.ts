/** What a statement may bind. */
export type Bind = string | number | bigint | boolean | null;

/** A statement as the driver takes it: `?` for each value, in the order of the values. */
export interface BoundStatement {
  sqlText: string;
  binds?: (string | number | boolean | null)[];
}

/** What hides a `$1` that is no parameter: strings, quoted names, comments. */
const TOKENS =
  /\$\$[\s\S]*?\$\$|'(?:[^'\\]|''|\\[\s\S])*'|"(?:[^"]|"")*"|--[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|\$([0-9]+)/g;

/**
 * Rewrites `$1`, `$2`, … to the driver's `?`, a value that is named twice being bound twice. Without binds the text stays as
 * it is, so that `$1:"column"` in a COPY means the staged file's column.
 *
 * @throws Error (a fault of ours) when a parameter has no value or a value no parameter.
 */
export function bindStatement(sql: string, binds: readonly Bind[] | undefined): BoundStatement {
  if (binds === undefined || binds.length === 0) return { sqlText: sql };
  const bound: BoundStatement['binds'] = [];
  const used = new Set<number>();
  const sqlText = sql.replace(TOKENS, (token, parameter: string | undefined) => {
    if (parameter === undefined) return token;
    const index = Number(parameter) - 1;
    const value = binds[index];
    if (value === undefined) throw new Error(`parameter $${parameter} of ${binds.length} has no value`);
    used.add(index);
    bound.push(asDriverBind(value));
    return '?';
  });
  if (used.size !== binds.length) throw new Error(`${binds.length} values for ${used.size} parameters`);
  return { sqlText, binds: bound };
}

/** JSON, which carries the values, knows no bigint: Snowflake casts its text. */
function asDriverBind(value: Bind): string | number | boolean | null {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${value} cannot be bound`);
  return value;
}
