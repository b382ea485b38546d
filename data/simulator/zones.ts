import { DateTime } from 'luxon';
import { type Day, type Moment, SECONDS_PER_DAY, SECONDS_PER_HOUR, formatDay } from './days';

/** An offset that holds from a moment on until the next one. */
interface Period {
  from: Moment;
  offsetS: number;
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));
/** 'HH:MM:' by minute of the day. */
const MINUTES = Array.from({ length: 1440 }, (_, n) => `${TWO_DIGITS[Math.floor(n / 60)]}:${TWO_DIGITS[n % 60]}:`);
const SEARCH_STEP_S = 7 * SECONDS_PER_DAY;

/**
 * A time zone's wall clock, fast: the changes of its offset between two days are looked up once, the rest is arithmetic.
 */
export class Zone {
  readonly #periods: Period[];
  #period: Period & { until: Moment };
  #day: Day = NaN;
  #dayText = '';

  /** @param name IANA name. Moments before `firstDay` and after `lastDay` have the offset of those days. */
  constructor(name: string, firstDay: Day, lastDay: Day) {
    this.#periods = periodsOf(name, firstDay * SECONDS_PER_DAY, lastDay * SECONDS_PER_DAY);
    this.#period = { from: NaN, until: NaN, offsetS: 0 };
  }

  /** Seconds by which the wall clock is ahead of UTC. */
  offsetAt(moment: Moment): number {
    if (!(moment >= this.#period.from && moment < this.#period.until)) this.#period = this.#find(moment);
    return this.#period.offsetS;
  }

  /** The moment at which the wall clock shows `secondOfDay` on `day`; the earlier one if it does so twice. */
  momentOf(day: Day, secondOfDay: number): Moment {
    const wall = day * SECONDS_PER_DAY + secondOfDay;
    const before = this.offsetAt(wall - SECONDS_PER_DAY);
    const moment = wall - before;
    return this.offsetAt(moment) === before ? moment : wall - this.offsetAt(moment);
  }

  /** The calendar day of a moment. */
  dayOf(moment: Moment): Day {
    return Math.floor((moment + this.offsetAt(moment)) / SECONDS_PER_DAY);
  }

  /** Whether the wall clock shows the moment's time a second time, before or after it, as daylight saving ends. */
  isAmbiguous(moment: Moment): boolean {
    const offset = this.offsetAt(moment);
    const earlier = this.offsetAt(moment - SECONDS_PER_DAY);
    const later = this.offsetAt(moment + SECONDS_PER_DAY);
    if (earlier <= later) return false;
    const twin = offset === earlier ? moment + earlier - later : moment - earlier + later;
    return this.offsetAt(twin) !== offset;
  }

  /** YYYY-MM-DD HH:MM:SS */
  format(moment: Moment): string {
    const wall = moment + this.offsetAt(moment);
    const day = Math.floor(wall / SECONDS_PER_DAY);
    if (day !== this.#day) {
      this.#day = day;
      this.#dayText = `${formatDay(day)} `;
    }
    const second = wall - day * SECONDS_PER_DAY;
    const minute = Math.floor(second / 60);
    return this.#dayText + (MINUTES[minute] as string) + (TWO_DIGITS[second - minute * 60] as string);
  }

  /** YYYY-MM-DD HH:MM:SS+HH:MM */
  formatWithOffset(moment: Moment): string {
    const offset = this.offsetAt(moment);
    return this.format(moment) + offsetText(offset);
  }

  #find(moment: Moment): Period & { until: Moment } {
    let index = this.#periods.length - 1;
    while (index > 0 && (this.#periods[index] as Period).from > moment) index--;
    const { from, offsetS } = this.#periods[index] as Period;
    const until = this.#periods[index + 1]?.from ?? Infinity;
    return { from: index === 0 ? -Infinity : from, until, offsetS };
  }
}

function periodsOf(name: string, from: Moment, to: Moment): Period[] {
  const offsetAt = (moment: Moment) => DateTime.fromSeconds(moment, { zone: name }).offset * 60;
  const periods: Period[] = [{ from, offsetS: offsetAt(from) }];
  for (let moment = from; moment < to; moment += SEARCH_STEP_S) {
    let [before, after] = [moment, moment + SEARCH_STEP_S];
    const offsetS = offsetAt(after);
    if (offsetS === offsetAt(before)) continue;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetAt(middle) === offsetS) after = middle;
      else before = middle;
    }
    periods.push({ from: after, offsetS });
  }
  return periods;
}

function offsetText(offsetS: number): string {
  const minutes = Math.abs(offsetS) / 60;
  const hours = Math.floor((minutes * 60) / SECONDS_PER_HOUR);
  return `${offsetS < 0 ? '-' : '+'}${TWO_DIGITS[hours]}:${TWO_DIGITS[minutes - hours * 60]}`;
}
