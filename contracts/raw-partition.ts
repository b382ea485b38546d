import type { SchemaDrift } from './schema-drift';

/** What every row of a partition carries besides its source columns. */
export interface Lineage {
  loadSeq: bigint;
  loadId: string;
  /** YYYY-MM-DD */
  logicalDate: string;
  /** ISO 8601 UTC; the run's start, the same for all its rows and attempts. */
  loadedAt: string;
}

/** Counts of a staged partition: `rowsRead === rowsAccepted + rowsRejected`. */
export interface StagedPartition {
  rowsRead: number;
  rowsAccepted: number;
  rowsRejected: number;
  /** Order-independent checksum over the accepted rows without `_LOAD_SEQ`. */
  checksum: string;
  /** Source columns that the Parquet file holds: the contract's, and new ones that are kept. */
  columns: string[];
  /** How the files differ from the contract. */
  drift: SchemaDrift[];
}

/** How `checksum` was made; checksums of different kinds are not comparable. */
export const CHECKSUM_KIND = 'duckdb-hash-sum-1';

/** The lineage columns of RAW, in order, with their Parquet types. */
export const LINEAGE_COLUMNS = [
  { name: '_load_seq', type: 'bigint' },
  { name: '_load_id', type: 'varchar' },
  { name: '_logical_date', type: 'date' },
  { name: '_source_file', type: 'varchar' },
  { name: '_source_row_number', type: 'bigint' },
  { name: '_loaded_at', type: 'timestamp' },
] as const;
