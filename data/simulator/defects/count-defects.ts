import type { CountReport, Counters } from '../model';
import type { WorkUnit } from '../plant';
import type { RecordToWrite } from '../table-file';
import type { RowDecisions } from './row-decisions';

/** Share of the reports of a day that a later delivery puts right. */
const CORRECTED_SHARE = 0.3;
const MOST_MOVED = 3;

/** Where a work unit's counter stands for the order that it runs. */
interface CounterState {
  last: CountReport;
  /** What the counter stood at when it started again. */
  base: Counters;
  /** It starts again after the last report, if that can be seen. */
  startsAgain: boolean;
}

const ZERO: Counters = { produced: 0, good: 0, rework: 0, scrap: 0, goodFirstPass: 0 };

/** What goes wrong with count reports over more than one of them. */
export class CountDefects {
  readonly #decisions: RowDecisions;
  readonly #counters = new Map<WorkUnit, CounterState>();
  #corrections: RecordToWrite[] = [];

  constructor(decisions: RowDecisions) {
    this.#decisions = decisions;
  }

  /**
   * The report as the counter shows it: counters of some orders start again from 0 after a report, and count on from
   * there. That is left out where nobody could tell, because the next reading is no smaller than the last one.
   */
  restart(report: CountReport): { shown: CountReport; isReset: boolean } {
    const state = this.#counters.get(report.workUnit);
    const isSameOrder = state?.last.order === report.order;
    let base = isSameOrder ? state.base : ZERO;
    const kind = this.#decisions.kindOf('production_counts', report.number);
    const isReset =
      isSameOrder &&
      state.startsAgain &&
      kind === undefined &&
      report.produced - state.last.produced < state.last.produced - base.produced;
    if (isReset) base = state.last;
    this.#counters.set(report.workUnit, { last: report, base, startsAgain: kind === 'counter_reset' });
    return { shown: { ...report, ...difference(report, base) }, isReset };
  }

  /** A report that calls some good items scrap, for the share of reports that is put right later. */
  wrongSplit(report: CountReport): CountReport | undefined {
    const share = this.#decisions.shareOf(report.number);
    if (share >= CORRECTED_SHARE || this.#decisions.kindOf('production_counts', report.number) !== undefined) {
      return undefined;
    }
    const moved = 1 + Math.floor((share / CORRECTED_SHARE) * MOST_MOVED);
    const good = report.good - moved;
    if (good < 0) return undefined;
    return { ...report, good, scrap: report.scrap + moved, goodFirstPass: Math.min(report.goodFirstPass, good) };
  }

  correctLater(record: RecordToWrite): void {
    this.#corrections.push(record);
  }

  takeCorrections(): RecordToWrite[] {
    const corrections = this.#corrections;
    this.#corrections = [];
    return corrections;
  }
}

function difference(a: Counters, b: Counters): Counters {
  return {
    produced: a.produced - b.produced,
    good: a.good - b.good,
    rework: a.rework - b.rework,
    scrap: a.scrap - b.scrap,
    goodFirstPass: a.goodFirstPass - b.goodFirstPass,
  };
}
