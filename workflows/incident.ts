import { ApplicationFailure, defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  setHandler,
  setWorkflowOptions,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  ActInput,
  CarriedIncident,
  FailingLook,
  Incident,
  IncidentChange,
  IncidentInput,
  IncidentLook,
  IncidentSummary,
  LookAnswer,
  SilenceInput,
} from '../contracts/incidents';
import {
  acknowledge,
  assertAct,
  assertUntil,
  dueAt,
  fallDue,
  observe,
  openedBy,
  pass,
  resolve,
  silence,
  summaryOf,
} from './incident-life';
import { tagOutcome } from './identity';
import { sendAlert } from './send-alert';
import { followsVersions } from './versions';

/** All that is known of the incident. */
export const incidentQuery = defineQuery<Incident>('incident');
/** A run found the check failing. Repeated under the same `runKey` it gives the same answer. */
export const observeUpdate = defineUpdate<LookAnswer, [FailingLook]>('observe');
/** A run found the check passing. */
export const passUpdate = defineUpdate<LookAnswer, [IncidentLook]>('pass');
/** Somebody takes it on. */
export const acknowledgeUpdate = defineUpdate<IncidentSummary, [ActInput]>('acknowledge');
/** Nothing is said of it until a time. */
export const silenceUpdate = defineUpdate<IncidentSummary, [SilenceInput]>('silence');
/** Somebody says that it is over. */
export const resolveUpdate = defineUpdate<IncidentSummary, [ActInput]>('resolve');

const PUBLICATION = defineSearchAttributeKey('MfgPublication', SearchAttributeType.INT);
const REMINDER_DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * One incident, from the first failing look at a check of a table to its resolution, however long that takes.
 *
 * What runs find comes by the updates `observe` and `pass`, and the run tells people; what persons do and what time brings (the end
 * of a silence, a reminder) it tells by itself. A run that fails after the resolution starts a new execution under the same id.
 *
 * @returns the resolved incident, with what it answered to the last looks.
 * @throws ApplicationFailure InvalidInputError when it is started by hand: incidents are opened by runs.
 */
export async function mfgIncident(input?: IncidentInput): Promise<Incident> {
  const carried = takeUp(input);
  const { incident } = carried;
  const remindMs = (input?.reminderDays ?? REMINDER_DAYS) * DAY_MS;
  const outbox: IncidentChange[] = [];
  let hasChanged = true;
  const now = () => new Date(Date.now()).toISOString();
  /** The next reminder counts from the last thing that people were told. */
  const remindLater = () => (carried.remindAt = new Date(Date.now() + remindMs).toISOString());
  const seen = (answer: LookAnswer): LookAnswer => {
    hasChanged = true;
    if (answer.change !== null) remindLater();
    return answer;
  };
  const told = (change: IncidentChange): IncidentSummary => {
    hasChanged = true;
    remindLater();
    outbox.push(change);
    return summaryOf(incident);
  };
  const whileOpen = () => {
    if (incident.state !== 'RESOLVED') return;
    throw new Error('the incident is resolved already: the next failure opens a new one');
  };

  setHandler(incidentQuery, () => incident, { description: 'All that is known of the incident.' });
  setHandler(observeUpdate, (look) => seen(observe(incident, look)), {
    description: 'A run found the check failing: repeats are counted. Runs send it.',
    validator: (look) => {
      whileOpen();
      assertLook(look);
    },
  });
  setHandler(passUpdate, (look) => seen(pass(incident, look)), {
    description: 'A run found the check passing, which resolves the incident. Runs send it.',
    validator: assertLook,
  });
  setHandler(acknowledgeUpdate, (act) => told(acknowledge(incident, act, now())), {
    description: 'Somebody takes it on: {"actor": "…", "reason": "…"}. It ends a silence; reminders go on.',
    validator: (act) => {
      whileOpen();
      assertAct(act);
    },
  });
  setHandler(silenceUpdate, (act) => told(silence(incident, act, now())), {
    description: 'Nothing is said of it until a time: {"actor": "…", "until": "2026-03-11T06:00:00Z"}.',
    validator: (act) => {
      whileOpen();
      assertAct(act);
      assertUntil(act, Date.now());
    },
  });
  setHandler(resolveUpdate, (act) => told(resolve(incident, act, now())), {
    description: 'Somebody says that it is over, and why: {"actor": "…", "reason": "…"}.',
    validator: (act) => {
      whileOpen();
      assertAct(act, true);
    },
  });

  for (;;) {
    if (hasChanged) show(incident);
    hasChanged = false;
    for (let change = outbox.shift(); change !== undefined; change = outbox.shift()) {
      const { firstExecutionRunId } = workflowInfo();
      await sendAlert({
        key: `${firstExecutionRunId}-${++carried.messages}`,
        ...{ at: now(), changes: [change], changeCount: 1, run: null },
      });
    }
    if (hasChanged) continue;
    if (incident.state === 'RESOLVED') break;
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      if (hasChanged) continue;
      await continueAsNew<typeof mfgIncident>({ reminderDays: input?.reminderDays, carried });
    }
    const waitMs = dueAt(carried) - Date.now();
    if (waitMs > 0 && (await condition(() => hasChanged, waitMs))) continue;
    told(fallDue(incident));
  }
  await condition(allHandlersFinished);
  return incident;
}

// An incident may live longer than the version of the code that opened it.
setWorkflowOptions(followsVersions, mfgIncident);

function takeUp(input: IncidentInput | undefined): CarriedIncident {
  if (input?.carried !== undefined) return input.carried;
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const first = input?.first;
  if (first?.outcome === undefined) {
    throw ApplicationFailure.nonRetryable(
      'mfgIncident is started by the run that finds a check failing, not by hand: see `npx mfg incidents`.',
      'InvalidInputError',
    );
  }
  const remindAt = new Date(Date.now() + (input?.reminderDays ?? REMINDER_DAYS) * DAY_MS).toISOString();
  return { incident: openedBy(first, workflowId, firstExecutionRunId), remindAt, messages: 0 };
}

function assertLook(look: IncidentLook | undefined): void {
  const { runKey, at } = (look ?? {}) as { runKey?: unknown; at?: unknown };
  if (typeof runKey === 'string' && typeof at === 'string' && look?.run !== undefined) return;
  throw new Error('this update is sent by runs: use acknowledge, silence or resolve');
}

/** The memo lists the incident without asking its workflow. */
function show(incident: Incident): void {
  upsertMemo({ incident: summaryOf(incident) });
  if (incident.publication !== null) upsertSearchAttributes([{ key: PUBLICATION, value: incident.publication }]);
  tagOutcome(incident.state);
}
