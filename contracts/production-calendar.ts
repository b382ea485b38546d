import { DateTime } from 'luxon';
import { z } from 'zod';

/** Days of the week, Monday first: their place is luxon's and ISO 8601's number less one. */
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const weekdays = z
  .array(z.enum(WEEKDAYS))
  .min(1)
  .refine((days) => new Set(days).size === days.length, 'must not name a day twice')
  .default([...WEEKDAYS]);

const isoDate = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, "must be a date such as '2026-12-25'")
  .refine((date) => DateTime.fromISO(date).isValid, 'must be a date of the calendar');

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of day such as '06:30', in quotes");

/**
 * `config.meta.calendar` of a source system: when its plant produces and when it delivers, by the days of the system's time
 * zone. What is not said is every day.
 */
export const productionCalendarSchema = z
  .strictObject({
    production_days: weekdays,
    /** Of the logical dates, not of the days on which they are loaded. */
    delivery_days: weekdays,
    holidays: z.array(isoDate).max(1000).default([]),
    /** A source that people feed delivers nothing for a holiday; one that exports by itself does. */
    delivers_on_holidays: z.boolean().default(true),
    due_by: timeOfDay.optional(),
  })
  .transform((calendar) => ({
    productionDays: numbersOf(calendar.production_days),
    deliveryDays: numbersOf(calendar.delivery_days),
    holidays: calendar.holidays,
    deliversOnHolidays: calendar.delivers_on_holidays,
    dueBy: calendar.due_by,
  }));

/** When a source system's plant produces and when it delivers. */
export interface ProductionCalendar {
  /** ISO numbers of weekdays: Monday is 1, Sunday 7. */
  productionDays: number[];
  /** Weekdays of the logical dates that are delivered. */
  deliveryDays: number[];
  /** ISO dates without production. */
  holidays: string[];
  /** Whether a holiday that is one of `deliveryDays` is delivered all the same. */
  deliversOnHolidays: boolean;
  /** Local HH:MM at which the delivery of a logical date is due on the day that loads it; undefined: at that day's end. */
  dueBy: string | undefined;
}

/** The calendar of a system that declares none: it produces and delivers every day. */
export const EVERY_DAY: ProductionCalendar = productionCalendarSchema.parse({});

function numbersOf(days: (typeof WEEKDAYS)[number][]): number[] {
  return days.map((day) => WEEKDAYS.indexOf(day) + 1);
}
