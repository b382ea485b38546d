import type { DataQualityResult } from '../../contracts/quality';
import type {
  BatchResult,
  CandidateResult,
  CheckedLoads,
  IngestionPlan,
  PublishResult,
  Waiting,
} from '../../contracts/run';
import type { RunStory, Step } from '../runs/run-history';
import { duration, number, plural } from './print';

/** A run's history in words. */

const STEP_WORDS: Record<string, string> = {
  discoverDeliveries: 'look for deliveries',
  wait: 'wait',
  loadPartitions: 'load',
  checkLoad: 'check the load',
  parseTransformInput: 'plan the build',
  buildCandidate: 'build and test with dbt',
  checkGates: 'quality gates',
  publish: 'publish',
  mfgDataQualityMonitoring: 'quality checks',
  mfgRawIngestion: 'days, one run each',
  checkQuality: 'quality checks',
  retain: 'retention',
  currentPublication: 'incidents',
  updateIncidents: 'incidents',
  alertTargets: 'alerts',
  mfgAlert: 'alerts',
  pingDeadMan: 'dead-man ping',
};

/** A part of a run: equal steps that lie one after another, such as the batches of a load. Times in ms since the epoch. */
export interface Phase {
  phase: string;
  startedAt: number;
  endedAt: number | undefined;
  steps: number;
  /** Attempts beyond the first of each step. */
  retries: number;
  outcome: Step['outcome'];
}

/** A run's phases in order. */
export function phasesOf({ steps }: RunStory): Phase[] {
  const phases: Phase[] = [];
  for (const step of steps) {
    const name = STEP_WORDS[step.name] ?? step.name;
    let phase = phases.at(-1);
    if (phase?.phase !== name) {
      phase = {
        phase: name,
        startedAt: step.scheduledAt,
        endedAt: step.endedAt,
        steps: 0,
        retries: 0,
        outcome: 'done',
      };
      phases.push(phase);
    }
    phase.steps++;
    phase.retries += Math.max(0, step.attempts - 1);
    const isOpen = step.endedAt === undefined || phase.endedAt === undefined;
    phase.endedAt = isOpen ? undefined : Math.max(phase.endedAt ?? 0, step.endedAt ?? 0);
    if (BADNESS.indexOf(step.outcome) > BADNESS.indexOf(phase.outcome)) phase.outcome = step.outcome;
  }
  return phases;
}

const BADNESS: Step['outcome'][] = ['done', 'under way', 'cancelled', 'failed'];

/** A line of a run's log. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  at: number;
  text: string;
}

/** What a run did, in the order of time: each step when it ended, with what came of it, and what is under way. */
export function logOf({ steps, events }: RunStory): LogLine[] {
  const lines: LogLine[] = events.map(({ at, text }) => ({ at, text: `the run ${text}` }));
  for (const step of steps) {
    const name = STEP_WORDS[step.name] ?? step.name;
    const what = step.summary ?? name;
    const child = step.workflowId === undefined ? '' : `, run ${step.workflowId}`;
    if (step.endedAt === undefined) {
      const again = step.failure === undefined ? '' : `, tried again after: ${step.failure}`;
      lines.push({ at: step.scheduledAt, text: `${what}${child}: under way${again}` });
      continue;
    }
    const took = duration(step.endedAt - step.scheduledAt);
    const tries = step.attempts > 1 ? `, ${step.attempts} attempts (before: ${step.failure ?? 'no reason given'})` : '';
    const came = step.outcome === 'done' ? resultWords(step) : `${step.outcome}: ${step.failure ?? 'on request'}`;
    lines.push({
      at: step.endedAt,
      text: `${what}${child}: ${[came, took].filter(Boolean).join(', ')}${step.outcome === 'done' ? tries : ''}`,
    });
  }
  return lines.sort((a, b) => a.at - b.at);
}

/** Numbers of the candidates that a run built. */
export function candidatesOf({ steps }: RunStory): number[] {
  return steps.flatMap(({ name, result }) => {
    const publication = name === 'buildCandidate' ? (result as CandidateResult | undefined)?.publication : undefined;
    return publication === undefined ? [] : [publication];
  });
}

function resultWords({ name, result }: Step): string {
  if (result === undefined || result === null) return '';
  switch (name) {
    case 'discoverDeliveries': {
      const found = result as IngestionPlan | Waiting;
      if ('waitingFor' in found) return `waits for ${found.waitingFor.map(({ what }) => what).join(', ')}`;
      return `logical date ${found.logicalDate}, ${plural(found.files, 'file')} in ${plural(found.batches, 'batch')}`;
    }
    case 'loadPartitions': {
      const { tables, rowsLoaded, rowsRejected, failed = [] } = result as BatchResult;
      const bad = failed
        .map(({ table, logicalDate, error }) => `; ${table} of ${logicalDate} failed: ${error}`)
        .join('');
      return `${[...new Set(tables)].join(', ')}: ${plural(rowsLoaded, 'row')}, ${number(rowsRejected)} rejected${bad}`;
    }
    case 'checkLoad': {
      const { partitions, rowsLoaded, rowsRejected } = result as CheckedLoads;
      return `${plural(partitions, 'partition')}, ${plural(rowsLoaded, 'row')}, ${number(rowsRejected)} rejected`;
    }
    case 'buildCandidate': {
      const { publication, status, models, tests, warnings, failures } = result as CandidateResult;
      const failed = failures.map(({ node, message }) => `; ${node}: ${message.split('\n')[0] ?? ''}`).join('');
      return `candidate ${publication} ${status}, ${plural(models, 'model')}, ${plural(tests, 'test')}, ${plural(warnings, 'warning')}${failed}`;
    }
    case 'checkGates': {
      const { failures } = result as { failures: string[] };
      return failures.length === 0 ? 'all hold' : failures.join('; ');
    }
    case 'publish': {
      const { publication, outcome } = result as PublishResult;
      return outcome === 'PUBLISHED' ? `publication ${publication}` : 'another run published first: built again';
    }
    case 'checkQuality':
    case 'mfgDataQualityMonitoring': {
      const { checks, passed, warned, failed } = result as DataQualityResult;
      return `${plural(checks, 'check')}: ${passed} passed, ${warned} warned, ${failed} failed`;
    }
    case 'updateIncidents': {
      const { opened, resolved } = result as { opened: number; resolved: number };
      return `${opened} opened, ${resolved} resolved`;
    }
    default:
      return '';
  }
}
