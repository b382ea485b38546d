import { z } from 'zod';
import { InvalidInputError } from './errors';
import { strategySchema } from './strategy';

const logicalDate = z.iso.date('must be a date such as 2026-03-11');
/**
 * One of dbt's selectors. It becomes one argument of a dbt process of its own; without a leading '-' and without spaces it cannot
 * be an option or two arguments. What needs the state of another build is refused: what has changed is built anyway.
 */
const selector = z
  .string()
  .max(200)
  .regex(
    /^[@+*\w][\w@+*.,:/-]*$/,
    "must be one of dbt's selectors, such as plant_day_kpis, +dim_shift, path:models/marts or tag:daily",
  )
  .refine((text) => !/(^|,|[@+])(state|result|source_status):/.test(text), {
    error: 'must not ask for the state of another build: what has changed is built anyway',
  });
/** What to build besides what has changed; everything downstream of it is built too. */
const select = z.array(selector).min(1).max(100);
/** What becomes of work whose result stands already. Default: MFG_ON_UNCHANGED. */
const onUnchanged = z.enum(['load', 'reuse'], "must be 'load' or 'reuse'");

const tableName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'must be a table name as in the sources file');

/** Days that one backfill may span: some eleven years. */
const MAX_BACKFILL_DAYS = 4_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Input of `mfgRawIngestion`; everything may be left out. */
export const rawIngestionInputSchema = z
  .strictObject({
    /** Source system to load; may be left out while only one is described. */
    sourceSystem: tableName.optional(),
    /** The run's logical date. Default: from the schedule's time, else the newest delivery present. */
    logicalDate: logicalDate.optional(),
    /** Load only the deliveries of the logical date, not the pending earlier ones. */
    exact: z.boolean().optional(),
    /** Load only these tables; what is not downstream of them is taken over from the publication before. */
    tables: z.array(tableName).min(1).optional(),
    /** Tables whose deliveries may be far smaller than what they replace, which a gate refuses otherwise. */
    acceptSmaller: z.array(tableName).min(1).optional(),
    /** dbt selectors of what to build besides what is downstream of the loaded tables and of changed code. */
    select: select.optional(),
    /** `reuse`: an unchanged file is not loaded again, and models that nothing changes are not built again. */
    onUnchanged: onUnchanged.optional(),
    /** A backfill: the first and the last logical date; together with `to`, instead of `logicalDate`. */
    from: logicalDate.optional(),
    to: logicalDate.optional(),
    /** A backfill of these dates, instead of a range. */
    dates: z.array(logicalDate).min(1).max(MAX_BACKFILL_DAYS).optional(),
    /** Of a backfill: load what is published too, not only what is pending. */
    reload: z.boolean().optional(),
    /** Batches that may be loaded at once. Default: MFG_PARALLEL_LOADS. */
    parallel: z.number().int().min(1).max(64).optional(),
    /** Of a backfill: one publication for all days (default), or each day as a child run of its own, in order. */
    publish: z.enum(['once', 'each']).optional(),
    /** Default: the source system's, else MFG_STRATEGY. */
    strategy: strategySchema.optional(),
    /** false: take what is there, although tables are still expected. */
    wait: z.boolean().optional(),
  })
  .superRefine((input, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    const { from, to, dates } = input;
    if ((from === undefined) !== (to === undefined))
      refuse(from === undefined ? 'from' : 'to', 'from and to go together');
    if (from !== undefined && to !== undefined) {
      if (from > to) refuse('from', `${from} is after to, ${to}`);
      else if ((Date.parse(to) - Date.parse(from)) / DAY_MS >= MAX_BACKFILL_DAYS)
        refuse('to', `a backfill spans at most ${MAX_BACKFILL_DAYS} days`);
      if (dates !== undefined) refuse('dates', 'give either dates or from and to');
    }
    const isBackfill = isBackfillInput(input);
    if (isBackfill && input.logicalDate !== undefined)
      refuse('logicalDate', 'a backfill has from and to, or dates, instead');
    if (isBackfill && input.exact !== undefined) refuse('exact', 'a backfill loads exactly its days already');
    if (isBackfill && input.strategy === 'truncate_reload')
      refuse(
        'strategy',
        'truncate_reload keeps one delivery of a table, so that there is nothing to backfill: leave it out',
      );
    if (!isBackfill && input.reload !== undefined) refuse('reload', 'belongs to a backfill: give from and to');
    if (!isBackfill && input.publish !== undefined) refuse('publish', 'belongs to a backfill: give from and to');
  });

/** Input of `mfgDbtTransform`. */
export const dbtTransformInputSchema = z.strictObject({
  /** dbt selectors of what to build besides what has changed. Default: everything. */
  select: select.optional(),
  /** `reuse`: only models that changed code or sources change are built. */
  onUnchanged: onUnchanged.optional(),
});

/** Input of `mfgDataQualityMonitoring`; everything may be left out. */
export const dataQualityMonitoringInputSchema = z.strictObject({
  /** Publication to check. Default: the current one. */
  publication: z.number().int().positive().optional(),
  /** Check the tables of this source system only. Default: of all. */
  sourceSystem: tableName.optional(),
  /**
   * Time against which freshness is measured: ISO 8601 with offset, or 'now'. Default: the clock when a schedule started
   * the run, else the end of the newest logical date in the publication.
   */
  asOf: z
    .string()
    .refine((text) => text === 'now' || z.iso.datetime({ offset: true }).safeParse(text).success, {
      error: "must be 'now' or a time such as 2026-03-11T02:00:00Z",
    })
    .optional(),
});

/** Input of `mfgRetention`; everything may be left out. What each means: RetentionRules. */
export const retentionInputSchema = z.strictObject({
  keepPublications: z.number().int().min(1).max(100_000).default(10),
  keepDays: z.number().min(0).max(36_500).default(30),
  graceHours: z.number().min(0).max(8_784).default(24),
  dryRun: z.boolean().default(false),
});

/** What becomes of work whose result stands already. */
export type OnUnchanged = z.infer<typeof onUnchanged>;
export type RawIngestionInput = z.infer<typeof rawIngestionInputSchema>;
export type DbtTransformInput = z.infer<typeof dbtTransformInputSchema>;
export type DataQualityMonitoringInput = z.infer<typeof dataQualityMonitoringInputSchema>;
export type RetentionInput = z.input<typeof retentionInputSchema>;

/** True for an input that names a range or a list of dates: a backfill. */
export function isBackfillInput(input: Pick<RawIngestionInput, 'from' | 'dates'>): boolean {
  return input.from !== undefined || input.dates !== undefined;
}

/**
 * Validates a workflow's input where it enters: in the first activity and in the client.
 *
 * @throws InvalidInputError naming the workflow and the field, with what it must be.
 */
export function parseWorkflowInput<T>(schema: z.ZodType<T>, workflow: string, input: unknown): T {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || 'input';
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape).join(', ') || 'none' : '';
  const hint = issue?.code === 'unrecognized_keys' ? ` (known fields: ${known})` : '';
  throw new InvalidInputError(`${workflow}: ${field}: ${issue?.message}${hint}.`);
}
