import type { Table } from '../../data/simulator/columns';
import type { Injection } from './delivery';
import type { Fault } from './expectation';

/** A fault that is put into one day's delivery. */
export interface InjectedFault extends Fault {
  inject: Injection;
  /** When the checks look. Default: at the end of the faulty day. */
  asOf?: 'a day later' | 'four days later';
  /** The day after the faulty one is delivered too, sound, and loaded by the same run; the checks look at its end. */
  with?: 'the day after';
}

/** A fault of one table, to be heard of at that table. @param target when it is narrower than the table: `table.column`. */
export function faultAt(
  kind: string,
  table: Table,
  checks: RegExp | undefined,
  inject: Injection,
  target: string = table,
): InjectedFault {
  return faultOf(kind, target, [table], checks, inject);
}

/** A fault of some tables, to be heard of at one of them. Without checks nothing is wrong, and nothing may be heard. */
export function faultOf(
  kind: string,
  target: string,
  tables: readonly Table[],
  checks: RegExp | undefined,
  inject: Injection,
): InjectedFault {
  const expected = checks === undefined ? undefined : { checks, tables };
  return { kind, target, tables, expected, inject };
}

/** A name that can be a folder's, and that no other fault has. */
export function nameOf({ kind, target }: Fault): string {
  return `${kind} ${target}`.replace(/[^\w.]+/g, '-');
}
