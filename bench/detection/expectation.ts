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

/** Names of checks by what they look for. */
export const CHECKS = {
  rowCount: /row_count|volume/,
  identicalDuplicates: /duplicates?_identical|identical_duplicates?/,
  conflictingDuplicates: /duplicates?_conflicting|conflicting/,
  duplicates: /duplicate/,
  nullRatio: /null|completeness/,
  orphans: /orphan|reference|relationship/,
  delivery: /delivery|missed|missing|freshness/,
  freshness: /freshness|stale|row_count|volume|missed/,
  drift: /drift|schema|type/,
  uncastable: /drift|type|cast|completeness|null/,
  unit: /unit|scale|range|accepted|shift|distribution|psi/,
  shift: /shift|distribution|psi|stability|scale/,
  accepted: /accepted|values|unit/,
  rejected: /rejected/,
  rule: /rule|order|before|future|far|sum|adds_up|overlap|bound|range|oee|interval|manufacture/,
  late: /late|delay|lag/,
  counter: /counter|reset|decreas|monoton/,
} as const;
