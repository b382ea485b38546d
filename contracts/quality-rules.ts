import { z } from 'zod';

/** What the checks of a table or model say of it: `config.meta.quality` where dbt describes it. */

const severity = z.enum(['error', 'warn', 'info'], "must be 'error', 'warn' or 'info'");
/** What every check may say: how bad it is that it does not hold, and whether a candidate is published all the same. */
const level = { severity: severity.optional(), gate: z.boolean().optional() };
const ratio = z.number().min(0).max(1);
const name = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be lower-case letters, digits and underscores');
/** An expression over a model's columns. It is code of the dbt project, and goes into one query as it is. */
const expression = z
  .string()
  .trim()
  .min(1)
  .refine((sql) => !/;|--|\/\*/.test(sql), 'must be one SQL expression, without comments');
const columns = z.array(name).min(1);

/** A check with settings of its own; `false`: it is not run. */
function check<T extends z.ZodRawShape>(settings: T) {
  return z.union([z.literal(false), z.strictObject({ ...level, ...settings })]).optional();
}

/**
 * Checks of a source table. All of them run, as CHECK_DEFAULTS says, unless the table or its system says otherwise.
 */
export const tableQualitySchema = z.strictObject({
  /** Records in the files = rows in RAW + rejected records. */
  row_count_source_raw: check({}),
  /** Rows in STAGING = distinct keys in RAW. */
  row_count_raw_staging: check({}),
  /**
   * Rows of a delivery against the table's earlier ones: so many robust standard deviations from what is usual on that weekday, and
   * so much of it at least.
   */
  row_count_history: check({
    deviations: z.number().positive().optional(),
    min_change: ratio.optional(),
    /** Columns whose distinct values of a day let expect its rows: the same times of reading, so many readings. */
    groups: columns.optional(),
  }),
  /** Repeated rows of a delivery, as a share of its rows. */
  duplicates_identical: check({ max_ratio: ratio.optional() }),
  /** Keys of a delivery whose rows contradict each other, as a share of its rows. */
  duplicates_conflicting: check({ max_ratio: ratio.optional() }),
  rows_without_key: check({ max_ratio: ratio.optional() }),
  rejected_records: check({ max_ratio: ratio.optional() }),
  /** Empty cells of a delivery, column by column, against the earlier ones: so much more of all rows at least. */
  null_ratio: check({ min_jump: ratio.optional() }),
  /** Columns that are not those of the contract. */
  schema_drift: check({}),
  /** Days that a delivery is due for and did not come. */
  missed_delivery: check({ look_back_days: z.number().int().min(1).max(366).optional() }),
});

/** Of a column of a source table. */
export const tableColumnQualitySchema = z.strictObject({
  /** Share of a delivery's rows that may have the cell empty, whatever was usual before. */
  max_null_ratio: ratio.optional(),
});

const ruleSchema = z.strictObject({
  ...level,
  name,
  /** A row for which this is true breaks the rule; one for which it is unknown does not. */
  fails_when: expression,
  /** Share of the rows that may break it. */
  max_ratio: ratio.default(0),
});

const reconciliationSchema = z.strictObject({
  ...level,
  name,
  /** An aggregate over this model, such as `count(*)` or `sum(duration_s)`. */
  measure: expression,
  /** The model that it was made from. */
  of: name,
  of_measure: expression,
  of_where: expression.optional(),
  /** Sums of doubles may differ in their last bits: by so much of the whole. */
  tolerance: ratio.default(0),
});

/** Checks of a model. Only those that are declared run. */
export const modelQualitySchema = z.strictObject({
  /** Columns that tell people which row is meant. */
  key: columns,
  /**
   * A date by which rows belong to a day: with it a run checks the rows of the days that were delivered, without it all rows.
   * `_logical_date`: the delivery that the row is from; anything else, such as a production day, is checked from `reach_days` before.
   */
  dated_by: name.optional(),
  reach_days: z.number().int().min(0).max(366).default(0),
  rules: z.array(ruleSchema).default([]),
  reconciliations: z.array(reconciliationSchema).default([]),
});

const bounds = z
  .tuple([z.number().nullable(), z.number().nullable()])
  .refine(([min, max]) => min === null || max === null || min <= max, 'must be [least, most]');

/** Checks of a model's column. */
export const modelColumnQualitySchema = z.strictObject({
  /** `model.column` that has each value. */
  references: z
    .strictObject({
      ...level,
      to: z.string().regex(/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/, "must be 'model.column'"),
    })
    .optional(),
  accepted_values: z.strictObject({ ...level, values: z.array(z.string()).min(1) }).optional(),
  /** Least and most, both allowed; null: no bound. `by`: bounds for each value of another column, such as the unit. */
  range: z
    .union([
      z.strictObject({ ...level, bounds, unit: z.string() }),
      z.strictObject({ ...level, by: name, bounds: z.record(z.string(), bounds) }),
    ])
    .optional(),
  /**
   * Distribution against the days just before: population stability index over deciles, of the groups of `by`. With `each`, each of
   * these things is compared with itself: a machine with that machine. Needs `dated_by: _logical_date`.
   */
  shift: z
    .strictObject({
      ...level,
      by: z.array(name).default([]),
      each: z.array(name).default([]),
      max_psi: z.number().positive().default(0.2),
    })
    .optional(),
  /** Median of the absolute values against the deliveries before, group by group: a factor that only a change of unit explains. */
  scale: z.strictObject({ ...level, by: columns, factor: z.number().gt(1).default(10) }).optional(),
});

export type TableQuality = z.infer<typeof tableQualitySchema>;
export type TableCheck = keyof TableQuality;
export type ModelQuality = z.infer<typeof modelQualitySchema>;
export type ModelColumnQuality = z.infer<typeof modelColumnQualitySchema>;

/** How bad it is that a check does not hold, as it is declared. */
export interface CheckLevel {
  severity: 'error' | 'warn' | 'info';
  gate: boolean;
}

/**
 * What is checked of a source table that says nothing: lost rows are errors, what sources get wrong now and then are warnings.
 */
export const CHECK_DEFAULTS: Record<TableCheck, CheckLevel> = {
  row_count_source_raw: { severity: 'error', gate: false },
  row_count_raw_staging: { severity: 'error', gate: false },
  row_count_history: { severity: 'warn', gate: false },
  duplicates_identical: { severity: 'warn', gate: false },
  duplicates_conflicting: { severity: 'warn', gate: false },
  rows_without_key: { severity: 'warn', gate: false },
  rejected_records: { severity: 'warn', gate: false },
  null_ratio: { severity: 'warn', gate: false },
  schema_drift: { severity: 'warn', gate: false },
  missed_delivery: { severity: 'error', gate: false },
};

/** The level of a check: as declared, else the default. */
export function levelOf(
  declared: { severity?: CheckLevel['severity'] | undefined; gate?: boolean | undefined },
  otherwise: CheckLevel = { severity: 'warn', gate: false },
): CheckLevel {
  return { severity: declared.severity ?? otherwise.severity, gate: declared.gate ?? otherwise.gate };
}
