import * as fc from 'fast-check';
import { judgeShift, populationStability } from '../../quality/distribution';
import { judgeNullRatio, type NullRatioOptions } from '../../quality/null-ratio';
import { median, robustDeviation, secondLargest } from '../../quality/robust';

const dateOf = (day: number) => new Date(Date.UTC(2026, 0, 5) + day * 86_400_000).toISOString().slice(0, 10);

describe('robust statistics', () => {
  it('are those of textbooks', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
    // Deviations from 2 are 1, 1, 0, 0, 2, 4, 7: in the middle stands 1.
    expect(robustDeviation([1, 1, 2, 2, 4, 6, 9])).toBeCloseTo(1.4826);
    expect(secondLargest([5, 9, 1])).toBe(5);
    expect(secondLargest([5])).toBe(0);
  });

  it('are not spoilt by what fewer than half of the values are', () => {
    const values = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 5, maxLength: 30 });
    fc.assert(
      fc.property(values, fc.constantFrom(-1e12, 1e12), (values, wrong) => {
        const spoilt = [...values, ...values.slice(1).map(() => wrong)];
        expect(Math.abs(median(spoilt))).toBeLessThanOrEqual(10);
        expect(robustDeviation(spoilt)).toBeLessThanOrEqual(1.4826 * 20);
      }),
      { numRuns: 50 },
    );
  });
});

describe('empty cells', () => {
  type Mode = 'append' | 'snapshot';
  const days = (nulls: number[], rows = 1000) => nulls.map((nulls, day) => ({ date: dateOf(day), rows, nulls }));
  const judge = (before: number[], nulls: number, mode: Mode, rows = 1000, options: NullRatioOptions = {}) => {
    const verdict = judgeNullRatio(days(before, rows), { date: dateOf(before.length), rows, nulls }, mode, options);
    if (verdict.kind !== 'judged') throw new Error(verdict.kind);
    return verdict;
  };
  const never = Array.from({ length: 28 }, () => 0);
  const some = Array.from({ length: 28 }, (_, day) => 50 + ((day * 5) % 11));

  it.each(['append', 'snapshot'] as const)('of %s tables are two points more at once', (mode) => {
    expect(judge(never, 20, mode)).toMatchObject({ isUnusual: true, expected: 0, ratio: 0.02 });
    expect(judge(never, 0, mode).isUnusual).toBe(false);
    expect(judge(some, 56, mode).isUnusual).toBe(false);
    expect(judge(some, 0, mode).isUnusual).toBe(false);
    expect(judge(some, 95, mode).isUnusual).toBe(true);
  });

  it('are news earlier in a column that never was empty', () => {
    expect(judge(never, 7, 'append').isUnusual).toBe(true);
    expect(judge(some, 62, 'snapshot').isUnusual).toBe(false);
    expect(judge(never, 1, 'append', 40).isUnusual).toBe(false);
    expect(judge(never, 7, 'append', 1000, { minJump: 0.05 }).isUnusual).toBe(false);
  });

  it('of a past fault do not make the next one usual', () => {
    const faulty = some.map((nulls, day) => (day === 24 ? 900 : nulls));
    expect(judge(faulty, 120, 'append').isUnusual).toBe(true);
  });

  it('are compared with the same weekday', () => {
    const sundays = Array.from({ length: 27 }, (_, day) => (day % 7 === 6 ? 300 : 50));
    expect(judge(sundays, 300, 'append').isUnusual).toBe(false);
    expect(judge([...sundays, 300], 300, 'append').isUnusual).toBe(true);
  });

  it('are not judged without rows or earlier deliveries', () => {
    const none = { kind: 'too little history' };
    expect(judgeNullRatio(days([0, 0]), { date: dateOf(2), rows: 10, nulls: 5 }, 'append')).toEqual(none);
    expect(judgeNullRatio(days(never), { date: dateOf(28), rows: 0, nulls: 0 }, 'append')).toEqual(none);
    expect(judgeNullRatio(days(never, 0), { date: dateOf(28), rows: 9, nulls: 0 }, 'snapshot')).toEqual(none);
  });
});

describe('a shift of values', () => {
  const even = (count: number) => Array.from({ length: 10 }, () => count);
  /** So many values of each lower bin are in the upper ones. */
  const skewed = (moved: number) => even(60).map((n, bin) => n + (bin < 5 ? -moved : moved));
  /** A day whose counts differ by chance from those of each of the two before: the same for each run. */
  const ordinary = (day: number) =>
    [1, 2].map((before) => ({
      before: even(60),
      now: even(60).map((n, bin) => n + ((day * 7 + bin * 13 + before) % 9) - 4),
    }));
  const history = Array.from({ length: 28 }, (_, day) => ordinary(day));
  const besideBoth = (now: number[]) => [1, 2].map(() => ({ before: even(60), now }));

  it('is measured by the index, which is 0 for equal shares and the textbook’s otherwise', () => {
    expect(populationStability(even(100), even(7))).toBeCloseTo(0, 10);
    // Two bins, halves against 3 : 7: (0.3 - 0.5) ln 0.6 + (0.7 - 0.5) ln 1.4.
    expect(populationStability([50_000, 50_000], [30_000, 70_000])).toBeCloseTo(0.16946, 4);
    expect(populationStability([100, 0], [0, 100])).toBeGreaterThan(5);
  });

  it('has an index that is never negative and the same both ways', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        expect(populationStability(a, b)).toBeGreaterThanOrEqual(0);
        expect(populationStability(a, b)).toBeCloseTo(populationStability(b, a), 8);
      }),
    );
  });

  it('is unusual above the declared index', () => {
    expect(judgeShift(history, besideBoth(even(60)), 0.2)).toMatchObject({ kind: 'judged', isUnusual: false });
    // Shares of 0.05 and 0.15 instead of 0.1: 5 × 0.05 × (ln 2 + ln 1.5), 0.27.
    expect(judgeShift(history, besideBoth(skewed(30)), 0.2)).toMatchObject({ isUnusual: true, high: 0.2 });
    expect(judgeShift(history, besideBoth(skewed(30)), 0.5)).toMatchObject({ isUnusual: false });
    expect(judgeShift(history, besideBoth(skewed(10)), 0.2)).toMatchObject({ isUnusual: false });
  });

  it('is usual where days differ as much anyway', () => {
    const shifty = history.map((day, index) => (index % 2 === 0 ? besideBoth(skewed(36)) : day));
    expect(judgeShift(shifty, besideBoth(skewed(30)), 0.2)).toMatchObject({ isUnusual: false });
    const once = history.map((day, index) => (index === 8 ? besideBoth(skewed(36)) : day));
    expect(judgeShift(once, besideBoth(skewed(30)), 0.2)).toMatchObject({ isUnusual: true });
  });

  it('is over when the values are again as they were before the day that was shifted', () => {
    const [back] = besideBoth(even(60));
    expect(judgeShift(history, [{ before: skewed(30), now: even(60) }, back!], 0.2)).toMatchObject({
      isUnusual: false,
    });
  });

  it('is less certain of fewer values', () => {
    const few = besideBoth(skewed(30)).map(({ before, now }) => ({ before, now: now.map((n) => n / 20) }));
    expect(judgeShift(history, few, 0.2)).toMatchObject({ isUnusual: false });
  });

  it('is not looked for beside few days or none', () => {
    const none = { kind: 'too little history' };
    expect(judgeShift(history.slice(0, 13), besideBoth(skewed(50)), 0.2)).toEqual(none);
    expect(judgeShift([...history.slice(0, 13), []], besideBoth(skewed(50)), 0.2)).toEqual(none);
    expect(judgeShift(history, [], 0.2)).toEqual(none);
    expect(judgeShift([], besideBoth(even(60)), 0.2)).toEqual(none);
  });
});
