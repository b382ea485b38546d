import type { Moment } from './days';
import type { Order, StateInterval, StateName } from './model';
import type { WorkUnit } from './plant';

/** The states of a work unit one after another: without gaps, none of zero seconds, neighbours always different. */
export class StateTimeline {
  readonly #workUnit: WorkUnit;
  current: StateInterval;
  /** Intervals that ended since they were last taken. */
  #ended: StateInterval[] = [];

  constructor(workUnit: WorkUnit, beginsAt: Moment) {
    this.#workUnit = workUnit;
    this.current = this.#begin(beginsAt, 'idle', undefined, '');
  }

  /** From `at` on the unit is in `state`. */
  change(at: Moment, state: StateName, order: Order | undefined, reason: string): void {
    if (isOf(this.current, state, order, reason)) return;
    if (this.current.startedAt < at) {
      this.current.endedAt = at;
      this.#ended.push(this.current);
    }
    const last = this.#ended.at(-1);
    if (last?.endedAt === at && isOf(last, state, order, reason)) {
      last.endedAt = undefined;
      this.current = this.#ended.pop() as StateInterval;
    } else {
      this.current = this.#begin(at, state, order, reason);
    }
  }

  /** The intervals that ended or began since the last call, the current one last if it is new. */
  takeChanged(): StateInterval[] {
    const changed = this.#ended;
    this.#ended = [];
    return this.current.number === undefined ? [...changed, this.current] : changed;
  }

  #begin(startedAt: Moment, state: StateName, order: Order | undefined, reason: string): StateInterval {
    const [number, endedAt] = [undefined, undefined];
    return { number, workUnit: this.#workUnit, order, state, reason, startedAt, endedAt, isCounted: false };
  }
}

function isOf(interval: StateInterval, state: StateName, order: Order | undefined, reason: string): boolean {
  return interval.state === state && interval.order === order && interval.reason === reason;
}
