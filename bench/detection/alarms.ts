import type { CheckOutcome } from '../../contracts/quality';
import type { Expectation, Fault } from './expectation';
import type { Ancestry } from './ancestry';

/** A check that passed on the run before and does not now. */
export interface Alarm {
  check: string;
  table: string;
  severity: CheckOutcome['severity'];
  status: CheckOutcome['status'];
  observed: string;
}

/** What the outcomes of one run say that those of the run before did not. A check that is new is heard when it does not pass. */
export function newAlarms(before: readonly CheckOutcome[], now: readonly CheckOutcome[]): Alarm[] {
  const silent = new Set(before.filter(isHeard).map(identity));
  return now
    .filter((outcome) => isHeard(outcome) && !silent.has(identity(outcome)))
    .map(({ check, table, severity, status, observed }) => ({ check, table, severity, status, observed }));
}

/** What a fault's run came to. */
export interface Verdict {
  isFound: boolean;
  /** By what: a check, or the sentence that refused the delivery. */
  by: string;
  /** Alarms at tables that the fault did not touch and that are not made from one that it did. */
  falseAlarms: Alarm[];
}

/**
 * Judges a fault by the alarms of its run. What the same day without the fault raises as well says nothing of the fault; it is
 * counted there.
 *
 * @param control alarms of the same day without a fault.
 */
export function judgeAlarms(fault: Fault, alarms: readonly Alarm[], control: readonly Alarm[], of: Ancestry): Verdict {
  const known = new Set(control.map(identity));
  const own = alarms.filter((alarm) => !known.has(identity(alarm)));
  const { expected } = fault;
  const hit = expected && own.find((alarm) => meets(expected, alarm, of));
  const isExplained = (alarm: Alarm) => expected !== undefined && of.isTouchedByAny(alarm.table, fault.tables);
  return {
    isFound: hit !== undefined,
    by: hit === undefined ? '' : `${hit.check} ${hit.table}`,
    falseAlarms: own.filter((alarm) => isCalling(alarm) && !isExplained(alarm)),
  };
}

/** A delivery that was refused is found when the sentence names one of the fault's tables; nothing else can be wrong then. */
export function judgeRefusal(fault: Fault, sentence: string): Verdict {
  const isNamed = fault.tables.some((table) => sentence.includes(table));
  const refusal = {
    check: 'refused',
    table: fault.target,
    severity: 'ERROR' as const,
    status: 'FAIL' as const,
    observed: sentence,
  };
  const isRight = fault.expected !== undefined && isNamed;
  return { isFound: isRight, by: isRight ? 'refused' : '', falseAlarms: isRight ? [] : [refusal] };
}

function meets({ checks, tables }: Expectation, alarm: Alarm, of: Ancestry): boolean {
  return checks.test(alarm.check) && of.isMadeFromAny(alarm.table, tables);
}

/** What is told for information calls nobody: it finds a fault, and is no false alarm. */
export function isCalling({ severity }: Pick<Alarm, 'severity'>): boolean {
  return severity !== 'INFO';
}

function isHeard({ status }: CheckOutcome): boolean {
  return status !== 'PASS';
}

function identity({ check, table }: { check: string; table: string }): string {
  return `${check} ${table}`;
}
