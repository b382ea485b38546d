import type { ScheduleDescription } from '@temporalio/client';
import { durationText, localTime } from '../../contracts/schedules-file';
import type { ScheduleChange } from '../schedules/apply-schedules';
import { isFromFile, whenText } from '../schedules/schedule-state';
import { colors, plural, table, visible } from './print';

/** A schedule as the list tells of it. */
export interface ListedSchedule {
  scheduleId: string;
  workflow: string;
  /** Its cron expression, or what else it was given. */
  when: string;
  timeZone: string;
  overlap: string;
  catchupWindow: string;
  jitter: string;
  paused: boolean;
  note: string | null;
  fromFile: boolean;
  /** ISO 8601, jitter included; null when nothing is to come. */
  nextRunAt: string | null;
  lastRun: { workflowId: string; runId: string; status: string; url: string | null } | null;
  missed: number;
  skipped: number;
}

/** What the server knows of a schedule, for people and for JSON. */
export function listedSchedule(
  schedule: ScheduleDescription,
  lastRun: ListedSchedule['lastRun'] | undefined,
): ListedSchedule {
  const { scheduleId, spec, action, policies, state, info } = schedule;
  return {
    scheduleId,
    workflow: action.workflowType,
    when: whenText(spec),
    timeZone: spec.timezone === undefined || spec.timezone === '' ? 'UTC' : spec.timezone,
    overlap: (policies.overlap ?? 'SKIP').toLowerCase(),
    catchupWindow: durationText(policies.catchupWindow),
    jitter: durationText(spec.jitter ?? 0),
    paused: state.paused,
    note: state.note === undefined || state.note === '' ? null : state.note,
    fromFile: isFromFile(schedule),
    nextRunAt: state.paused ? null : (info.nextActionTimes[0]?.toISOString() ?? null),
    lastRun: lastRun ?? null,
    missed: info.numActionsMissedCatchupWindow,
    skipped: info.numActionsSkippedOverlap,
  };
}

/** A table of schedules. */
export function schedulesText(schedules: ListedSchedule[]): string {
  if (schedules.length === 0) return 'There is no schedule: `npx mfg schedules apply` makes those of schedules.yml.';
  return table(
    ['schedule', 'workflow', 'when', 'time zone', 'next run (there)', 'last run', 'from'],
    schedules.map((schedule) => [
      schedule.scheduleId,
      schedule.workflow,
      `${schedule.when}${schedule.jitter === '0s' ? '' : ` + up to ${schedule.jitter}`}`,
      schedule.timeZone,
      schedule.paused
        ? `paused${schedule.note === null ? '' : ` (${schedule.note})`}`
        : schedule.nextRunAt === null
          ? 'none'
          : localTime(new Date(schedule.nextRunAt), schedule.timeZone),
      schedule.lastRun === null ? 'none yet' : `${schedule.lastRun.status}: ${schedule.lastRun.workflowId}`,
      schedule.fromFile ? 'file' : 'by hand',
    ]),
    { whole: ['schedule'] },
  );
}

const SIGNS = { create: '+', update: '~', none: '=', unlisted: '?', delete: '-' } as const;
const WORDS = {
  applied: {
    create: 'created',
    update: 'updated',
    none: 'unchanged',
    unlisted: 'not in the file: runs on, --prune deletes it',
    delete: 'deleted',
  },
  planned: {
    create: 'would be created',
    update: 'would be updated',
    none: 'unchanged',
    unlisted: 'not in the file: would run on, --prune deletes it',
    delete: 'would be deleted',
  },
} as const;

/** What applying a file did, or would do: a line per schedule, and one per field that differs. */
export function changesText(changes: ScheduleChange[], tense: keyof typeof WORDS): string {
  const lines = changes.flatMap(({ scheduleId, change, fields }) => [
    PAINT[change](`${SIGNS[change]} ${scheduleId}: ${WORDS[tense][change]}`),
    ...fields.map(
      ({ field, before = 'not set', after = 'not set' }) => `    ${field}: ${visible(before)} → ${visible(after)}`,
    ),
  ]);
  const changed = changes.filter(({ change }) => change !== 'none' && change !== 'unlisted').length;
  const summary =
    changed > 0
      ? `${plural(changed, 'schedule')} ${tense === 'applied' ? 'changed' : 'would change'}.`
      : 'Nothing to change: the schedules are as the file has them.';
  return [...lines, summary].join('\n');
}

const PAINT = {
  create: colors.green,
  update: colors.yellow,
  none: colors.dim,
  unlisted: colors.yellow,
  delete: colors.red,
} as const;
