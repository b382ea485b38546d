import type {
  ActInput,
  AnsweredLook,
  CarriedIncident,
  FailingLook,
  Incident,
  IncidentAct,
  IncidentChange,
  IncidentChangeKind,
  IncidentLook,
  IncidentSummary,
  LookAnswer,
  SilenceInput,
} from '../contracts/incidents';
import type { CheckStatus } from '../contracts/quality';

/** The rules of an incident's life, without Temporal: each function changes the incident and says what people are told. */

/** Looks and acts that an incident remembers: a history that continues as new carries them. */
const REMEMBERED = 20;
const NO_ANSWER: LookAnswer = { change: null, isSilent: false };
/** A check that broke is as bad as one that failed. */
const BADNESS: Record<CheckStatus, number> = { PASS: 0, WARN: 1, FAIL: 2, ERROR: 2 };

/** An incident begins: its first failing look is its first answer. */
export function openedBy(look: FailingLook, id: string, firstRunId: string): Incident {
  const incident: Incident = {
    ...{ id, firstRunId, check: look.outcome.check, table: look.outcome.table },
    ...{ state: 'OPEN', silencedUntil: null, worst: look.outcome.status },
    ...{ since: look.at, failingRuns: 1, acts: [], looks: [], resolved: null },
    ...lastSeen(look),
  };
  remember(incident, look, look.outcome.status, { change: change('OPENED', incident), isSilent: false });
  return incident;
}

/** Another failing look. It says something when the check has become worse than ever since it was opened. */
export function observe(incident: Incident, look: FailingLook): LookAnswer {
  const earlier = answered(incident, look.runKey);
  if (earlier !== undefined) return earlier;
  const { status } = look.outcome;
  incident.failingRuns++;
  if (look.at >= incident.lastSeenAt) Object.assign(incident, lastSeen(look));
  let answer = NO_ANSWER;
  if (BADNESS[status] > BADNESS[incident.worst]) {
    incident.worst = status;
    const isSilent = incident.state === 'SILENCED';
    // Whoever took it on took on the lesser: it is open again.
    if (incident.state === 'ACKNOWLEDGED') incident.state = 'OPEN';
    answer = { change: change('WORSENED', incident), isSilent };
  }
  return remember(incident, look, status, answer);
}

/** A passing look resolves it, unless a later one has failed or it looked at an earlier publication. */
export function pass(incident: Incident, look: IncidentLook): LookAnswer {
  const earlier = answered(incident, look.runKey);
  if (earlier !== undefined) return earlier;
  const isOlder =
    look.at < incident.lastSeenAt ||
    (look.publication !== null && incident.publication !== null && look.publication < incident.publication);
  if (isOlder || incident.state === 'RESOLVED') return remember(incident, look, 'PASS', NO_ANSWER);
  const isSilent = incident.state === 'SILENCED';
  end(incident, { by: 'PASS', at: look.at, publication: look.publication });
  return remember(incident, look, 'PASS', { change: change('RESOLVED', incident), isSilent });
}

/** Somebody takes it on. It ends a silence. */
export function acknowledge(incident: Incident, { actor, reason = null }: Act, at: string): IncidentChange {
  Object.assign(incident, { state: 'ACKNOWLEDGED', silencedUntil: null });
  return acted(incident, { at, act: 'ACKNOWLEDGED', actor, reason, until: null });
}

/** Nothing is said of it until a time; it goes on counting. */
export function silence(incident: Incident, { actor, reason = null, until }: Silence, at: string): IncidentChange {
  Object.assign(incident, { state: 'SILENCED', silencedUntil: until });
  return acted(incident, { at, act: 'SILENCED', actor, reason, until });
}

/** Somebody says that it is over: it is not opened again for the publication that it was seen on. */
export function resolve(incident: Incident, { actor, reason = null }: Act, at: string): IncidentChange {
  end(incident, { by: 'PERSON', at, publication: incident.publication });
  return acted(incident, { at, act: 'RESOLVED', actor, reason, until: null });
}

/** When time itself has something to say, in milliseconds since the epoch. */
export function dueAt({ incident, remindAt }: CarriedIncident): number {
  return Date.parse(incident.state === 'SILENCED' ? (incident.silencedUntil ?? remindAt) : remindAt);
}

/** What time says once `dueAt` has come: the silence has ended and it still fails, or it is open for long. */
export function fallDue(incident: Incident): IncidentChange {
  if (incident.state !== 'SILENCED') return change('REMINDER', incident);
  Object.assign(incident, { state: 'OPEN', silencedUntil: null });
  return change('SILENCE_ENDED', incident);
}

/** What the incident's memo and a message hold. */
export function summaryOf({ acts: _, looks: __, resolved: ___, ...summary }: Incident): IncidentSummary {
  return { ...summary };
}

type Act = { actor: string; reason?: string | null };
type Silence = Act & Pick<SilenceInput, 'until'>;

function lastSeen({ outcome, ...look }: FailingLook) {
  const { severity, status, observed, expected, threshold = '', detail, sample = [] } = outcome;
  const { publication, run, at: lastSeenAt } = look;
  return { severity, status, observed, expected, threshold, detail, sample, publication, run, lastSeenAt };
}

function end(incident: Incident, resolved: NonNullable<Incident['resolved']>): void {
  Object.assign(incident, { state: 'RESOLVED', silencedUntil: null, resolved });
}

function acted(incident: Incident, act: IncidentAct): IncidentChange {
  incident.acts = [...incident.acts, act].slice(-REMEMBERED);
  return { ...change(act.act, incident), actor: act.actor, reason: act.reason };
}

function change(kind: IncidentChangeKind, incident: Incident): IncidentChange {
  return { kind, incident: summaryOf(incident), actor: null, reason: null };
}

function remember(incident: Incident, look: IncidentLook, status: CheckStatus, answer: LookAnswer): LookAnswer {
  const { runKey, run, at } = look;
  const answeredLook = { runKey, run, at, status, change: answer.change?.kind ?? null, isSilent: answer.isSilent };
  incident.looks = [...incident.looks, answeredLook].slice(-REMEMBERED);
  return answer;
}

/** The answer that this look has had: its activity is tried again. */
function answered(incident: Incident, runKey: string): LookAnswer | undefined {
  const look: AnsweredLook | undefined = incident.looks.find((known) => known.runKey === runKey);
  if (look === undefined) return undefined;
  return { change: look.change === null ? null : change(look.change, incident), isSilent: look.isSilent };
}

/** @throws Error with one sentence, when what came with an update is not what it must be. */
export function assertAct(input: ActInput | undefined, needsReason = false): void {
  const { actor, reason } = (input ?? {}) as { actor?: unknown; reason?: unknown };
  if (typeof actor !== 'string' || actor.trim() === '' || actor.length > 100)
    throw new Error('actor must be the name of whoever does this, of at most 100 characters');
  if (reason !== undefined && reason !== null && (typeof reason !== 'string' || reason.length > 500))
    throw new Error('reason must be a text of at most 500 characters');
  if (needsReason && (typeof reason !== 'string' || reason.trim() === ''))
    throw new Error('reason must say why it is resolved: a run that still fails does not open it again');
}

const LONGEST_SILENCE_DAYS = 366;
const DAY_MS = 24 * 60 * 60 * 1000;

/** @throws Error with one sentence, when `until` is no time in the next year. */
export function assertUntil(input: SilenceInput | undefined, now: number): void {
  const until: unknown = input?.until;
  const at = typeof until === 'string' && /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(until) ? Date.parse(until) : NaN;
  if (Number.isNaN(at)) throw new Error('until must be a time such as 2026-03-11T06:00:00Z');
  if (at <= now) throw new Error(`until must be in the future, and ${String(until)} is not`);
  if (at > now + LONGEST_SILENCE_DAYS * DAY_MS)
    throw new Error(`until must be within ${LONGEST_SILENCE_DAYS} days: resolve the incident instead`);
}
