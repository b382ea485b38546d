import { DateTime } from 'luxon';
import type { ProductionCalendar } from '../contracts/production-calendar';

/** Which of a calendar's days count: those on which the plant produces, or those of which it delivers. */
export type CalendarDays = 'production' | 'delivery';

/** Further back all days count: no age that is worth a threshold reaches there, and a hostile date costs no time. */
const DAYS_LOOKED_AT = 1000;

/** Whether a local date (YYYY-MM-DD) is a day of production, or one that is delivered. */
export function isCalendarDay(date: string, calendar: ProductionCalendar, days: CalendarDays): boolean {
  const { productionDays, deliveryDays, holidays, deliversOnHolidays } = calendar;
  const { weekday } = DateTime.fromISO(date, { zone: 'utc' });
  if (days === 'production') return productionDays.includes(weekday) && !holidays.includes(date);
  return deliveryDays.includes(weekday) && (deliversOnHolidays || !holidays.includes(date));
}

/**
 * Milliseconds from one moment to a later one, without what of them lies on local days that do not count; 0 when `to` is not
 * later. A weekend without production makes nothing older.
 *
 * @param zone IANA zone whose days they are: one on which daylight saving changes has 23 or 25 hours.
 */
export function workingAge(
  from: Date,
  to: Date,
  calendar: ProductionCalendar,
  zone: string,
  days: CalendarDays = 'production',
): number {
  const end = DateTime.fromJSDate(to, { zone });
  const begin = from.getTime();
  let age = Math.max(0, to.getTime() - begin);
  for (let back = 0; back < DAYS_LOOKED_AT; back++) {
    const day = end.startOf('day').minus({ days: back }).startOf('day');
    const dayEnd = day.plus({ days: 1 }).startOf('day');
    if (dayEnd.toMillis() <= begin) break;
    if (isCalendarDay(dateOf(day), calendar, days)) continue;
    age -= Math.max(0, Math.min(dayEnd.toMillis(), to.getTime()) - Math.max(day.toMillis(), begin));
  }
  return age;
}

/** What says when a logical date's delivery is due. */
export interface DeliveryPlan {
  /** IANA zone of the system's logical dates. */
  zone: string;
  /** A logical date is loaded so many days later. */
  offsetDays: number;
  calendar: ProductionCalendar;
}

/** When the delivery of a logical date (YYYY-MM-DD) is due: on the day that loads it, and not before its own day has ended. */
export function dueAt(logicalDate: string, { zone, offsetDays, calendar }: DeliveryPlan): Date {
  const day = DateTime.fromISO(logicalDate, { zone });
  const loadDay = day.plus({ days: offsetDays });
  const [hour, minute] = calendar.dueBy?.split(':').map(Number) ?? [];
  const due =
    hour === undefined ? loadDay.plus({ days: 1 }).startOf('day') : loadDay.set({ hour, minute: minute ?? 0 });
  return DateTime.max(due, day.plus({ days: 1 }).startOf('day')).toJSDate();
}

export interface DeliveriesSeen extends DeliveryPlan {
  /** Logical dates (YYYY-MM-DD) of which the table has been delivered, in any order. */
  delivered: readonly string[];
  /** First logical date of which it is expected. */
  expectedFrom: string;
  asOf: Date;
  /** Gaps that lie further back are history. */
  lookBackDays?: number;
}

/**
 * Logical dates that should have been delivered by `asOf` and were not, earliest first: also those between others that were.
 */
export function missedDeliveries({
  delivered,
  expectedFrom,
  asOf,
  lookBackDays = 14,
  ...plan
}: DeliveriesSeen): string[] {
  const there = new Set(delivered);
  const earliest = dateOf(DateTime.fromJSDate(asOf, { zone: plan.zone }).minus({ days: lookBackDays }));
  const missed: string[] = [];
  // Dates have no zone: a day's length does not matter when they are counted.
  let day = DateTime.fromISO(expectedFrom > earliest ? expectedFrom : earliest, { zone: 'utc' });
  for (; dueAt(dateOf(day), plan) <= asOf; day = day.plus({ days: 1 })) {
    const date = dateOf(day);
    if (!there.has(date) && isCalendarDay(date, plan.calendar, 'delivery')) missed.push(date);
  }
  return missed;
}

function dateOf(day: DateTime): string {
  return day.toISODate() ?? '';
}
