import { TooManyRejectedError } from '../contracts/errors';
import type { StagedPartition } from '../contracts/raw-partition';
import type { Delivery } from '../contracts/run';
import type { SourceTable } from '../contracts/source-contract';

/** A tenth that cannot be read is a broken export, not the odd bad record; a handful is none, as long as a row is left. */
const DEFAULT_RATIO = 0.1;
const HANDFUL = 10;

/**
 * Gate on one delivery: no more than `max_rejected_ratio` of its records may be rejected. A ratio that the contract gives is
 * taken exactly; without one it is a tenth, but ten records at least, and never all of them.
 *
 * @throws TooManyRejectedError naming the file, the counts and what to do.
 */
export function refuseTooManyRejected(
  table: SourceTable,
  delivery: Delivery,
  { rowsRead, rowsRejected }: Pick<StagedPartition, 'rowsRead' | 'rowsRejected'>,
): void {
  const allowed =
    table.maxRejectedRatio === undefined
      ? Math.min(Math.max(DEFAULT_RATIO * rowsRead, HANDFUL), rowsRead - 1)
      : table.maxRejectedRatio * rowsRead;
  if (rowsRejected === 0 || rowsRejected <= allowed) return;
  const files = delivery.files.map((file) => file.path).join(', ');
  throw new TooManyRejectedError(
    `${files}: ${rowsRejected} of ${rowsRead} records were rejected, more than table ${table.name} allows ` +
      `(max_rejected_ratio ${table.maxRejectedRatio ?? DEFAULT_RATIO}): nothing of it is loaded; look at them with ` +
      `\`mfg rejects --table ${table.name} --all\`, then correct the file, or raise the ratio in its contract.`,
  );
}
