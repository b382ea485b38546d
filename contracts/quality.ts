/** ERROR: data is lost or wrong. WARN: it should be looked at. INFO: it is told, and nobody is called for it. */
export type CheckSeverity = 'ERROR' | 'WARN' | 'INFO';

/**
 * `FAIL`: a check of severity ERROR did not hold. `WARN`: one of a lower severity did not. `ERROR`: the check itself broke, which
 * is never a pass.
 */
export type CheckStatus = 'PASS' | 'WARN' | 'FAIL' | 'ERROR';

/** One check of one table. Runs of version 0.1.0 have no `threshold` and no `sample`. */
export interface CheckOutcome {
  /** Its name; with the table it is the check's identity from run to run. */
  check: string;
  /** A source table by its name, a model by its own, or `(system)` for what concerns a source system as a whole. */
  table: string;
  severity: CheckSeverity;
  status: CheckStatus;
  /** Short values for people; numbers as text. */
  observed: string;
  expected: string;
  /** From where on it does not pass, in words. */
  threshold?: string;
  /** One phrase more, or empty. */
  detail: string;
  /** Keys of the first rows that it concerns, at most 5, each cut to 100 characters. */
  sample?: string[];
}

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

/** Result of `mfgDataQualityMonitoring`. */
export interface DataQualityResult {
  publication: number;
  /** ISO 8601: the time against which freshness was measured. */
  asOf: string;
  checks: number;
  passed: number;
  warned: number;
  /** Failed or broken checks. */
  failed: number;
  /** Everything that did not pass, most severe first; at most 50. */
  findings: CheckOutcome[];
  /** Undefined in runs of version 0.1.0. */
  incidents?: IncidentCounts;
}

/** Incidents that a run opened (or found worse) and resolved. */
export interface IncidentCounts {
  opened: number;
  resolved: number;
}

/** What the gates said of a candidate. */
export interface GateResult {
  checks: number;
  /** One phrase for each gate that did not hold: the candidate is held back then. */
  failures: string[];
}
