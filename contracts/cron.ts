import { DateTime } from 'luxon';

/** The numbers of a cron field as inclusive ranges, as Temporal's structured calendars have them. */
export interface CronRange {
  start: number;
  end: number;
  step: number;
}

/** A cron expression of five fields; days of the week count from 0, Sunday. */
export interface CronTimes {
  minute: CronRange[];
  hour: CronRange[];
  dayOfMonth: CronRange[];
  month: CronRange[];
  dayOfWeek: CronRange[];
}

type CronField = keyof CronTimes;

const MONTH_NAMES = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY_NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** In the order of the expression: bounds, and the names that may stand for numbers. */
const FIELDS: [name: CronField, min: number, max: number, names: string[]][] = [
  ['minute', 0, 59, []],
  ['hour', 0, 23, []],
  ['dayOfMonth', 1, 31, []],
  ['month', 1, 12, ['', ...MONTH_NAMES]],
  ['dayOfWeek', 0, 7, DAY_NAMES],
];

/**
 * Reads `minute hour day-of-month month day-of-week`: numbers, `*`, lists, ranges, steps, English names of three letters.
 *
 * Temporal takes a day that fits both fields of days, cron one that fits either: an expression that restricts both is refused,
 * since it would mean something else than its author is used to.
 *
 * @throws Error with half a sentence: what it must be.
 */
export function parseCron(expression: string): CronTimes {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) {
    throw new Error('must have five fields: minute, hour, day of month, month, day of week, such as "30 3 * * *"');
  }
  const times = Object.fromEntries(
    FIELDS.map(([name, min, max, names], index) => [name, parseField(parts[index] ?? '', name, min, max, names)]),
  ) as unknown as CronTimes;
  if (!isEvery(times.dayOfMonth, 1, 31) && !isEvery(times.dayOfWeek, 0, 6)) {
    throw new Error('must not restrict both the day of the month and the day of the week: make two schedules of it');
  }
  return times;
}

/** How far ahead clock changes are looked at: every rule of a time zone shows within a year. */
const DAYS_AHEAD = 400;

/**
 * The first day on which a cron expression means to run and cannot, since its only times fall into the hour that a clock
 * change leaves out. Temporal runs nothing on such a day, so that its deliveries would wait for the next.
 *
 * @returns yyyy-mm-dd; undefined when there is none within the next 400 days.
 */
export function firstSkippedDay(
  times: CronTimes,
  timeZone: string,
  now: DateTime = DateTime.now(),
): string | undefined {
  const minutes = numbersOf(times.minute);
  const hours = numbersOf(times.hour);
  let day = now.setZone(timeZone).startOf('day');
  for (let ahead = 0; ahead < DAYS_AHEAD; ahead++, day = day.plus({ days: 1 })) {
    const { year, month, day: dayOfMonth } = day;
    const isMeant =
      contains(times.month, month) &&
      contains(times.dayOfMonth, dayOfMonth) &&
      contains(times.dayOfWeek, day.weekday % 7);
    // A time that is left out comes back as a later one.
    const exists = (hour: number, minute: number) => {
      const at = DateTime.fromObject({ year, month, day: dayOfMonth, hour, minute }, { zone: timeZone });
      return at.hour === hour && at.minute === minute;
    };
    if (isMeant && !hours.some((hour) => minutes.some((minute) => exists(hour, minute)))) {
      return day.toISODate() ?? undefined;
    }
  }
  return undefined;
}

function parseField(text: string, name: CronField, min: number, max: number, names: string[]): CronRange[] {
  const numberOf = (word: string): number => {
    const named = word === '' ? -1 : names.indexOf(word.toLowerCase());
    const value = named >= 0 ? named : /^\d{1,2}$/.test(word) ? Number(word) : NaN;
    if (value >= min && value <= max) return value;
    throw new Error(
      `has '${word}' as its ${WORDS[name]}: it must be ${min} to ${max}${names.length > 0 ? ' or a name of three letters' : ''}`,
    );
  };
  const ranges = text.split(',').map((item): CronRange => {
    const [, body = '', steps] = /^([^/]*)(?:\/(\d{1,2}))?$/.exec(item) ?? [];
    const step = steps === undefined ? 1 : Number(steps);
    if (step < 1) throw new Error(`has '${item}' as its ${WORDS[name]}: a step must be 1 or more`);
    if (body === '*') return { start: min, end: name === 'dayOfWeek' ? 6 : max, step };
    const [first = '', last, ...others] = body.split('-');
    const start = numberOf(first);
    // `5/15` means from 5 on, each 15.
    const end = last === undefined ? (steps === undefined ? start : max) : numberOf(last);
    if (others.length > 0 || end < start)
      throw new Error(`has '${item}' as its ${WORDS[name]}: ranges go upwards, such as 1-5`);
    return { start, end, step };
  });
  return name === 'dayOfWeek' ? ranges.flatMap(withSundayFirst) : ranges;
}

const WORDS: Record<CronField, string> = {
  minute: 'minute',
  hour: 'hour',
  dayOfMonth: 'day of month',
  month: 'month',
  dayOfWeek: 'day of week',
};

/** 7 is Sunday too, which Temporal knows as 0 only. */
function withSundayFirst(range: CronRange): CronRange[] {
  if (range.end < 7) return [range];
  const days = [...new Set(numbersOf([range]).map((day) => day % 7))].sort();
  return days.map((day) => ({ start: day, end: day, step: 1 }));
}

function numbersOf(ranges: CronRange[]): number[] {
  return ranges.flatMap(({ start, end, step }) =>
    Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step),
  );
}

function contains(ranges: CronRange[], value: number): boolean {
  return ranges.some(({ start, end, step }) => value >= start && value <= end && (value - start) % step === 0);
}

function isEvery(ranges: CronRange[], min: number, max: number): boolean {
  return Array.from({ length: max - min + 1 }, (_, index) => min + index).every((value) => contains(ranges, value));
}
