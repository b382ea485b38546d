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
  /** Rows of the system's other append tables, of the judged day too: the one that has told most of this table is asked. */
  peers?: readonly (readonly DayCount[])[];
  /**
   * How many things of the table itself have rows, day by day, such as times of reading that have three rows each: when the things
   * are there and rows are not, rows are missing, however much or little there is that day.
   */
  groups?: readonly DayCount[];
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
/** A spread of zero is luck: deviations do not become endless. */
const LEAST_SPREAD = 0.005;
/** Below what is usual by so much it is told even when peers are below too: a whole export may have ended early. */
const ALL_TOGETHER = { deviations: 5, minChange: 0.5 };
/** A peer tells something when this much of its change is the table's own, and the rows beside it vary less by this factor. */
const PEER_TELLS = { slope: 0.3, spread: 0.85 };
/** The logarithm of what peers have falls by more than this when the plant makes less. */
const COMMON_FALL = -0.1;
/** A table is to be below its usual by so many deviations when peers say that it is too low: else they are too high. */
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
  const growths = stepsOf(counts);
  const growth = growths.length === 0 ? 0 : median(growths);
  // From each of the last ones, so that one wrong snapshot does not decide.
  const last = counts.slice(-LEAST_HISTORY);
  const expected = median(last.map((count, index) => count * Math.exp(growth * (LEAST_HISTORY - index))));
  const spread = Math.max(LEAST_SPREAD, growths.length === 0 ? 0 : robustDeviation(growths));
  const before = Math.min(expected, last.at(-1) ?? 0);
  const low = before * (1 - Math.max(minChange, usualLoss(growths)));
  const high =
    expected * (1 + Math.max(HIGH_SIDE.minChange, Math.exp(deviations * HIGH_SIDE.deviations * spread) - 1)) + FEW_ROWS;
  return judged(rows, expected, spread, { low, high }, 'by how the table grows from day to day');
}

/** Share that a table loses now and then, as one does that is cleared every week: it has lost as much twice. */
function usualLoss(growths: readonly number[]): number {
  const [, second = 0] = growths.map((growth) => 1 - Math.exp(growth)).sort((a, b) => b - a);
  return second * 1.25;
}

function judgeAppend(series: readonly DayCount[], current: DayCount, options: RowCountOptions): RowCountVerdict {
  const limits = { ...DEFAULTS, ...options };
  const weekdays = byWeekday(series);
  const same = weekdays.get(weekdayOf(current.date)) ?? [];
  if (same.length < LEAST_HISTORY) return TOO_LITTLE;
  const usual = usualRows(weekdays, same);
  const peers = (options.peers ?? []).map(peerOf);
  const beside = expectedBeside(weekdays, same, usual, current, peers);
  const fall = commonFall(same, current, peers);
  const alone = besideUsual(current.rows, usual, limits);
  const isZero = current.rows === 0 && usual.rows >= FEW_ROWS;
  if (alone.isUnusual && alone.deviations > 0) return alone;
  if (isZero && options.isRestDay !== true) return { ...alone, isUnusual: true };
  const groups = expectedBy(peerOf(options.groups ?? []), weekdays, same, usual, current);
  const byGroups = groups === undefined ? undefined : besideUsual(current.rows, groups, limits);
  if (byGroups?.isUnusual === true && byGroups.deviations < 0) {
    return { ...byGroups, reason: 'by how many things have rows' };
  }
  if (beside !== undefined && alone.deviations < -BELOW_USUAL) {
    // At rest some tables have rows and others hardly any: their proportion is another one then.
    const judgement = besideUsual(
      current.rows,
      beside,
      options.isRestDay === true ? atLeast(limits, ALL_TOGETHER) : limits,
    );
    if (judgement.isUnusual && judgement.deviations < 0) {
      return { ...judgement, reason: 'by the same weekday and by what else came that day' };
    }
  }
  if (options.isRestDay === true) return { ...alone, isUnusual: false };
  const { isUnusual } = besideUsual(current.rows, { ...usual, rows: usual.rows * fall }, limits);
  const isEnded = besideUsual(current.rows, usual, atLeast(limits, ALL_TOGETHER)).isUnusual;
  return { ...alone, isUnusual: alone.isUnusual && (isUnusual || isEnded) };
}

interface Limits {
  deviations: number;
  minChange: number;
}

function atLeast(a: Limits, b: Limits): Limits {
  return { deviations: Math.max(a.deviations, b.deviations), minChange: Math.max(a.minChange, b.minChange) };
}

/** How many rows there should be, and the standard deviation of their logarithm. */
interface Expected {
  rows: number;
  spread: number;
}

function besideUsual(rows: number, usual: Expected, { deviations, minChange }: Limits): RowCountJudgement {
  // By the square root: of small counts the logarithm falls too steeply.
  const below = Math.max(1 - Math.max(0, 1 - (deviations * usual.spread) / 2) ** 2, minChange);
  const above = Math.max(Math.exp(deviations * HIGH_SIDE.deviations * usual.spread) - 1, HIGH_SIDE.minChange);
  const low = usual.rows < FEW_ROWS ? 0 : usual.rows * (1 - below);
  const high = usual.rows * (1 + above) + FEW_ROWS;
  return judged(rows, usual.rows, usual.spread, { low, high }, 'by the same weekday of the weeks before');
}

function judged(
  rows: number,
  expected: number,
  spread: number,
  { low, high }: { low: number; high: number },
  reason: string,
): RowCountJudgement {
  const deviations = (2 * (Math.sqrt(rows / Math.max(expected, 0.5)) - 1)) / spread;
  return { kind: 'judged', expected, low, high, deviations, isUnusual: rows < low || rows > high, reason };
}

type Weekdays = ReadonlyMap<number, readonly DayCount[]>;

function byWeekday(series: readonly DayCount[]): Weekdays {
  const weekdays = new Map<number, DayCount[]>();
  for (const day of series) {
    const weekday = weekdayOf(day.date);
    const days = weekdays.get(weekday) ?? [];
    weekdays.set(weekday, days);
    days.push(day);
  }
  return weekdays;
}

function weekdayOf(date: string): number {
  return new Date(date).getUTCDay();
}

/** Changes of the logarithm from one count to the next, without what has no rows. */
function stepsOf(counts: readonly number[]): number[] {
  const logs = counts.filter((count) => count > 0).map(Math.log);
  return logs.slice(1).map((log, index) => log - (logs[index] as number));
}

function usualRows(weekdays: Weekdays, same: readonly DayCount[]): Expected {
  const rows = levelOf(same);
  const steps = [...busyDays(weekdays)].flatMap((days) => stepsOf(days.map((day) => day.rows)));
  return { rows, spread: spreadAt(rows, steps, weekdays, same) };
}

function levelOf(days: readonly DayCount[]): number {
  return median(days.map(({ rows }) => rows));
}

/** Level of the weekday in the middle; of those that have rows. */
function typicalRows(weekdays: Weekdays): number {
  return median([...weekdays.values()].map(levelOf).filter((level) => level > 0));
}

function busyDays(weekdays: Weekdays): (readonly DayCount[])[] {
  const typical = typicalRows(weekdays);
  return [...weekdays.values()].filter((days) => levelOf(days) >= typical / 2);
}

/**
 * Standard deviation of the logarithm of a day's rows. Taken from the differences between a weekday and the same one a week
 * later, over all busy weekdays: these know no level that could be wrong.
 */
function spreadAt(rows: number, steps: readonly number[], weekdays: Weekdays, same: readonly DayCount[]): number {
  if (steps.length === 0) return Infinity;
  const spread = Math.max(LEAST_SPREAD, robustDeviation(steps, 0) / Math.SQRT2);
  // A level that is the median of few days is uncertain itself, and so is a spread from few steps.
  const uncertainty = Math.sqrt(1 + Math.PI / 2 / same.length) * (1 + 4 / steps.length);
  // Small counts vary more, as the square root says.
  return spread * uncertainty * Math.sqrt(Math.max(1, typicalRows(weekdays) / Math.max(1, rows)));
}

/** Another count of the same days, as logarithms by date; a day without any is left out. */
type Peer = ReadonlyMap<string, number>;

/**
 * What the peers let expect of the judged day: by the one that tells most, or by all that tell something taken together. Undefined
 * when none does.
 */
function expectedBeside(
  weekdays: Weekdays,
  same: readonly DayCount[],
  usual: Expected,
  current: DayCount,
  peers: readonly Peer[],
): Expected | undefined {
  const telling = peers.flatMap((peer) => {
    const expected = expectedBy(peer, weekdays, same, usual, current);
    return expected === undefined ? [] : [{ peer, expected }];
  });
  const together =
    telling.length < 2
      ? undefined
      : expectedBy(meanOf(telling.map(({ peer }) => peer)), weekdays, same, usual, current);
  const all = [...telling.map(({ expected }) => expected), ...(together === undefined ? [] : [together])];
  return all.sort((a, b) => a.spread - b.spread)[0];
}

function expectedBy(
  peer: Peer,
  weekdays: Weekdays,
  same: readonly DayCount[],
  usual: Expected,
  current: DayCount,
): Expected | undefined {
  const today = peer.get(current.date);
  // The level of both is taken from the same days: a peer that is known for fewer of them says nothing of the others.
  const shared = same.filter(({ date }) => peer.has(date));
  if (today === undefined || shared.length < LEAST_HISTORY) return undefined;
  const steps = busyDays(weekdays).flatMap((days) => stepsBeside(days, peer));
  const slope = slopeOf(steps);
  if (slope < PEER_TELLS.slope) return undefined;
  const rows = levelOf(shared);
  const spread = spreadAt(
    rows,
    steps.map((step) => step.own - slope * step.peer),
    weekdays,
    shared,
  );
  if (spread > PEER_TELLS.spread * usual.spread) return undefined;
  const change = today - median(shared.flatMap(({ date }) => peer.get(date) ?? []));
  // When the whole plant makes less, all of it is the table's own: small ups and downs alone have less in common.
  return { rows: rows * Math.exp((change < 0 ? Math.max(1, slope) : slope) * change), spread };
}

/** Factor by which the peers lie below their own weekday in the middle, as on a day on which one of two sites is closed; else 1. */
function commonFall(same: readonly DayCount[], current: DayCount, peers: readonly Peer[]): number {
  const changes = peers.flatMap((peer) => {
    const before = median(same.flatMap(({ date }) => peer.get(date) ?? []));
    return before >= Math.log(FEW_ROWS) ? [(peer.get(current.date) ?? 0) - before] : [];
  });
  const change = changes.length === 0 ? 0 : median(changes);
  return change < COMMON_FALL ? Math.exp(change) : 1;
}

function peerOf(days: readonly DayCount[]): Peer {
  return new Map(days.filter(({ rows }) => rows > 0).map(({ date, rows }) => [date, Math.log(rows)]));
}

function meanOf(peers: readonly Peer[]): Peer {
  const [first, ...others] = peers;
  const dates = [...(first?.keys() ?? [])].filter((date) => others.every((peer) => peer.has(date)));
  return new Map(
    dates.map((date) => [date, peers.reduce((sum, peer) => sum + (peer.get(date) ?? 0), 0) / peers.length]),
  );
}

interface Step {
  own: number;
  peer: number;
}

function stepsBeside(days: readonly DayCount[], peer: Peer): Step[] {
  const logs = days.flatMap(({ date, rows }) => {
    const beside = peer.get(date);
    return rows > 0 && beside !== undefined ? [{ own: Math.log(rows), peer: beside }] : [];
  });
  return logs.slice(1).map((log, index) => {
    const before = logs[index] as Step;
    return { own: log.own - before.own, peer: log.peer - before.peer };
  });
}

/** How much of a peer's change is the table's own, 0 to 1.25: by least squares over the steps that are not extreme. */
function slopeOf(steps: readonly Step[]): number {
  const widthOf = (values: number[]) => 3 * Math.max(LEAST_SPREAD, robustDeviation(values, 0));
  const width = { own: widthOf(steps.map(({ own }) => own)), peer: widthOf(steps.map(({ peer }) => peer)) };
  const usual = steps.filter(({ own, peer }) => Math.abs(own) <= width.own && Math.abs(peer) <= width.peer);
  const squares = usual.reduce((sum, { peer }) => sum + peer * peer, 0);
  if (squares === 0) return 0;
  const products = usual.reduce((sum, { own, peer }) => sum + own * peer, 0);
  return Math.min(1.25, Math.max(0, products / squares));
}
