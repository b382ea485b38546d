import { z } from 'zod';

/** ERROR: data is lost or wrong. WARN: it should be looked at. INFO: it is told, and nobody is called for it. */
export const checkSeveritySchema = z.enum(['ERROR', 'WARN', 'INFO']);

/**
 * `FAIL`: a check of severity ERROR did not hold. `WARN`: one of a lower severity did not. `ERROR`: the check itself broke, which
 * is never a pass.
 */
export const checkStatusSchema = z.enum(['PASS', 'WARN', 'FAIL', 'ERROR']);

export type CheckStatus = z.infer<typeof checkStatusSchema>;

/** One check of one table. Runs of version 0.1.0 have no `threshold` and no `sample`. */
export const checkOutcomeSchema = z.object({
  /** Its name; with the table it is the check's identity from run to run. */
  check: z.string(),
  /** A source table by its name, a model by its own, or `(system)` for what concerns a source system as a whole. */
  table: z.string(),
  severity: checkSeveritySchema,
  status: checkStatusSchema,
  /** Short values for people; numbers as text. */
  observed: z.string(),
  expected: z.string(),
  /** From where on it does not pass, in words. */
  threshold: z.string().optional(),
  /** One phrase more, or empty. */
  detail: z.string(),
  /** Keys of the first rows that it concerns, at most 5, each cut to 100 characters. */
  sample: z.array(z.string()).optional(),
});

export type CheckOutcome = z.infer<typeof checkOutcomeSchema>;

/** A check's outcome as RAW.DATA_QUALITY_AUDIT keeps it, besides the run's identity. */
export interface QualityRecord extends CheckOutcome {
  publication: number;
  /** Zero-based place of the check in the run: with the run's id the row's key, so that retries do not double rows. */
  ordinal: number;
  /** Declared as a gate: on a candidate it decides whether that is published. */
  isGate: boolean;
  /** Numbers and names behind the outcome, as JSON. */
  details: Record<string, unknown>;
  /** Hash of the check's declaration and of the code's own version of it: outcomes of one version can be compared. */
  ruleVersion: string;
  codeVersion: string;
  /** ISO 8601. */
  startedAt: string;
}

/** Incidents that a run opened (or found worse) and resolved. */
export const incidentCountsSchema = z.object({
  opened: z.int().min(0),
  resolved: z.int().min(0),
});

export type IncidentCounts = z.infer<typeof incidentCountsSchema>;

/** Result of `mfgDataQualityMonitoring`. */
export const dataQualityResultSchema = z.object({
  publication: z.int(),
  /** ISO 8601: the time against which freshness was measured. */
  asOf: z.string(),
  checks: z.int().min(0),
  passed: z.int().min(0),
  warned: z.int().min(0),
  /** Failed or broken checks. */
  failed: z.int().min(0),
  /** Everything that did not pass, most severe first; at most 50. */
  findings: z.array(checkOutcomeSchema),
  /** Undefined in runs of version 0.1.0. */
  incidents: incidentCountsSchema.optional(),
});

export type DataQualityResult = z.infer<typeof dataQualityResultSchema>;

/** What the gates said of a candidate. */
export interface GateResult {
  checks: number;
  /** One phrase for each gate that did not hold: the candidate is held back then. */
  failures: string[];
}
