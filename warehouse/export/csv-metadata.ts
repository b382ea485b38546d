import path from 'node:path';

/** A column as DuckDB describes it. */
export interface ExportedColumn {
  name: string;
  type: string;
  /** The column's comment in the database, if it has one. */
  comment: string | undefined;
}

/**
 * The description of an exported CSV file, as JSON text in the terms of W3C's "CSV on the Web" (CSVW).
 *
 * `facts` stand in CSVW's `notes`. Each datatype's `dc:title` is DuckDB's own name of the type.
 */
export function csvMetadata(file: string, columns: ExportedColumn[], facts: Record<string, unknown>): string {
  const metadata = {
    '@context': 'http://www.w3.org/ns/csvw',
    url: encodeURIComponent(path.basename(file)),
    tableSchema: { columns: columns.map(describe) },
    notes: [facts],
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}

function describe({ name, type, comment }: ExportedColumn): Record<string, unknown> {
  return {
    // CSVW keeps names that begin with _ for itself and allows few characters; `titles` is the header as it is.
    ...(/^[a-z0-9][a-z0-9_]*$/i.test(name) && { name }),
    titles: name,
    datatype: { ...datatype(type), 'dc:title': type },
    ...(comment !== undefined && { 'dc:description': comment }),
  };
}

const TIMESTAMP_FORMAT = 'yyyy-MM-dd HH:mm:ss.SSSSSS';

const DATATYPES: Record<string, { base: string; format?: string }> = {
  BOOLEAN: { base: 'boolean' },
  TINYINT: { base: 'byte' },
  SMALLINT: { base: 'short' },
  INTEGER: { base: 'int' },
  BIGINT: { base: 'long' },
  HUGEINT: { base: 'integer' },
  UTINYINT: { base: 'unsignedByte' },
  USMALLINT: { base: 'unsignedShort' },
  UINTEGER: { base: 'unsignedInt' },
  UBIGINT: { base: 'unsignedLong' },
  UHUGEINT: { base: 'nonNegativeInteger' },
  FLOAT: { base: 'float' },
  DOUBLE: { base: 'double' },
  DATE: { base: 'date' },
  TIME: { base: 'time' },
  TIMESTAMP: { base: 'datetime', format: TIMESTAMP_FORMAT },
  TIMESTAMP_S: { base: 'datetime', format: TIMESTAMP_FORMAT },
  TIMESTAMP_MS: { base: 'datetime', format: TIMESTAMP_FORMAT },
  TIMESTAMP_NS: { base: 'datetime', format: `${TIMESTAMP_FORMAT}SSS` },
  'TIMESTAMP WITH TIME ZONE': { base: 'datetime', format: `${TIMESTAMP_FORMAT}X` },
  JSON: { base: 'json' },
};

/** What CSVW has no word for is text. */
function datatype(type: string): { base: string; format?: string } {
  if (/^DECIMAL\(\d+,\d+\)$/.test(type)) return { base: 'decimal' };
  return DATATYPES[type] ?? { base: 'string' };
}
