import type { FailingLook, IncidentLook } from '../contracts/incidents';
import type { CheckOutcome, CheckStatus } from '../contracts/quality';

/** What a run's outcomes mean for incidents. */

/** Longest text of an outcome that an incident keeps, and how many keys of its sample. */
const LONGEST_TEXT = 500;
const LONGEST_KEY = 100;
const KEYS = 5;
const WORST_FIRST: readonly CheckStatus[] = ['ERROR', 'FAIL', 'WARN', 'PASS'];

/** A check's outcome, and when it was found. */
export type TimedOutcome = CheckOutcome & { startedAt: string };

/** What a run says of itself with each of its looks. */
export type LookOrigin = Pick<IncidentLook, 'runKey' | 'run' | 'publication'>;

/** One look per check and table: where a run has several outcomes of one, the worst counts. */
export interface Looks {
  failing: FailingLook[];
  passing: (IncidentLook & Pick<CheckOutcome, 'check' | 'table'>)[];
}

/**
 * Sorts outcomes by what they do to incidents. Severity INFO opens nothing, and resolves what was opened when the check had another
 * one; a check of severity INFO that broke does neither.
 */
export function looksOf(outcomes: TimedOutcome[], origin: LookOrigin): Looks {
  const looks: Looks = { failing: [], passing: [] };
  const seen = new Set<string>();
  for (const { startedAt: at, ...outcome } of [...outcomes].sort(byStatus)) {
    const { check, table, severity, status } = outcome;
    const subject = JSON.stringify([check, table]);
    if (seen.has(subject)) continue;
    seen.add(subject);
    if (status === 'PASS' || (severity === 'INFO' && status !== 'ERROR')) {
      looks.passing.push({ ...origin, at, check, table });
    } else if (severity !== 'INFO') {
      looks.failing.push({ ...origin, at, outcome: { ...bounded(outcome), status } });
    }
  }
  return looks;
}

function byStatus(a: CheckOutcome, b: CheckOutcome): number {
  return WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status);
}

/** Cells and messages of others are as long as they like; a workflow's history is not. */
function bounded({ check, table, severity, status, ...texts }: CheckOutcome): CheckOutcome {
  const { observed, expected, threshold = '', detail, sample = [] } = texts;
  const cut = (text: string, longest = LONGEST_TEXT) => (text.length > longest ? `${text.slice(0, longest)}…` : text);
  return {
    ...{ check, table, severity, status, observed: cut(observed), expected: cut(expected) },
    ...{ threshold: cut(threshold), detail: cut(detail) },
    sample: sample.slice(0, KEYS).map((key) => cut(key, LONGEST_KEY)),
  };
}
