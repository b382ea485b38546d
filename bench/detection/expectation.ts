import type { Table } from '../../data/simulator/columns';

/**
 * What must be heard of a fault: one of the checks, on one of the tables or on a model made from one. The names are those of the
 * declarations in `_mes__sources.yml`.
 */
export interface Expectation {
  checks: RegExp;
  tables: readonly Table[];
}

/** One way in which a delivery goes wrong, or looks as if it did. */
export interface Fault {
  /** What is wrong, in words: the report's line. */
  kind: string;
  /** Table or table.column, or a word: with the kind it is the fault's identity. */
  target: string;
  /** Tables that hold the fault: an alarm at one of them, or at what is made from them, is no false one. */
  tables: readonly Table[];
  /** Undefined: nothing is wrong, and nothing may be heard. */
  expected: Expectation | undefined;
}

/** Names of checks by what they look for, each as exactly as it can be said of all tables. */
export const CHECKS = {
  /** States follow each other without a gap: where some are missing is one. */
  rowCount: /^(row_count_history|gap_in_states)$/,
  identicalDuplicates: /^duplicates_identical$/,
  conflictingDuplicates: /^duplicates_conflicting$/,
  /** A column that is empty as the plant runs has a rule that says when it must not be. */
  nullRatio: /^(null_ratio|(dates|start|end|order|reason)_missing)$/,
  orphans: /^orphans?_/,
  delivery: /^missed_delivery$/,
  stopped: /^(row_count_history|freshness_event|missed_delivery)$/,
  drift: /^schema_drift$/,
  unreadable: /^(unreadable_cells|schema_drift)$/,
  unit: /^(scale|range)_/,
  shift: /^shift_/,
  accepted: /^accepted_values_/,
  rejected: /^rejected_records$/,
  late: /^late_events$/,
} as const;
