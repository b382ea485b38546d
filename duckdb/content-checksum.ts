import { LINEAGE_COLUMNS } from '../contracts/raw-partition';
import { sqlIdentifier } from './sql-text';

/**
 * SQL expression for a partition's checksum (CHECKSUM_KIND): over its rows, whatever their order, without `_LOAD_SEQ`, so that
 * two attempts at one delivery have the same. @param columns the source columns that the file holds, in the contract's order.
 */
export function contentChecksum(columns: readonly string[]): string {
  const lineage = LINEAGE_COLUMNS.map((column) => column.name).filter((name) => name !== '_load_seq');
  return `coalesce(sum(hash(${[...columns, ...lineage].map(sqlIdentifier).join(', ')})), 0)::varchar`;
}
