import type { ShiftWindow } from './calendar';
import { type Day, SECONDS_PER_DAY, formatDay } from './days';
import type { Counters, StateInterval, StateName } from './model';
import type { WorkUnit } from './plant';

/** Break of each shift, outside its planned busy time. */
export const BREAK_S = 1800;

/** What happened on a work unit in one shift: ISO 22400's time elements in seconds, quantities in items. */
export class ShiftAccount {
  readonly workUnit: WorkUnit;
  readonly window: ShiftWindow;
  actualProductionTimeS = 0;
  actualUnitSetupTimeS = 0;
  /** Blocked, starved and unplanned down. */
  actualUnitDelayTimeS = 0;
  readonly counted: Counters = { produced: 0, good: 0, rework: 0, scrap: 0, goodFirstPass: 0 };
  /** Standard time of what was produced. */
  plannedRunTimeS = 0;
  /** Seconds in this shift of each unplanned stop. */
  readonly stops = new Map<StateInterval, number>();

  constructor(workUnit: WorkUnit, window: ShiftWindow) {
    this.workUnit = workUnit;
    this.window = window;
  }

  spend(interval: StateInterval, seconds: number): void {
    const { state } = interval;
    if (state === 'producing') this.actualProductionTimeS += seconds;
    if (state === 'setup') this.actualUnitSetupTimeS += seconds;
    if (isDelay(state)) this.actualUnitDelayTimeS += seconds;
    if (state === 'unplanned_down') this.stops.set(interval, (this.stops.get(interval) ?? 0) + seconds);
  }

  count(added: Counters, standardTimeS: number): void {
    for (const counter of Object.keys(added) as (keyof Counters)[]) this.counted[counter] += added[counter];
    this.plannedRunTimeS += added.produced * standardTimeS;
  }

  /** Local day of the shift's start less the time at which the site's production day begins. */
  productionDate(): string {
    return formatDay(productionDay(this.workUnit.calendar.pattern, this.window));
  }
}

/** The same for each time a shift is exported. */
export function shiftId({ equipmentId }: WorkUnit, { day, number }: ShiftWindow): string {
  return `${equipmentId}-${formatDay(day).replaceAll('-', '')}-${number}`;
}

export function plannedBusyTimeS({ startsAt, endsAt }: ShiftWindow): number {
  return endsAt - startsAt - BREAK_S;
}

function productionDay({ zone, dayStartsAtS }: WorkUnit['calendar']['pattern'], { startsAt }: ShiftWindow): Day {
  return Math.floor((startsAt + zone.offsetAt(startsAt) - dayStartsAtS) / SECONDS_PER_DAY);
}

function isDelay(state: StateName): boolean {
  return state === 'blocked' || state === 'starved' || state === 'unplanned_down';
}
