import { GateFailedError } from '../contracts/errors';
import type { SourceTable } from '../contracts/source-contract';
import type { ReplacedRows } from '../warehouse/warehouse';

/** Half of a table does not go away in a day; a small table may lose half, but not all. */
const DEFAULT_RATIO = 0.5;
const SMALL_TABLE_ROWS = 20;

/**
 * Gate on a load: a delivery must have `min_rows_ratio` of the rows that it takes the place of. A snapshot is compared with
 * the one before it, or with the same date's; a delivery of an append table, which adds rows, only with the same date's.
 *
 * A ratio that the contract gives is taken exactly; without one it is a half, or one row where there were fewer than 20.
 *
 * @param accepted tables whose smaller deliveries were asked for.
 * @throws GateFailedError naming the table, the counts and what to do.
 */
export function refuseShrunken(replaced: ReplacedRows[], tables: SourceTable[], accepted: readonly string[]): void {
  for (const { table: name, logicalDate, rowsLoaded, before } of replaced) {
    const table = tables.find((candidate) => candidate.name === name);
    if (table === undefined || accepted.includes(name)) continue;
    if (table.mode === 'append' && before.logicalDate !== logicalDate) continue;
    const ratio = table.minRowsRatio ?? DEFAULT_RATIO;
    const least =
      table.minRowsRatio === undefined && before.rows < SMALL_TABLE_ROWS
        ? Math.min(before.rows, 1)
        : ratio * before.rows;
    if (rowsLoaded >= least) continue;
    throw new GateFailedError(
      `${name} of ${logicalDate} has ${rowsLoaded} rows where that of ${before.logicalDate} has ${before.rows} ` +
        `(min_rows_ratio ${ratio}): nothing is published; correct the delivery, or, if it is meant so, start again with ` +
        `\`mfg ingest --accept-smaller ${name}\` (input acceptSmaller: ["${name}"]).`,
    );
  }
}
