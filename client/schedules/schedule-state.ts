import { isDeepStrictEqual } from 'node:util';
import type {
  CalendarSpec,
  CalendarSpecDescription,
  ScheduleDescription,
  ScheduleOptions,
  ScheduleOverlapPolicy,
  ScheduleSpecDescription,
} from '@temporalio/client';
import type { CronRange, CronTimes } from '../../contracts/cron';
import { durationText, type ScheduleEntry } from '../../contracts/schedules-file';
import { TASK_QUEUE } from '../../contracts/task-queue';

/** A schedule of the file in Temporal's terms, one on the server in the file's terms, and how they differ. */

/** In the memo of what a schedule starts: marks schedules that come from a file, and tells a run which schedule started it. */
const MARK = 'schedule';
const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;
const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

/** One field that differs; undefined where it is not set. */
export interface FieldChange {
  field: string;
  before: string | undefined;
  after: string | undefined;
}

/** What both sides are compared by, as text. */
type Comparable = Record<string, string | undefined>;

/** What Temporal is told of a schedule of the file. */
export function scheduleOptions(
  id: string,
  entry: ScheduleEntry,
): Pick<ScheduleOptions, 'spec' | 'action' | 'policies'> {
  const { workflow, input, cron, time_zone, overlap, catchup_window, jitter, summary } = entry;
  return {
    spec: { calendars: [calendarOf(cron.times, cron.text)], timezone: time_zone, jitter },
    action: {
      type: 'startWorkflow',
      workflowType: workflow,
      workflowId: id,
      taskQueue: TASK_QUEUE,
      args: Object.keys(input).length === 0 ? [] : [input],
      memo: { [MARK]: id },
      ...(summary !== undefined && { staticSummary: summary }),
    },
    policies: { overlap: overlap.toUpperCase() as ScheduleOverlapPolicy, catchupWindow: catchup_window },
  };
}

/** True for a schedule that `mfg schedules apply` made or has taken over. */
export function isFromFile({ scheduleId, action }: ScheduleDescription): boolean {
  return action.memo?.[MARK] === scheduleId;
}

/** How the schedule on the server differs from the file; nothing when applying it would change nothing. */
export function changesOf(entry: ScheduleEntry, described: ScheduleDescription): FieldChange[] {
  const before = describedAs(described);
  const after = declaredAs(described.scheduleId, entry);
  return [...new Set([...Object.keys(after), ...Object.keys(before)])]
    .filter((field) => before[field] !== after[field])
    .map((field) => ({ field, before: before[field], after: after[field] }));
}

/** When a schedule on the server runs: its cron expression, or what else it was given. */
export function whenText({ timezone: _, jitter: __, ...when }: ScheduleSpecDescription): string {
  const { calendars = [], intervals = [], skip = [], startAt, endAt } = when;
  const [calendar] = calendars;
  const isPlain = skip.length === 0 && startAt === undefined && endAt === undefined;
  if (isPlain && calendars.length === 1 && intervals.length === 0 && calendar !== undefined) return cronOf(calendar);
  if (isPlain && calendars.length === 0 && intervals.length === 1) {
    const { every, offset = 0 } = intervals[0] ?? { every: 0 };
    return `every ${durationText(every)}${offset > 0 ? ` from ${durationText(offset)}` : ''}`;
  }
  return JSON.stringify({ calendars: calendars.map(cronOf), intervals, skip: skip.map(cronOf), startAt, endAt });
}

function declaredAs(id: string, entry: ScheduleEntry): Comparable {
  const { action } = scheduleOptions(id, entry);
  return {
    workflow: entry.workflow,
    input: jsonText(entry.input),
    cron: cronOf(described(calendarOf(entry.cron.times, entry.cron.text))),
    time_zone: entry.time_zone,
    overlap: entry.overlap,
    catchup_window: durationText(entry.catchup_window),
    jitter: durationText(entry.jitter),
    summary: entry.summary,
    'workflow id': action.workflowId,
    'task queue': action.taskQueue,
    memo: jsonText(action.memo),
  };
}

function describedAs({ spec, action, policies, state }: ScheduleDescription): Comparable {
  const [input = {}, ...others] = (action.args ?? []) as unknown[];
  return {
    workflow: action.workflowType,
    input: jsonText(others.length > 0 ? action.args : input),
    cron: whenText(spec),
    time_zone: spec.timezone === undefined || spec.timezone === '' ? 'UTC' : spec.timezone,
    overlap: (policies.overlap ?? 'SKIP').toLowerCase(),
    catchup_window: durationText(policies.catchupWindow),
    jitter: durationText(spec.jitter ?? 0),
    summary: action.staticSummary,
    'workflow id': action.workflowId,
    'task queue': action.taskQueue,
    memo: jsonText(action.memo ?? {}),
    // What the file has no word for and somebody has set by hand.
    ...(action.staticDetails !== undefined && { details: action.staticDetails }),
    ...(policies.pauseOnFailure && { 'pause on failure': 'true' }),
    ...(state.remainingActions !== undefined && { 'remaining actions': String(state.remainingActions) }),
    ...(action.retry !== undefined && { 'retry policy': jsonText(action.retry) }),
    ...timeout('execution timeout', action.workflowExecutionTimeout),
    ...timeout('run timeout', action.workflowRunTimeout),
    ...timeout('task timeout', action.workflowTaskTimeout),
  };
}

function timeout(field: string, value: unknown): Comparable {
  return value === undefined || value === 0 ? {} : { [field]: durationText(Number(value)) };
}

/** JSON with its keys in order, so that equal objects are equal texts. */
function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function calendarOf({ minute, hour, dayOfMonth, month, dayOfWeek }: CronTimes, comment: string): CalendarSpec {
  const named = <Name>(ranges: CronRange[], nameOf: (value: number) => Name) =>
    ranges.map(({ start, end, step }) => ({ start: nameOf(start), end: nameOf(end), step }));
  return {
    ...{ minute, hour, dayOfMonth, comment },
    month: named(month, (value) => MONTHS[value - 1] ?? 'JANUARY'),
    dayOfWeek: named(dayOfWeek, (value) => DAYS[value] ?? 'SUNDAY'),
  };
}

/** A calendar as the server gives it back, for a comparison in one form. */
function described(calendar: CalendarSpec): CalendarSpecDescription {
  return { second: [{ start: 0, end: 0, step: 1 }], year: [], ...calendar } as unknown as CalendarSpecDescription;
}

/** The five fields of a calendar, as ranges; with what cron has no place for, if there is any. */
function cronOf({ second, year, minute, hour, dayOfMonth, month, dayOfWeek }: CalendarSpecDescription): string {
  const five = [
    rangesText(minute, 0, 59),
    rangesText(hour, 0, 23),
    rangesText(dayOfMonth, 1, 31),
    rangesText(named(month, MONTHS, 1), 1, 12),
    rangesText(named(dayOfWeek, DAYS, 0), 0, 6),
  ].join(' ');
  const atZero = isDeepStrictEqual(plain(second), [{ start: 0, end: 0, step: 1 }]);
  const extra = [
    ...(atZero ? [] : [`seconds ${rangesText(second, 0, 59)}`]),
    ...(year.length === 0 ? [] : [`years ${rangesText(year, 1, 9999)}`]),
  ];
  return extra.length === 0 ? five : `${five} (${extra.join(', ')})`;
}

function named(
  ranges: { start: string; end: string; step: number }[],
  names: readonly string[],
  from: number,
): CronRange[] {
  return ranges.map(({ start, end, step }) => ({
    start: names.indexOf(start) + from,
    end: names.indexOf(end) + from,
    step,
  }));
}

function plain(ranges: CronRange[]): CronRange[] {
  return ranges.map(({ start, end, step }) => ({ start, end, step }));
}

function rangesText(ranges: CronRange[], min: number, max: number): string {
  return ranges
    .map(({ start, end, step }) => {
      const body = start === min && end === max ? '*' : start === end ? String(start) : `${start}-${end}`;
      return step > 1 ? `${body}/${step}` : body;
    })
    .join(',');
}
