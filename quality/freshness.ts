import type { ProductionCalendar } from '../contracts/production-calendar';
import type { CheckLevel } from '../contracts/quality-rules';
import type { Freshness } from '../contracts/source-contract';
import { workingAge, type CalendarDays } from './calendar';
import type { Finding } from './outcome';

const PERIOD_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** An age to judge. */
export interface AgeToJudge {
  /** dbt's freshness block: older than `error_after` fails, older than `warn_after` warns. */
  limits: Freshness;
  /** The newest time that is not after `asOf`; undefined when there is none, which fails. */
  newest: Date | undefined;
  asOf: Date;
  calendar: ProductionCalendar;
  zone: string;
  /** Only such days make it older: a weekend without production does not. */
  days: CalendarDays;
}

/** What was found, with how bad it is. */
export interface JudgedAge extends Finding {
  severity: CheckLevel['severity'];
}

/** Judges an age by the days that count in the source's calendar. */
export function judgeFreshness({ limits, newest, asOf, calendar, zone, days }: AgeToJudge): JudgedAge {
  const { warn_after: warn, error_after: error } = limits;
  const limit = error ?? warn;
  const expected =
    limit === undefined ? 'any age' : `at most ${limit.count} ${limit.period}${limit.count === 1 ? '' : 's'} old`;
  const told = { expected, detail: `as of ${asOf.toISOString()}`, details: { asOf: asOf.toISOString() } };
  if (newest === undefined || newest > asOf)
    return { ...told, holds: false, severity: 'error', observed: 'nothing up to that time' };
  const age = workingAge(newest, asOf, calendar, zone, days);
  const isOver = (limit: Freshness['warn_after']) => limit !== undefined && age > limit.count * PERIOD_MS[limit.period];
  const leftOut = asOf.getTime() - newest.getTime() - age;
  const without = leftOut === 0 ? '' : `, ${formatAge(leftOut)} without ${days} left out`;
  const observed = `${formatAge(age)} old (${newest.toISOString()}${without})`;
  const details = { ...told.details, newest: newest.toISOString(), ageHours: age / PERIOD_MS.hour };
  const isWarning = isOver(warn) && !isOver(error);
  return { ...told, details, observed, holds: !isOver(error) && !isOver(warn), severity: isWarning ? 'warn' : 'error' };
}

function formatAge(ms: number): string {
  const hours = Math.max(0, ms) / PERIOD_MS.hour;
  return hours < 48 ? `${hours.toFixed(1)} hours` : `${(hours / 24).toFixed(1)} days`;
}
