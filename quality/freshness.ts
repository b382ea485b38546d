import type { ProductionCalendar } from '../contracts/production-calendar';
import type { CheckOutcome } from '../contracts/quality';
import type { Freshness } from '../contracts/source-contract';
import { type CalendarDays, workingAge } from './calendar';

const PERIOD_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** Whose days an age is measured in. */
export interface AgeClock {
  calendar: ProductionCalendar;
  /** IANA zone of the system. */
  zone: string;
  days: CalendarDays;
}

/**
 * Judges an age against a dbt freshness block: older than `error_after` fails, older than `warn_after` warns. Days on which the
 * system does not produce (or deliver) do not count.
 *
 * @param newest the newest time; one that lies after `asOf` counts as none, which fails.
 */
export function judgeFreshness(
  check: string,
  table: string,
  freshness: Freshness,
  newest: Date | undefined,
  asOf: Date,
  { calendar, zone, days }: AgeClock,
): CheckOutcome {
  const { warn_after: warn, error_after: error } = freshness;
  const limit = error ?? warn;
  const expected =
    limit === undefined ? 'any age' : `at most ${limit.count} ${limit.period}${limit.count === 1 ? '' : 's'} old`;
  const outcome = { check, table, expected, detail: `as of ${asOf.toISOString()}` };
  if (newest === undefined || newest > asOf) {
    return { ...outcome, severity: 'ERROR', status: 'FAIL', observed: 'nothing up to that time' };
  }
  const age = workingAge(newest, asOf, calendar, zone, days);
  const isOver = (limit: Freshness['warn_after']) => limit !== undefined && age > limit.count * PERIOD_MS[limit.period];
  const left = asOf.getTime() - newest.getTime() - age;
  const without = left === 0 ? '' : `, ${formatAge(left)} without ${days} left out`;
  const observed = `${formatAge(age)} old (${newest.toISOString()}${without})`;
  if (isOver(error)) return { ...outcome, severity: 'ERROR', status: 'FAIL', observed };
  if (isOver(warn)) return { ...outcome, severity: 'WARN', status: 'WARN', observed };
  return { ...outcome, severity: 'ERROR', status: 'PASS', observed };
}

function formatAge(ms: number): string {
  const hours = Math.max(0, ms) / PERIOD_MS.hour;
  return hours < 48 ? `${hours.toFixed(1)} hours` : `${(hours / 24).toFixed(1)} days`;
}
