import { SchemaDriftError } from '../contracts/errors';
import type { SchemaDrift } from '../contracts/schema-drift';
import type { SourceColumn, SourceTable } from '../contracts/source-contract';
import type { DuckDb } from '../duckdb/connection';
import { parquet, sqlIdentifier } from '../duckdb/sql-text';
import { cleanCell, isUncastable, looksUncastable, typedColumns } from './cell-types';

/** A column that holds another type than its contract's. */
export interface ChangedType {
  column: SourceColumn;
  event: SchemaDrift;
}

/** Rows that are looked at first; a share of a hundredth shows in them without doubt. */
const SAMPLE_ROWS = 100_000;
const SAMPLED_RATIO = 0.01;

/**
 * Finds the columns of a staged file of which more than `changed_type_ratio` of the filled cells are no value of their type.
 *
 * Of a large file a sample of rows, evenly spread, is looked at first; what looks changed there is counted exactly.
 *
 * @param found what is known of the file by now, for the error.
 * @throws SchemaDriftError when a type has changed and the policy is to fail.
 */
export async function changedTypes(
  db: DuckDb,
  table: SourceTable,
  sourceFile: string,
  staged: string,
  found: SchemaDrift[],
): Promise<ChangedType[]> {
  const { changed_type: policy, changed_type_ratio: ratio } = table.drift;
  if (ratio >= 1) return [];
  const changed: ChangedType[] = [];
  for (const column of await suspects(db, table, staged)) {
    const name = sqlIdentifier(column.name);
    const uncastable = isUncastable(column);
    const [row] = await db.rows(
      `select count(${cleanCell(column)}) as filled, count(*) filter (where ${uncastable}) as failed,
         arg_min(${name}, _source_row_number) filter (where ${uncastable}) as example from ${parquet([staged])}`,
    );
    const failed = Number(row?.failed);
    const filled = Number(row?.filled);
    if (failed <= ratio * filled || isOddCell(failed, filled, ratio)) continue;
    const detail = `${failed} of ${filled} cells are no ${column.type}, for example '${String(row?.example).slice(0, 60)}'`;
    changed.push({ column, event: { sourceFile, drift: 'changed_type', column: column.name, policy, detail } });
  }
  const [first] = changed;
  if (policy === 'freeze' && first !== undefined) {
    throw new SchemaDriftError(
      `${sourceFile}: column '${first.column.name}' has changed its type: ${first.event.detail}: correct the file, or describe ` +
        `the change in dbt/models/staging/${table.system}/_${table.system}__sources.yml.`,
      [...found, ...changed.map(({ event }) => event)],
    );
  }
  return changed;
}

/** One or two cells are bad cells, not another type, unless there are no others or the contract allows none. */
function isOddCell(failed: number, filled: number, ratio: number): boolean {
  return ratio > 0 && failed < 3 && failed < filled;
}

/** Columns that may have changed, by a cheap test on a sample of the rows. */
async function suspects(db: DuckDb, table: SourceTable, staged: string): Promise<SourceColumn[]> {
  const columns = typedColumns(table.columns);
  if (columns.length === 0) return [];
  const ratio = table.drift.changed_type_ratio;
  const [size] = await db.rows(`select count(*) as n from ${parquet([staged])}`);
  const step = ratio < SAMPLED_RATIO ? 1 : Math.max(1, Math.floor(Number(size?.n) / SAMPLE_ROWS));
  const counts = columns.flatMap((column, index) => [
    `count(${sqlIdentifier(column.name)}) as filled_${index}`,
    `count(*) filter (where ${looksUncastable(column)}) as failed_${index}`,
  ]);
  const [row = {}] = await db.rows(
    `select ${counts.join(', ')} from ${parquet([staged])} where _source_row_number % ${step} = 0`,
  );
  return columns.filter((_column, index) => {
    const failed = Number(row[`failed_${index}`]);
    return failed > 0 && failed > (step === 1 ? 0 : (ratio / 2) * Number(row[`filled_${index}`]));
  });
}
