import { createHash } from 'node:crypto';
import { z } from 'zod';
import { checkSeveritySchema, checkStatusSchema, type CheckOutcome, type CheckStatus } from './quality';

/** OPEN: somebody should look. ACKNOWLEDGED: somebody does. SILENCED: nothing is said until a time. RESOLVED: it has ended. */
const incidentStateSchema = z.enum(['OPEN', 'ACKNOWLEDGED', 'SILENCED', 'RESOLVED']);

/** What can happen to an incident that people are told of. */
const incidentChangeKindSchema = z.enum([
  'OPENED',
  'WORSENED',
  'RESOLVED',
  'ACKNOWLEDGED',
  'SILENCED',
  'SILENCE_ENDED',
  'REMINDER',
]);

export type IncidentChangeKind = z.infer<typeof incidentChangeKindSchema>;

/** Check of runs that failed; its table is the workflow type, and the source system where one was named. */
export const RUN_FAILED = 'run_failed';
/** Check of candidates that a gate holds back; its table is `publication`. */
export const CANDIDATE_HELD = 'candidate_held';

/** A run, as Temporal knows it. */
export const runReferenceSchema = z.object({
  workflowId: z.string(),
  runId: z.string(),
});

export type RunReference = z.infer<typeof runReferenceSchema>;

/** One look of one run at a check. */
export interface IncidentLook {
  /** Of the run and its attempt: a look that is repeated under the same key gets the same answer. */
  runKey: string;
  run: RunReference;
  /** Publication that was looked at; null when the check is not of a publication. */
  publication: number | null;
  /** ISO 8601: when the check was made. Of two looks the later one counts. */
  at: string;
}

/** A look that found the check failing. */
export interface FailingLook extends IncidentLook {
  outcome: CheckOutcome & { status: Exclude<CheckStatus, 'PASS'> };
}

/** Every status but PASS. */
const failingStatusSchema = checkStatusSchema.exclude(['PASS']);

/** What is known of an incident, in short: the memo of its workflow, and what a message tells. */
export const incidentSummarySchema = z.object({
  /** Workflow id, the same for every incident of this check and table. */
  id: z.string(),
  /** Run id of its workflow's first execution: with `id` it names this incident and no other. */
  firstRunId: z.string(),
  check: z.string(),
  table: z.string(),
  severity: checkSeveritySchema,
  /** As the last run found it. */
  status: failingStatusSchema,
  /** The worst of its life. */
  worst: failingStatusSchema,
  state: incidentStateSchema,
  /** ISO 8601, while it is SILENCED. */
  silencedUntil: z.string().nullable(),
  /** ISO 8601: the first failing look, and the last one. */
  since: z.string(),
  lastSeenAt: z.string(),
  failingRuns: z.int(),
  publication: z.int().nullable(),
  observed: z.string(),
  expected: z.string(),
  threshold: z.string(),
  detail: z.string(),
  sample: z.array(z.string()),
  /** The run that saw it last. */
  run: runReferenceSchema,
});

export type IncidentSummary = z.infer<typeof incidentSummarySchema>;

/** What somebody did to an incident, and why. */
export const incidentActSchema = z.object({
  /** ISO 8601. */
  at: z.string(),
  act: z.enum(['ACKNOWLEDGED', 'SILENCED', 'RESOLVED']),
  actor: z.string(),
  reason: z.string().nullable(),
  /** ISO 8601, of a silence. */
  until: z.string().nullable(),
});

export type IncidentAct = z.infer<typeof incidentActSchema>;

/** What a look came to. */
export const answeredLookSchema = z.object({
  runKey: z.string(),
  run: runReferenceSchema,
  at: z.string(),
  /** PASS included. */
  status: checkStatusSchema,
  change: incidentChangeKindSchema.nullable(),
  /** The change happened while it was silenced: nobody is told. */
  isSilent: z.boolean(),
});

export type AnsweredLook = z.infer<typeof answeredLookSchema>;

/** All that is known of an incident: answer of the query `incident`, and the result of a resolved one. */
export const incidentSchema = z.object({
  ...incidentSummarySchema.shape,
  /** The last 20, oldest first. */
  acts: z.array(incidentActSchema),
  /** The last 20 looks, oldest first. */
  looks: z.array(answeredLookSchema),
  /** Who or what ended it; `at` of a pass is the time of the passing look. */
  resolved: z.object({ by: z.enum(['PASS', 'PERSON']), at: z.string(), publication: z.int().nullable() }).nullable(),
});

export type Incident = z.infer<typeof incidentSchema>;

/** A change of state that people are told of. */
export interface IncidentChange {
  kind: IncidentChangeKind;
  /** As it is after the change. */
  incident: IncidentSummary;
  /** Of a person's act. */
  actor: string | null;
  reason: string | null;
}

/** Answer of the updates `observe` and `pass`. */
export interface LookAnswer {
  /** Null: nothing has changed. */
  change: IncidentChange | null;
  isSilent: boolean;
}

/** Input of the updates `acknowledge` and `resolve`; the latter wants a reason. */
export const actInputSchema = z.object({
  actor: z.string().min(1).max(100),
  reason: z.string().max(500).optional(),
});

export type ActInput = z.infer<typeof actInputSchema>;

/** Input of the update `silence`. */
export const silenceInputSchema = z.object({
  ...actInputSchema.shape,
  /** ISO 8601, in the future. */
  until: z.string(),
});

export type SilenceInput = z.infer<typeof silenceInputSchema>;

/** Input of `mfgIncident`: started by the first failing look. */
export interface IncidentInput {
  first?: FailingLook;
  /** Days between two reminders of an incident that is still open; default 7. */
  reminderDays?: number;
  /** Handed over by continue-as-new only. */
  carried?: CarriedIncident;
}

/** What an incident hands to its next execution. */
export interface CarriedIncident {
  incident: Incident;
  /** ISO 8601. */
  remindAt: string;
  /** Messages that it has sent by itself. */
  messages: number;
}

/** A kind of receiver. */
export type AlertTarget = 'slack' | 'webhook' | 'file';

/** One message to people, the same to every target. */
export interface AlertMessage {
  /** Stable over retries: receivers know by it what they have already. Letters, digits and '-'. */
  key: string;
  /** ISO 8601: when it was made. */
  at: string;
  /** At most 50, the first of `changeCount`. */
  changes: IncidentChange[];
  changeCount: number;
  /** The run that caused it; null when a person or time did. */
  run: (RunReference & { workflowType: string }) | null;
}

/** Input of `mfgAlert`. */
export interface AlertInput {
  target: AlertTarget;
  message: AlertMessage;
}

/** Result of `mfgAlert`. */
export interface AlertResult {
  target: AlertTarget;
  key: string;
  /** False: the receiver had it already. */
  isNew: boolean;
}

/** How a run failed. */
export interface RunFailure {
  /** Type of the failure, such as HeaderMismatchError. */
  type: string;
  message: string;
  /** The candidate that a gate holds back, when that is what it failed with. */
  candidate: number | null;
}

const LONGEST_NAME = 100;

/**
 * Workflow id of the incidents of a check and table. Whatever stands in the names, it is safe in a shell and an address; names that
 * had to be changed for that get a hash of the original, so that no two subjects share an id.
 */
export function incidentId(check: string, table: string): string {
  const safe = [check, table].map((name) => name.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, LONGEST_NAME));
  const id = `mfg-incident-${safe.join('-')}`;
  if (safe[0] === check && safe[1] === table) return id;
  return `${id}-${createHash('sha256')
    .update(JSON.stringify([check, table]))
    .digest('hex')
    .slice(0, 8)}`;
}
