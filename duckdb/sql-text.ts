/** A SQL string literal. For places that take no bound parameter: table functions, COPY targets, view bodies. */
export function sqlString(value: string): string {
  if (value.includes('\0')) throw new Error('a NUL character cannot stand in SQL text');
  return `'${value.replaceAll("'", "''")}'`;
}

/** A quoted SQL identifier. */
export function sqlIdentifier(name: string): string {
  if (name.includes('\0')) throw new Error('a NUL character cannot stand in SQL text');
  return `"${name.replaceAll('"', '""')}"`;
}

/** A DuckDB list literal of strings. */
export function sqlStringList(values: readonly string[]): string {
  return `[${values.map(sqlString).join(', ')}]`;
}

/** A scan of Parquet files that reads nothing but the files: no column comes from a folder that is named `x=y`. */
export function parquet(files: readonly string[]): string {
  return `read_parquet(${sqlStringList(files)}, hive_partitioning = false)`;
}
