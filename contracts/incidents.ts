import { createHash } from 'node:crypto';
import type { CheckOutcome, CheckSeverity, CheckStatus } from './quality';

/** OPEN: somebody should look. ACKNOWLEDGED: somebody does. SILENCED: nothing is said until a time. RESOLVED: it has ended. */
export type IncidentState = 'OPEN' | 'ACKNOWLEDGED' | 'SILENCED' | 'RESOLVED';

/** What can happen to an incident that people are told of. */
export type IncidentChangeKind =
  'OPENED' | 'WORSENED' | 'RESOLVED' | 'ACKNOWLEDGED' | 'SILENCED' | 'SILENCE_ENDED' | 'REMINDER';

/** Check of runs that failed; its table is the workflow type, and the source system where one was named. */
export const RUN_FAILED = 'run_failed';
/** Check of candidates that a gate holds back; its table is `publication`. */
export const CANDIDATE_HELD = 'candidate_held';

/** A run, as Temporal knows it. */
export interface RunReference {
  workflowId: string;
  runId: string;
}

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

/** What is known of an incident, in short: the memo of its workflow, and what a message tells. */
export interface IncidentSummary {
  /** Workflow id, the same for every incident of this check and table. */
  id: string;
  /** Run id of its workflow's first execution: with `id` it names this incident and no other. */
  firstRunId: string;
  check: string;
  table: string;
  severity: CheckSeverity;
  /** As the last run found it. */
  status: Exclude<CheckStatus, 'PASS'>;
  /** The worst of its life. */
  worst: Exclude<CheckStatus, 'PASS'>;
  state: IncidentState;
  /** ISO 8601, while it is SILENCED. */
  silencedUntil: string | null;
  /** ISO 8601: the first failing look, and the last one. */
  since: string;
  lastSeenAt: string;
  failingRuns: number;
  publication: number | null;
  observed: string;
  expected: string;
  threshold: string;
  detail: string;
  sample: string[];
  /** The run that saw it last. */
  run: RunReference;
}

/** What somebody did to an incident, and why. */
export interface IncidentAct {
  /** ISO 8601. */
  at: string;
  act: 'ACKNOWLEDGED' | 'SILENCED' | 'RESOLVED';
  actor: string;
  reason: string | null;
  /** ISO 8601, of a silence. */
  until: string | null;
}

/** What a look came to. */
export interface AnsweredLook {
  runKey: string;
  run: RunReference;
  at: string;
  /** PASS included. */
  status: CheckStatus;
  change: IncidentChangeKind | null;
  /** The change happened while it was silenced: nobody is told. */
  isSilent: boolean;
}

/** All that is known of an incident: answer of the query `incident`, and the result of a resolved one. */
export interface Incident extends IncidentSummary {
  /** The last 20, oldest first. */
  acts: IncidentAct[];
  /** The last 20 looks, oldest first. */
  looks: AnsweredLook[];
  /** Who or what ended it; `at` of a pass is the time of the passing look. */
  resolved: { by: 'PASS' | 'PERSON'; at: string; publication: number | null } | null;
}

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

/** Input of the updates `acknowledge` and `resolve`. */
export interface ActInput {
  actor: string;
  reason?: string | undefined;
}

/** Input of the update `silence`. `until`: ISO 8601, in the future. */
export interface SilenceInput extends ActInput {
  until: string;
}

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
