import { type Day, type Moment, SECONDS_PER_DAY, SECONDS_PER_HOUR, formatDay, weekdayOf } from './days';
import type { Zone } from './zones';

/** A shift as the calendar plans it for all units that share it. */
export interface ShiftWindow {
  /** Local day on which it begins, and which of that day's shifts it is, from 1. */
  day: Day;
  number: number;
  startsAt: Moment;
  endsAt: Moment;
}

/** What a shift calendar goes by. */
export interface ShiftPattern {
  zone: Zone;
  /** Second of the local day at which the first shift begins. */
  dayStartsAtS: number;
  shiftsPerDay: number;
  /** MM-DD of the days without shifts. */
  holidays: readonly string[];
}

const SHIFT_WALL_CLOCK_S = 8 * SECONDS_PER_HOUR;
const SUNDAY = 0;

/**
 * The shifts of a group of work units, Monday to Saturday without public holidays, by the site's wall clock: the shift in
 * which daylight saving changes has 7 or 9 hours. Days are planned as they are asked for.
 */
export class ShiftCalendar {
  readonly pattern: ShiftPattern;
  readonly #beginsAt: Moment;
  readonly #windows: ShiftWindow[] = [];
  #nextDay: Day;

  /** @param beginsAt shifts that would begin earlier are left out. */
  constructor(pattern: ShiftPattern, beginsAt: Moment) {
    this.pattern = pattern;
    this.#beginsAt = beginsAt;
    this.#nextDay = pattern.zone.dayOf(beginsAt) - 1;
  }

  /** The shift under way at `moment`, or else the next one. */
  at(moment: Moment): ShiftWindow {
    while ((this.#windows.at(-1)?.endsAt ?? -Infinity) <= moment) this.#planDay();
    let [low, high] = [0, this.#windows.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#windows[middle] as ShiftWindow).endsAt > moment) high = middle;
      else low = middle + 1;
    }
    return this.#windows[low] as ShiftWindow;
  }

  /** The shifts that begin at `from` or later and before `to`. */
  between(from: Moment, to: Moment): ShiftWindow[] {
    const windows: ShiftWindow[] = [];
    for (let window = this.at(from); window.startsAt < to; window = this.at(window.endsAt)) {
      if (window.startsAt >= from) windows.push(window);
    }
    return windows;
  }

  /** The moment that `seconds` of shift time after `moment` end; with 0 the first moment of a shift from there on. */
  add(moment: Moment, seconds: number): Moment {
    let left = seconds;
    for (let window = this.at(moment); ; window = this.at(window.endsAt)) {
      const from = Math.max(moment, window.startsAt);
      if (from + left < window.endsAt || (left > 0 && from + left === window.endsAt)) return from + left;
      left -= window.endsAt - from;
    }
  }

  #planDay(): void {
    const { zone, dayStartsAtS, shiftsPerDay, holidays } = this.pattern;
    const day = this.#nextDay++;
    if (weekdayOf(day) === SUNDAY || holidays.includes(formatDay(day).slice(5))) return;
    const boundary = (index: number) => {
      const second = dayStartsAtS + index * SHIFT_WALL_CLOCK_S;
      return zone.momentOf(day + Math.floor(second / SECONDS_PER_DAY), second % SECONDS_PER_DAY);
    };
    for (let index = 0; index < shiftsPerDay; index++) {
      const startsAt = boundary(index);
      if (startsAt < this.#beginsAt) continue;
      this.#windows.push({ day, number: index + 1, startsAt, endsAt: boundary(index + 1) });
    }
  }
}
