import { sqlIdentifier } from '../../duckdb/sql-text';
import type { ExportedColumn } from '../export/csv-metadata';
import { exactly } from './database-names';

/** A column as INFORMATION_SCHEMA describes it. */
export interface CatalogColumn {
  name: string;
  dataType: string;
  precision: number | null;
  scale: number | null;
  comment: string | undefined;
}

/** A column on its way: how Snowflake writes it to Parquet under a name without surprises, and how DuckDB reads it back. */
export interface UnloadedColumn extends ExportedColumn {
  /** Snowflake's expression, named. */
  written: string;
  /** DuckDB's expression over the file's column, without a name. */
  read: string;
}

/**
 * The columns of an unload. DuckDB's type follows from the column's type alone, never from its values as Snowflake's own choice
 * does, so that a relation's files look alike from publication to publication. Names are in lower case, as dbt's models write them.
 */
export function unloadedColumns(columns: readonly CatalogColumn[]): UnloadedColumn[] {
  return columns.map((column, index) => {
    const held = `C${index}`;
    const { type, sent = (value: string) => value, read = (value: string) => `${value}::${type}` } = wayOf(column);
    return {
      name: column.name.toLowerCase(),
      type,
      comment: column.comment,
      written: `${sent(exactly(column.name))} as "${held}"`,
      read: read(sqlIdentifier(held)),
    };
  });
}

interface Way {
  /** DuckDB's type of it. */
  type: string;
  sent?: (value: string) => string;
  read?: (value: string) => string;
}

function wayOf({ dataType, precision, scale }: CatalogColumn): Way {
  switch (dataType.toUpperCase()) {
    case 'NUMBER':
      return { type: wholeOrDecimal(precision ?? 38, scale ?? 0) };
    case 'FLOAT':
      return { type: 'DOUBLE' };
    case 'BOOLEAN':
    case 'DATE':
      return { type: dataType.toUpperCase() };
    case 'BINARY':
      return { type: 'BLOB' };
    // Times go as text, in the session's format: Snowflake refuses to unload those with a zone.
    case 'TIME':
      return { type: 'TIME', sent: asText };
    case 'TIMESTAMP_NTZ':
      return { type: 'TIMESTAMP', sent: asText };
    case 'TIMESTAMP_LTZ':
    case 'TIMESTAMP_TZ':
      return {
        type: 'TIMESTAMP WITH TIME ZONE',
        sent: (value) => asText(`convert_timezone('UTC', ${value})::timestamp_ntz`),
        read: (value) => `timezone('UTC', ${value}::timestamp)`,
      };
    case 'VARIANT':
    case 'OBJECT':
    case 'ARRAY':
      return { type: 'JSON', sent: (value) => `to_json(${value})` };
    default:
      return { type: 'VARCHAR', sent: asText };
  }
}

/** Whole numbers of at most 18 digits fit into 64 bits; most of Snowflake's have 38. */
function wholeOrDecimal(precision: number, scale: number): string {
  return scale === 0 && precision <= 18 ? 'BIGINT' : `DECIMAL(${precision},${scale})`;
}

function asText(value: string): string {
  return `${value}::varchar`;
}
