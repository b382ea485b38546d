import * as fc from 'fast-check';
import { judgeRowCount, type DayCount, type RowCountOptions } from '../../quality/row-count';

/** Monday to Sunday; the days of a week differ, and each week a little from the others. */
const WEEK = [430, 640, 650, 640, 630, 620, 220];
const WOBBLE = [0, 0.04, -0.05, 0.06, -0.03, 0.02, -0.06, 0.05];
const MONDAY = Date.UTC(2026, 0, 5);

const dateOf = (day: number) => new Date(MONDAY + day * 86_400_000).toISOString().slice(0, 10);
/** Rows day by day. */
const plant = (days: number, factor = 1): DayCount[] =>
  Array.from({ length: days }, (_, day) => ({
    date: dateOf(day),
    rows: Math.round((WEEK[day % 7] as number) * factor * (1 + (WOBBLE[(day * 3) % 8] as number))),
  }));
const steady = (days: number, rows: number): DayCount[] =>
  Array.from({ length: days }, (_, day) => ({ date: dateOf(day), rows }));
const growing = (days: number, first: number, ratio: number): DayCount[] =>
  Array.from({ length: days }, (_, day) => ({ date: dateOf(day), rows: Math.round(first * ratio ** day) }));

function judge(
  series: DayCount[],
  rows: number,
  { mode = 'append', ...options }: RowCountOptions & { mode?: 'append' | 'snapshot' } = {},
) {
  const verdict = judgeRowCount(series, { date: dateOf(series.length), rows }, mode, options);
  if (verdict.kind !== 'judged') throw new Error(verdict.kind);
  return verdict;
}

describe('the rows of an append table', () => {
  it('are not judged before there are three of the same weekday', () => {
    expect(judgeRowCount(plant(20), { date: dateOf(20), rows: 0 }, 'append')).toEqual({ kind: 'too little history' });
    expect(judgeRowCount([], { date: dateOf(0), rows: 0 }, 'append')).toEqual({ kind: 'too little history' });
    expect(judge(plant(21), 430).isUnusual).toBe(false);
  });

  it('are compared with the same weekday', () => {
    const [sunday, monday] = [plant(55), plant(56)];
    expect(judge(sunday, 220)).toMatchObject({ isUnusual: false });
    expect(judge(sunday, 220).expected).toBeGreaterThan(200);
    expect(judge(sunday, 220).expected).toBeLessThan(240);
    expect(judge(monday, 220)).toMatchObject({ isUnusual: true });
  });

  it('are unusual when there are none, whatever came before', () => {
    expect(judge(plant(28), 0).isUnusual).toBe(true);
    expect(judge(steady(28, 8), 0).isUnusual).toBe(true);
    expect(judge(steady(28, 2), 0).isUnusual).toBe(false);
    expect(judge(plant(28), 0, { isRestDay: true }).isUnusual).toBe(false);
  });

  it('are judged by their bounds, which a past outage does not widen much', () => {
    const series = plant(56).map((day, index) => (index === 36 || index === 43 ? { ...day, rows: 0 } : day));
    const { low, high } = judge(series, 430);
    expect(low).toBeGreaterThan(judge(plant(56), 430).low * 0.9);
    expect(judge(series, Math.floor(low) - 1)).toMatchObject({ isUnusual: true });
    expect(judge(series, Math.ceil(low) + 1)).toMatchObject({ isUnusual: false });
    expect(judge(series, Math.ceil(high) + 1)).toMatchObject({ isUnusual: true });
    expect(judge(series, Math.ceil(high) + 1).deviations).toBeGreaterThan(0);
  });

  it('of a table that always has as many are unusual from a tenth less on', () => {
    expect(judge(steady(28, 1440), 1300).isUnusual).toBe(false);
    expect(judge(steady(28, 1440), 1290)).toMatchObject({ isUnusual: true, expected: 1440 });
    expect(judge(steady(28, 1440), 1200, { minChange: 0.2 }).isUnusual).toBe(false);
  });

  it('that are missing alone are found by a peer where the table’s own ups and downs hide them', () => {
    // Ups and downs of a fifth that both tables share.
    const shared = (day: number) => 1 + 0.2 * Math.sin(day * 1.7);
    const of = (days: number, level: number) =>
      Array.from({ length: days }, (_, day) => ({ date: dateOf(day), rows: Math.round(level * shared(day)) }));
    const series = of(56, 600);
    const peer = [...of(56, 200), { date: dateOf(56), rows: 200 }];
    expect(judge(series, 480).isUnusual).toBe(false);
    expect(judge(series, 480, { peers: [peer] })).toMatchObject({ isUnusual: true });
    expect(judge(series, 480, { peers: [peer] }).reason).toMatch(/what else came that day/);
    expect(judge(series, 600, { peers: [peer] }).isUnusual).toBe(false);
  });

  it('of things that have some each are missed even on a day that has many', () => {
    const series = plant(56);
    const groups = [...plant(56), { date: dateOf(56), rows: 500 }].map((day) => ({ ...day, rows: day.rows / 3 }));
    expect(judge(series, 430, { groups })).toMatchObject({ isUnusual: true });
    expect(judge(series, 430).isUnusual).toBe(false);
    expect(judge(series, 500, { groups }).isUnusual).toBe(false);
  });

  it('of a day at rest are compared with other tables’ only when next to nothing is left: tables rest differently', () => {
    const series = plant(56);
    const peers = [[...plant(56), { date: dateOf(56), rows: 200 }]];
    expect(judge(series, 150, { peers })).toMatchObject({ isUnusual: true });
    expect(judge(series, 150, { peers, isRestDay: true }).isUnusual).toBe(false);
    expect(judge(series, 20, { peers, isRestDay: true })).toMatchObject({ isUnusual: true });
  });

  it('are expected at the level of the days that the groups are known for', () => {
    // Four weeks ago the plant began to make two thirds of what it made: the groups of the weeks before are not known.
    const series = plant(56).map((day, index) => ({
      ...day,
      rows: index < 28 ? day.rows : Math.round((day.rows * 2) / 3),
    }));
    const groups = [...series.slice(28), { date: dateOf(56), rows: 285 }].map((day) => ({
      ...day,
      rows: day.rows / 3,
    }));
    expect(judge(series, 285, { groups }).isUnusual).toBe(false);
    expect(judge(series, 245, { groups })).toMatchObject({ isUnusual: true, reason: 'by how many things have rows' });
  });

  it('that are fewer in all tables are the plant’s, up to a half', () => {
    const others = [plant(57, 0.5), plant(57, 0.3), plant(57, 0.7)];
    const fallen = (factor: number) =>
      others.map((peer) => [...peer.slice(0, 56), { date: dateOf(56), rows: (peer[56] as DayCount).rows * factor }]);
    expect(judge(plant(56), 280, { peers: others }).isUnusual).toBe(true);
    expect(judge(plant(56), 280, { peers: fallen(0.65) }).isUnusual).toBe(false);
    expect(judge(plant(56), 100, { peers: fallen(0.25) }).isUnusual).toBe(true);
  });

  it('are not blamed for a peer that has too many', () => {
    const peer = plant(57, 0.5).map((day, index) => (index === 56 ? { ...day, rows: day.rows * 2 } : day));
    expect(judge(plant(56), 430, { peers: [peer] }).isUnusual).toBe(false);
  });

  it('have bounds around what is expected, and more rows are never more deviations below', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 21, maxLength: 56 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 5000 }), (rows, a, b) => {
        const series = rows.map((rows, day) => ({ date: dateOf(day), rows }));
        const [few, many] = [judge(series, Math.min(a, b)), judge(series, Math.max(a, b))];
        expect(few.low).toBeLessThanOrEqual(few.expected);
        expect(few.high).toBeGreaterThanOrEqual(few.expected);
        expect(few.deviations).toBeLessThanOrEqual(many.deviations);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the rows of a snapshot', () => {
  const snapshot = { mode: 'snapshot' } as const;

  it('may grow as they did', () => {
    expect(judge(growing(30, 1000, 1.003), 1097, snapshot)).toMatchObject({ isUnusual: false });
    expect(judge(growing(30, 1000, 1.003), 1097, snapshot).expected).toBeCloseTo(1094, -1);
    expect(judge(growing(4, 110, 1.1), 150, snapshot).isUnusual).toBe(false);
    expect(judge(growing(30, 1000, 1.003), 3000, snapshot).isUnusual).toBe(true);
  });

  it('are a fifth fewer at once', () => {
    expect(judge(growing(3, 1000, 1.003), 800, snapshot).isUnusual).toBe(true);
    expect(judge(steady(10, 12), 10, snapshot).isUnusual).toBe(true);
    expect(judge(steady(10, 12), 11, snapshot).isUnusual).toBe(false);
    expect(judgeRowCount(steady(2, 12), { date: dateOf(2), rows: 1 }, 'snapshot').kind).toBe('too little history');
  });

  it('are usual again the day after an outage', () => {
    const series = growing(30, 1000, 1.003).map((day, index) => (index === 29 ? { ...day, rows: 700 } : day));
    expect(judge(series, 1094, snapshot).isUnusual).toBe(false);
    const doubled = growing(30, 1000, 1.003).map((day, index) => (index === 29 ? { ...day, rows: 2180 } : day));
    expect(judge(doubled, 1094, snapshot).isUnusual).toBe(false);
  });

  it('may fall as they do every week', () => {
    const cleared = Array.from({ length: 28 }, (_, day) => ({ date: dateOf(day), rows: 700 + 50 * (day % 7) }));
    expect(judge(cleared, 700, snapshot).isUnusual).toBe(false);
    expect(judge(cleared, 500, snapshot).isUnusual).toBe(true);
  });
});
