import { z } from 'zod';

/**
 * What a table does with deliveries whose columns are not those of its contract. The words are those of dlt's schema contracts:
 *
 * - `evolve`: take it as it comes; nothing is lost and published views do not change.
 * - `discard_value`: leave the cells out.
 * - `discard_row`: reject the records that it concerns, with raw text and reason.
 * - `freeze`: fail the load.
 *
 * Whatever the policy, each drift is an event in RAW.SCHEMA_DRIFT_EVENT.
 */
export const driftPolicySchema = z.strictObject({
  /** A column that the contract does not describe. */
  new_column: z.enum(['evolve', 'discard_value', 'discard_row', 'freeze']),
  /** A described column that the file lacks. One of the key always fails the load. */
  missing_column: z.enum(['evolve', 'freeze']),
  /** A described column under one of its aliases. */
  renamed_column: z.enum(['evolve', 'freeze']),
  /** The described columns in another order than the contract's. */
  reordered_columns: z.enum(['evolve', 'freeze']),
  /** A column of which more than `changed_type_ratio` of the filled cells are no value of its `data_type`. */
  changed_type: z.enum(['evolve', 'discard_row', 'freeze']),
  /** 0: one cell is enough. 1: the cells are not looked at. */
  changed_type_ratio: z.number().min(0).max(1),
});

export type DriftPolicy = z.infer<typeof driftPolicySchema>;

/** Unknown columns stop a load: they are often known ones in the wrong place. What RAW can hold as it is does not. */
export const DEFAULT_DRIFT_POLICY: DriftPolicy = {
  new_column: 'freeze',
  missing_column: 'freeze',
  renamed_column: 'evolve',
  reordered_columns: 'evolve',
  changed_type: 'evolve',
  changed_type_ratio: 0.1,
};

export type DriftKind = Exclude<keyof DriftPolicy, 'changed_type_ratio'>;

/** One difference between a file and its contract: grain of RAW.SCHEMA_DRIFT_EVENT, besides the attempt at a partition. */
export interface SchemaDrift {
  /** As in `_SOURCE_FILE`. */
  sourceFile: string;
  drift: DriftKind;
  /** The described column, or a new one's name in the file, cut to 200 characters; empty when it concerns all columns. */
  column: string;
  policy: DriftPolicy[DriftKind];
  /** One phrase with what was found. */
  detail: string;
}
