/** A Snowflake string literal: in these a backslash escapes too. */
export function snowflakeString(value: string): string {
  if (value.includes('\0')) throw new Error('a NUL character cannot stand in SQL text');
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
