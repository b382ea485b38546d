import { readFileSync } from 'node:fs';
import { DateTime, IANAZone } from 'luxon';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { firstSkippedDay, parseCron } from './cron';
import { InvalidInputError } from './errors';
import {
  dataQualityMonitoringInputSchema,
  dbtTransformInputSchema,
  rawIngestionInputSchema,
  retentionInputSchema,
} from './workflow-inputs';

/** Workflows that a schedule may start, with the schema of their input. */
const SCHEDULABLE = {
  mfgRawIngestion: rawIngestionInputSchema,
  mfgDbtTransform: dbtTransformInputSchema,
  mfgDataQualityMonitoring: dataQualityMonitoringInputSchema,
  mfgRetention: retentionInputSchema,
} as const;
/** Fields of an ingestion's input that fix its dates: a schedule's run takes its own from the schedule. */
const DATE_FIELDS = ['logicalDate', 'from', 'to', 'dates'];

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const LONGEST_CATCHUP_MS = 366 * UNITS_MS.d;
const LONGEST_JITTER_MS = 23 * UNITS_MS.h;

/** `30s`, `5m`, `12h`, `1d`: in milliseconds. */
const duration = (min: number, max: number, bounds: string) =>
  z
    .string()
    .regex(/^\d{1,6}[smhd]$/, 'must be a duration such as 30s, 5m, 12h or 1d')
    .transform((text) => Number(text.slice(0, -1)) * UNITS_MS[text.slice(-1) as keyof typeof UNITS_MS])
    .refine((ms) => ms >= min && ms <= max, `must be ${bounds}`);

const cron = z.string().transform((text, context) => {
  try {
    return { text: text.trim().split(/\s+/).join(' '), times: parseCron(text) };
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

const scheduleSchema = z
  .strictObject({
    workflow: z.enum(Object.keys(SCHEDULABLE) as (keyof typeof SCHEDULABLE)[], {
      error: `must be one of ${Object.keys(SCHEDULABLE).join(', ')}`,
    }),
    /** The workflow's input. */
    input: z.record(z.string(), z.unknown()).default({}),
    /** When, in `time_zone`. */
    cron,
    time_zone: z
      .string()
      .refine((zone) => IANAZone.isValidZone(zone), 'must be an IANA time zone such as Europe/Berlin'),
    /** What happens when the run before has not ended. */
    overlap: z
      .enum(['skip', 'buffer_one', 'buffer_all', 'cancel_other', 'terminate_other', 'allow_all'], {
        error: 'must be skip, buffer_one, buffer_all, cancel_other, terminate_other or allow_all',
      })
      .default('buffer_one'),
    /** Runs that were missed because the server was away are started when it is back within this time. */
    catchup_window: duration(10_000, LONGEST_CATCHUP_MS, '10s to 366d').default(UNITS_MS.d),
    /** A run starts up to so long later; its logical date is that of the time it was meant for. */
    jitter: duration(0, LONGEST_JITTER_MS, '0s to 23h').default(0),
    /** What the Web UI shows beside its runs. */
    summary: z.string().trim().min(1).max(200).optional(),
  })
  .superRefine(({ workflow, input, cron: { text, times }, time_zone: zone }, context) => {
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    const parsed = SCHEDULABLE[workflow].safeParse(input);
    for (const issue of parsed.error?.issues.slice(0, 1) ?? []) {
      refuse(['input', ...issue.path.map(String)], issue.message);
    }
    const fixed = workflow === 'mfgRawIngestion' ? DATE_FIELDS.find((field) => field in input) : undefined;
    if (fixed !== undefined) {
      refuse(
        ['input', fixed],
        'must be left out: a run takes its date from the schedule; `npx mfg backfill` loads others',
      );
    }
    const skipped = IANAZone.isValidZone(zone) ? firstSkippedDay(times, zone) : undefined;
    if (skipped !== undefined) {
      refuse(
        ['cron'],
        `'${text}' does not exist in ${zone} on ${skipped}, when clocks go forward, so that nothing would run that day: choose another hour`,
      );
    }
  });

const SCHEDULE_ID = /^[a-z][a-z0-9-]{0,99}$/;

const fileSchema = z.strictObject({
  schedules: z.record(z.string().regex(SCHEDULE_ID), scheduleSchema, {
    error: (issue) =>
      issue.code === 'invalid_key' ? 'must have an id of lower case letters, digits and hyphens' : undefined,
  }),
});

/** A schedule as the file describes it. Durations in milliseconds. */
export type ScheduleEntry = z.infer<typeof scheduleSchema>;
/** Entries by schedule id. */
export type ScheduleEntries = Record<string, ScheduleEntry>;

/**
 * Reads a schedules file.
 *
 * @throws InvalidInputError in one sentence that names the file, the field and what it must be.
 */
export function readSchedules(file: string): ScheduleEntries {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InvalidInputError(`${file} cannot be read (${code}): name another file with --file.`, { cause: error });
  }
  const document = parseDocument(text, { uniqueKeys: true });
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw new InvalidInputError(`${file} is not valid YAML: ${problem.message.split('\n')[0]?.replace(/:$/, '')}.`);
  }
  const parsed = fileSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data.schedules;
  const issue = parsed.error.issues[0];
  throw new InvalidInputError(`${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message}.`);
}

/** Milliseconds as the file writes them, in the largest unit that fits. */
export function durationText(ms: number): string {
  const units = Object.entries(UNITS_MS).reverse();
  const [unit, size] = units.find(([, unitMs]) => ms >= unitMs && ms % unitMs === 0) ?? ['s', UNITS_MS.s];
  return `${ms / size}${unit}`;
}

/** A moment in a time zone: `2026-03-11 03:30`. */
export function localTime(at: Date, timeZone: string): string {
  return DateTime.fromJSDate(at, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm');
}
