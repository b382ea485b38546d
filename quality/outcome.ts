import { createHash } from 'node:crypto';
import type { CheckOutcome, QualityRecord } from '../contracts/quality';
import type { CheckLevel } from '../contracts/quality-rules';

/** An outcome with what stands behind it; the run adds who it is of. */
export type CheckedOutcome = Omit<QualityRecord, 'publication' | 'ordinal' | 'codeVersion'>;

/** A check of one table, as it is declared. */
export interface DeclaredCheck {
  check: string;
  table: string;
  level: CheckLevel;
  /** What decides besides the data: thresholds, conditions. */
  rule: unknown;
}

/** What a check found. */
export interface Finding {
  holds: boolean;
  observed: string;
  expected: string;
  threshold?: string | undefined;
  detail?: string | undefined;
  sample?: string[] | undefined;
  details?: Record<string, unknown> | undefined;
}

/** Changes whenever a check of this code would find something else in the same data under the same declaration. */
const CHECKS_VERSION = 1;
const KEYS_IN_SAMPLE = 5;
const LONGEST_KEY = 100;

/** Names the version of a check: outcomes of one version can be compared with each other. */
export function ruleVersion({ check, rule }: Pick<DeclaredCheck, 'check' | 'rule'>): string {
  const text = JSON.stringify([CHECKS_VERSION, check, rule]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** A check's outcome: one that does not hold fails when it is an error, else it warns. */
export function outcomeOf(declared: DeclaredCheck, finding: Finding, startedAt: Date): CheckedOutcome {
  const { severity, gate } = declared.level;
  return {
    ...base(declared, startedAt),
    severity: severity.toUpperCase() as CheckOutcome['severity'],
    status: finding.holds ? 'PASS' : severity === 'error' ? 'FAIL' : 'WARN',
    isGate: gate,
    observed: finding.observed,
    expected: finding.expected,
    threshold: finding.threshold ?? finding.expected,
    detail: finding.detail ?? '',
    sample: (finding.sample ?? []).slice(0, KEYS_IN_SAMPLE).map((key) => key.slice(0, LONGEST_KEY)),
    details: finding.details ?? {},
  };
}

/** A check that broke: never a pass, whatever it is of. */
export function brokenOutcome(declared: DeclaredCheck, error: unknown, startedAt: Date): CheckedOutcome {
  const message = error instanceof Error ? error.message : String(error);
  return {
    ...base(declared, startedAt),
    severity: 'ERROR',
    status: 'ERROR',
    isGate: declared.level.gate,
    observed: 'the check could not run',
    expected: 'a result',
    threshold: 'a result',
    detail: message.slice(0, 500),
    sample: [],
    details: {},
  };
}

function base(declared: DeclaredCheck, startedAt: Date) {
  const { check, table } = declared;
  return { check, table, ruleVersion: ruleVersion(declared), startedAt: startedAt.toISOString() };
}

/** A share as people read it: 0.5 %. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value === 0 || Math.abs(value) >= 10 ? value.toFixed(0) : value.toPrecision(2)} %`;
}
