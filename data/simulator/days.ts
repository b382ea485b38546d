/** A calendar day, in days since 1970-01-01. */
export type Day = number;

/** A moment, in whole seconds since 1970-01-01 00:00 UTC. */
export type Moment = number;

export const SECONDS_PER_HOUR = 3600;
export const SECONDS_PER_DAY = 86_400;

/** YYYY-MM-DD */
export function formatDay(day: Day): string {
  return new Date(day * SECONDS_PER_DAY * 1000).toISOString().slice(0, 10);
}

/** @returns undefined unless `text` is a calendar day written YYYY-MM-DD. */
export function parseDay(text: string): Day | undefined {
  const day = Date.parse(`${text}T00:00:00Z`) / 1000 / SECONDS_PER_DAY;
  return /^\d{4}-\d\d-\d\d$/.test(text) && Number.isFinite(day) && formatDay(day) === text ? day : undefined;
}

/** 0 is Sunday, 6 Saturday. */
export function weekdayOf(day: Day): number {
  return (((day + 4) % 7) + 7) % 7;
}
