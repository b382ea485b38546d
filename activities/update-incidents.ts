import { Context, log } from '@temporalio/activity';
import { CANDIDATE_HELD, RUN_FAILED, type IncidentChange, type RunFailure } from '../contracts/incidents';
import type { IncidentCounts } from '../contracts/quality';
import type { RunIdentity } from '../contracts/run';
import { tellIncidents } from '../incidents/incident-book';
import { looksOf, type Looks, type TimedOutcome } from '../incidents/looks';
import type { Warehouse } from '../warehouse/warehouse';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

/** What a run has to say about incidents. */
export interface UpdateIncidentsInput {
  run: RunIdentity;
  /** Of the run and its attempt: under the same key everything is told once. */
  runKey: string;
  /** ISO 8601: the workflow's time. */
  at: string;
  /** Publication whose checks this run has recorded, if it is the one that readers see. */
  checked?: number | undefined;
  /** The publication that readers see, when the run ended well: a held candidate before it is past. */
  head?: number | undefined;
  /** How the run itself failed, and what it is: its workflow type, with the source system where one was named. */
  failure?: RunFailure & { of: string };
  /** What has ended well with this run, in the same words. */
  endedWell: string[];
}

/** What has changed. */
export interface UpdateIncidentsResult extends IncidentCounts {
  /** Of which people are to be told; at most 50, the worst first. */
  changes: IncidentChange[];
  changeCount: number;
}

const MAX_CHANGES = 50;
/** From this attempt on the run goes on without the incidents that do not answer. */
const PATIENT_ATTEMPTS = 3;

export function createUpdateIncidents({ warehouse }: ActivityDependencies) {
  /** Tells incidents what a run has found: opens those of failing checks, resolves those of passing ones. */
  return async function updateIncidents(input: UpdateIncidentsInput): Promise<UpdateIncidentsResult> {
    return withHeartbeat(async (report, signal) => {
      const { client, info } = Context.current();
      const looks = [await ofChecks(warehouse, input), ofRun(input)];
      const all = { failing: looks.flatMap((l) => l.failing), passing: looks.flatMap((l) => l.passing) };
      const onLook = (at: string, done: number, of: number) => report({ at, done, of });
      const { changes, opened, resolved, untold } = await tellIncidents(client, all, input.at, onLook, signal);
      const [first] = untold;
      if (first !== undefined && info.attempt < PATIENT_ATTEMPTS) throw new Error(`${first.id}: ${first.reason}`);
      // An incident that cannot be reached does not keep the run from ending: the next run tells it again.
      for (const { id, reason } of untold) log.warn('an incident could not be told', { id, reason });
      return { opened, resolved, changes: changes.slice(0, MAX_CHANGES), changeCount: changes.length };
    });
  };
}

/** What the run's checks found. */
async function ofChecks(warehouse: Warehouse, { run, runKey, checked }: UpdateIncidentsInput): Promise<Looks> {
  if (checked === undefined) return { failing: [], passing: [] };
  return looksOf(await warehouse.savedQuality(run), { runKey, run: referenceTo(run), publication: checked });
}

/** What the run itself shows: that runs of its kind fail or do not, that a candidate is held or that readers are past it. */
function ofRun({ run, runKey, at, failure, endedWell, head }: UpdateIncidentsInput): Looks {
  const origin = { runKey, run: referenceTo(run) };
  const failed: TimedOutcome[] = failure === undefined ? [] : [failedOutcome(failure, at)];
  const passed = endedWell.map((of) => ({ check: RUN_FAILED, table: of, at, publication: null }));
  const shown = head === undefined ? [] : [{ ...HELD, at, publication: head }];
  return {
    failing: looksOf(failed, { ...origin, publication: failure?.candidate ?? null }).failing,
    passing: [...passed, ...shown].map((subject) => ({ ...origin, ...subject })),
  };
}

const HELD = { check: CANDIDATE_HELD, table: 'publication' };

/** A run that a gate ended is told of as the candidate that waits for somebody: once, not twice. */
function failedOutcome({ of, type, message, candidate }: RunFailure & { of: string }, at: string): TimedOutcome {
  const common = { severity: 'ERROR', status: 'FAIL', detail: message, startedAt: at } as const;
  if (candidate === null)
    return { check: RUN_FAILED, table: of, observed: type, expected: 'runs that end well', ...common };
  return { ...HELD, observed: `candidate ${candidate} is held back`, expected: 'a publication', ...common };
}

function referenceTo({ workflowId, runId }: RunIdentity) {
  return { workflowId, runId };
}
