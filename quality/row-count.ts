import { DateTime } from 'luxon';
import { median, robustDeviation } from './robust';

/** Rows of a table's delivery of a logical date (YYYY-MM-DD). */
export interface DayCount {
  date: string;
  rows: number;
}

export interface RowCountOptions {
  /** Robust standard deviations from what is expected that are unusual. */
  deviations?: number;
  /** Share of the expected rows that is missing at least when too few is unusual. */
  minChange?: number;
  /**
   * What rises and falls with the table's rows, day by day and for the judged day too: rows of other append tables of the system,
   * or how many things of the table itself have rows. The one that has told most is asked.
   */
  peers?: readonly (readonly DayCount[])[];
  /** The calendar knows the judged day as one without production: few rows are no surprise then, unless peers have more. */
  isRestDay?: boolean;
}

/** What a delivery's row count looks like beside the earlier ones. */
export interface RowCountJudgement {
  kind: 'judged';
  expected: number;
  /** Rows from which on it is usual, and up to which. */
  low: number;
  high: number;
  /** Robust standard deviations from what was expected, negative below. */
  deviations: number;
  isUnusual: boolean;
  /** One phrase: what the expectation rests on. */
  reason: string;
}

export type RowCountVerdict = RowCountJudgement | { kind: 'too little history' };

const TOO_LITTLE: RowCountVerdict = { kind: 'too little history' };
const DEFAULTS = { deviations: 3.5, minChange: 0.1 };
/** Too many rows are rarely wrong, for work piles up and is caught up with: so much more of everything is asked. */
const HIGH_SIDE = { deviations: 2, minChange: 0.5 };
/** Same weekdays, or earlier snapshots, from which on there is something to compare with. */
const LEAST_HISTORY = 3;
/** Fewer expected rows than this may be none at all by chance. */
const FEW_ROWS = 8;
/** Two counts are never nearer than this by more than luck: deviations do not become endless. */
const LEAST_DEVIATION = 0.005;
/** Below what is usual by this many deviations, and this share, even when its peers are too. */
const ALONE = { deviations: 5, minChange: 0.35 };
/** A peer tells something when the rows vary less beside it, by this factor. */
const PEER_TELLS = 0.85;
/** Below the usual by so many deviations when a peer says that it is too few: else it is the peer that has too many. */
const BELOW_USUAL = 1;

/**
 * Judges the rows of a delivery by the earlier ones of its table.
 *
 * Of an append table by the same weekday, and by its peers: when all of them fall the plant makes less, when one falls alone rows
 * are missing. Of a snapshot by how it grows from day to day. Medians throughout, so that an outage in the past does not
 * make the next one usual.
 *
 * @param series earlier deliveries, ascending.
 */
export function judgeRowCount(
  series: readonly DayCount[],
  current: DayCount,
  mode: 'append' | 'snapshot',
  options: RowCountOptions = {},
): RowCountVerdict {
  return mode === 'snapshot' ? judgeSnapshot(series, current, options) : judgeAppend(series, current, options);
}

function judgeSnapshot(series: readonly DayCount[], { rows }: DayCount, options: RowCountOptions): RowCountVerdict {
  const { deviations, minChange } = { ...DEFAULTS, ...options };
  const counts = series.map((day) => day.rows);
  if (counts.length < LEAST_HISTORY) return TOO_LITTLE;
  const growths = counts.slice(1).flatMap((count, index) => {
    const before = counts[index] ?? 0;
    return before > 0 && count > 0 ? [Math.log(count / before)] : [];
  });
  const growth = growths.length === 0 ? 0 : median(growths);
  // From each of the last ones, so that one wrong snapshot does not decide.
  const expected = median(
    counts.slice(-LEAST_HISTORY).map((count, index) => count * Math.exp(growth * (LEAST_HISTORY - index))),
  );
  const spread = Math.max(LEAST_DEVIATION, growths.length === 0 ? 0 : robustDeviation(growths));
  return judged(rows, expected, spread, { deviations, minChange }, 'by how the table grows from day to day');
}

function judgeAppend(series: readonly DayCount[], current: DayCount, options: RowCountOptions): RowCountVerdict {
  const limits = { ...DEFAULTS, ...options };
  const own = weekdaysOf(series);
  const weekday = weekdayOf(current.date);
  const same = own.get(weekday) ?? [];
  if (same.length < LEAST_HISTORY) return TOO_LITTLE;
  const expected = median(same.map(({ rows }) => rows));
  const { rows } = current;
  const usual = (limits: Limits) =>
    judged(rows, expected, spreadAt(expected, own), limits, 'by the same weekday of the weeks before');
  if (options.isRestDay !== true && rows === 0 && expected >= FEW_ROWS) return { ...usual(limits), isUnusual: true };
  const peer = bestPeer(series, current, limits.peers ?? []);
  const alone = usual(peer === undefined ? limits : { ...ALONE, ...maxOf(ALONE, limits) });
  const low = alone.isUnusual && rows < expected;
  if (low && options.isRestDay !== true) return alone;
  if (peer !== undefined && alone.deviations < -BELOW_USUAL) {
    const beside = judged(
      rows,
      peer.expected,
      peer.spread,
      limits,
      'by the same weekday, and by what else came that day',
    );
    if (rows < beside.expected) return beside;
  }
  return low ? { ...alone, isUnusual: false } : alone;
}

interface Limits {
  deviations: number;
  minChange: number;
}

function maxOf(a: Limits, b: Limits): Limits {
  return { deviations: Math.max(a.deviations, b.deviations), minChange: Math.max(a.minChange, b.minChange) };
}

/** @param spread standard deviation of the logarithm. */
function judged(
  rows: number,
  expected: number,
  spread: number,
  { deviations, minChange }: Limits,
  reason: string,
): RowCountJudgement {
  const below = Math.max(1 - Math.exp(-deviations * spread), minChange);
  const above = Math.max(Math.exp(deviations * HIGH_SIDE.deviations * spread) - 1, HIGH_SIDE.minChange);
  const low = expected < FEW_ROWS ? 0 : expected * (1 - below);
  const high = expected * (1 + above) + FEW_ROWS;
  const distance = Math.log(Math.max(rows, 0.5) / Math.max(expected, 0.5)) / spread;
  return { kind: 'judged', expected, low, high, deviations: distance, isUnusual: rows < low || rows > high, reason };
}

/**
 * Standard deviation of the logarithm of a day's rows that so many are expected of, from the differences of neighbouring
 * same weekdays, over all weekdays: these know no level that could be wrong.
 */
function spreadAt(expected: number, own: Weekdays): number {
  const levels = [...own.values()].map((days) => median(days.map(({ rows }) => rows)));
  const typical = median(levels.filter((level) => level > 0));
  const busy = [...own.values()].filter((days) => median(days.map(({ rows }) => rows)) >= typical / 2);
  const steps = busy.flatMap((days) => stepsOf(days).map(({ own }) => own));
  const spread = Math.max(LEAST_DEVIATION, robustDeviation(steps, 0) / Math.SQRT2);
  // Small counts vary more, as the square root says.
  return uncertain(spread, own) * Math.sqrt(Math.max(1, typical / Math.max(1, expected)));
}

/** A level from few days is uncertain itself. */
function uncertain(spread: number, own: Weekdays): number {
  const days = Math.min(...[...own.values()].map(({ length }) => length));
  return spread * Math.sqrt(1 + Math.PI / 2 / Math.max(1, days));
}

type Weekdays = Map<number, DayCount[]>;

function weekdaysOf(series: readonly DayCount[]): Weekdays {
  const weekdays: Weekdays = new Map();
  for (const day of series) {
    const weekday = weekdayOf(day.date);
    weekdays.set(weekday, [...(weekdays.get(weekday) ?? []), day]);
  }
  return weekdays;
}

function weekdayOf(date: string): number {
  return DateTime.fromISO(date, { zone: 'utc' }).weekday;
}

/** Changes of the logarithm from one day to the next one of the same weekday; a peer's beside it. */
function stepsOf(days: readonly DayCount[], peer?: ReadonlyMap<string, number>): { own: number; peer: number }[] {
  const logs = days.flatMap(({ date, rows }) => {
    const beside = peer === undefined ? 1 : (peer.get(date) ?? 0);
    return rows > 0 && beside > 0 ? [{ own: Math.log(rows), peer: Math.log(beside) }] : [];
  });
  return logs.slice(1).map(({ own, peer }, index) => {
    const before = logs[index] as { own: number; peer: number };
    return { own: own - before.own, peer: peer - before.peer };
  });
}

/** What the peer that tells most lets expect of the judged day; undefined when none tells anything. */
function bestPeer(
  series: readonly DayCount[],
  current: DayCount,
  peers: readonly (readonly DayCount[])[],
): { expected: number; spread: number } | undefined {
  const own = weekdaysOf(series);
  const same = own.get(weekdayOf(current.date)) ?? [];
  const expected = median(same.map(({ rows }) => rows));
  const alone = spreadAt(expected, own);
  const found = peers.flatMap((peer) => {
    const rowsOn = new Map(peer.map(({ date, rows }) => [date, rows]));
    const today = rowsOn.get(current.date) ?? 0;
    const usual = median(same.flatMap(({ date }) => rowsOn.get(date) ?? []));
    if (today === 0 || !(usual >= FEW_ROWS)) return [];
    const steps = [...own.values()].flatMap((days) => stepsOf(days, rowsOn));
    const slope = slopeOf(steps);
    const left =
      robustDeviation(
        steps.map((step) => step.own - slope * step.peer),
        0,
      ) / Math.SQRT2;
    const spread = uncertain(Math.max(LEAST_DEVIATION, left), own);
    return [{ expected: expected * (today / usual) ** slope, spread }];
  });
  const [best] = found.sort((a, b) => a.spread - b.spread);
  return best === undefined || best.spread > PEER_TELLS * alone ? undefined : best;
}

/** How much of a peer's change is the table's own, 0 to 1.25; by least squares over the steps that are not extreme. */
function slopeOf(steps: readonly { own: number; peer: number }[]): number {
  const widths = [
    robustDeviation(
      steps.map(({ own }) => own),
      0,
    ),
    robustDeviation(
      steps.map(({ peer }) => peer),
      0,
    ),
  ];
  const [ownWidth = 0, peerWidth = 0] = widths.map((width) => 3 * Math.max(LEAST_DEVIATION, width));
  const usual = steps.filter(({ own, peer }) => Math.abs(own) <= ownWidth && Math.abs(peer) <= peerWidth);
  const squares = usual.reduce((sum, { peer }) => sum + peer * peer, 0);
  if (squares === 0) return 0;
  return Math.min(1.25, Math.max(0, usual.reduce((sum, { own, peer }) => sum + own * peer, 0) / squares));
}
