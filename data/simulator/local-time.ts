/**
 * A moment on the plant's wall clock, in minutes. The source system exports local timestamps without an offset, so the
 * simulator knows no other time; it is up to the platform to make UTC of them.
 */
export type LocalTime = number;

/** A calendar day, in days since 1970-01-01. */
export type Day = number;

export const MINUTES_PER_HOUR = 60;
export const MINUTES_PER_DAY = 24 * MINUTES_PER_HOUR;
const MS_PER_MINUTE = 60_000;

/** The moment at which a day begins. */
export function startOf(day: Day): LocalTime {
  return day * MINUTES_PER_DAY;
}

/** The day of a moment. */
export function dayOf(time: LocalTime): Day {
  return Math.floor(time / MINUTES_PER_DAY);
}

export function isSunday(day: Day): boolean {
  return new Date(day * MINUTES_PER_DAY * MS_PER_MINUTE).getUTCDay() === 0;
}

/** YYYY-MM-DD */
export function formatDay(day: Day): string {
  return formatTime(startOf(day)).slice(0, 10);
}

/** YYYY-MM-DD HH:MM:SS */
export function formatTime(time: LocalTime): string {
  return new Date(Math.round(time) * MS_PER_MINUTE).toISOString().slice(0, 19).replace('T', ' ');
}

/** @returns undefined unless `text` is a calendar day written YYYY-MM-DD. */
export function parseDay(text: string): Day | undefined {
  const day = Date.parse(`${text}T00:00:00Z`) / MS_PER_MINUTE / MINUTES_PER_DAY;
  return Number.isFinite(day) && formatDay(day) === text ? day : undefined;
}
