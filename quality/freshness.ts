import type { CheckOutcome } from '../contracts/quality';
import type { Freshness } from '../contracts/source-contract';

const PERIOD_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/**
 * Judges an age against a dbt freshness block: older than `error_after` fails, older than `warn_after` warns.
 *
 * @param newest the newest time that is not after `asOf`; undefined when there is none, which fails.
 */
export function judgeFreshness(
  check: string,
  table: string,
  freshness: Freshness,
  newest: Date | undefined,
  asOf: Date,
): CheckOutcome {
  const { warn_after: warn, error_after: error } = freshness;
  const limit = error ?? warn;
  const expected =
    limit === undefined ? 'any age' : `at most ${limit.count} ${limit.period}${limit.count === 1 ? '' : 's'} old`;
  const outcome = { check, table, expected, detail: `as of ${asOf.toISOString()}` };
  if (newest === undefined) {
    return { ...outcome, severity: 'ERROR', status: 'FAIL', observed: 'nothing up to that time' };
  }
  const age = asOf.getTime() - newest.getTime();
  const isOver = (limit: Freshness['warn_after']) => limit !== undefined && age > limit.count * PERIOD_MS[limit.period];
  const observed = `${formatAge(age)} old (${newest.toISOString()})`;
  if (isOver(error)) return { ...outcome, severity: 'ERROR', status: 'FAIL', observed };
  if (isOver(warn)) return { ...outcome, severity: 'WARN', status: 'WARN', observed };
  return { ...outcome, severity: 'ERROR', status: 'PASS', observed };
}

function formatAge(ms: number): string {
  const hours = Math.max(0, ms) / PERIOD_MS.hour;
  return hours < 48 ? `${hours.toFixed(1)} hours` : `${(hours / 24).toFixed(1)} days`;
}
