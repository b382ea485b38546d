import * as fc from 'fast-check';
import { EVERY_DAY, productionCalendarSchema } from '../../contracts/production-calendar';
import { dueAt, isCalendarDay, missedDeliveries, workingAge } from '../../quality/calendar';
import { judgeFreshness } from '../../quality/freshness';

const BERLIN = 'Europe/Berlin';
const HOUR = 3_600_000;
const utc = (text: string) => new Date(`${text}Z`);
const WEEKDAYS = {
  production_days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  delivery_days: ['mon', 'tue', 'wed', 'thu', 'fri'],
};
const weekdaysOnly = productionCalendarSchema.parse({ ...WEEKDAYS, holidays: ['2026-04-06'], due_by: '06:30' });

describe('the calendar of a source system', () => {
  it('is every day where nothing is said', () => {
    expect(EVERY_DAY).toEqual({
      productionDays: [1, 2, 3, 4, 5, 6, 7],
      deliveryDays: [1, 2, 3, 4, 5, 6, 7],
      holidays: [],
      deliversOnHolidays: true,
      dueBy: undefined,
    });
  });

  it.each([
    [{ production_days: [] }],
    [{ production_days: ['mon', 'mon'] }],
    [{ delivery_days: ['monday'] }],
    [{ holidays: ['2026-02-30'] }],
    [{ holidays: ['25.12.2026'] }],
    [{ due_by: '24:00' }],
    [{ duty: '06:00' }],
  ])('refuses %j', (calendar) => {
    expect(productionCalendarSchema.safeParse(calendar).success).toBe(false);
  });

  it('has no production on a holiday, but a delivery unless it says otherwise', () => {
    expect(isCalendarDay('2026-04-06', weekdaysOnly, 'production')).toBe(false);
    expect(isCalendarDay('2026-04-06', weekdaysOnly, 'delivery')).toBe(true);
    const byHand = productionCalendarSchema.parse({ holidays: ['2026-04-06'], delivers_on_holidays: false });
    expect(isCalendarDay('2026-04-06', byHand, 'delivery')).toBe(false);
    expect(isCalendarDay('2026-04-07', byHand, 'delivery')).toBe(true);
  });
});

describe('a working age', () => {
  it('leaves out a weekend and a holiday, by local midnights', () => {
    // Friday 22:00 to Monday 10:00 in Berlin: two hours and ten.
    expect(workingAge(utc('2026-01-16T21:00:00'), utc('2026-01-19T09:00:00'), weekdaysOnly, BERLIN)).toBe(12 * HOUR);
    // Easter Monday has no production: from Thursday noon to Tuesday noon there are Friday and two halves.
    expect(workingAge(utc('2026-04-02T10:00:00'), utc('2026-04-07T10:00:00'), weekdaysOnly, BERLIN)).toBe(48 * HOUR);
  });

  it.each([
    ['in spring', '2026-03-27T23:00:00', '2026-03-29T22:00:00', 47],
    ['in autumn', '2026-10-23T22:00:00', '2026-10-25T23:00:00', 49],
  ])('leaves out the day on which the clock changes as long as it is, %s', (_, saturday, monday, hours) => {
    expect(workingAge(utc(saturday), utc(monday), weekdaysOnly, BERLIN)).toBe(0);
    expect(workingAge(utc(saturday), utc(monday), EVERY_DAY, BERLIN)).toBe(hours * HOUR);
  });

  it('is nothing before its beginning', () => {
    expect(workingAge(utc('2026-01-19T09:00:00'), utc('2026-01-16T21:00:00'), weekdaysOnly, BERLIN)).toBe(0);
  });

  it('adds up, and is never more than the time between', () => {
    const hour = fc.integer({ min: 0, max: 60 * 24 }).map((hours) => new Date(Date.UTC(2026, 2, 1) + hours * HOUR));
    const zone = fc.constantFrom(BERLIN, 'America/Chicago', 'Asia/Kolkata', 'utc');
    fc.assert(
      fc.property(fc.tuple(hour, hour, hour), zone, (hours, zone) => {
        const [a, b, c] = hours.sort((x, y) => x.getTime() - y.getTime());
        const age = (from: Date, to: Date) => workingAge(from, to, weekdaysOnly, zone);
        expect(age(a, b) + age(b, c)).toBe(age(a, c));
        expect(age(a, c)).toBeLessThanOrEqual(c.getTime() - a.getTime());
      }),
      { numRuns: 15 },
    );
  });
});

describe('when a delivery is due', () => {
  const due = (date: string, offsetDays: number, dueBy?: string, zone = BERLIN) =>
    dueAt(date, { zone, offsetDays, calendar: { ...EVERY_DAY, dueBy } }).toISOString();

  it('is the end of the day that loads it, or the declared time of that day', () => {
    expect(due('2026-01-15', 1)).toBe('2026-01-16T23:00:00.000Z');
    expect(due('2026-01-15', 1, '06:30')).toBe('2026-01-16T05:30:00.000Z');
    expect(due('2026-03-28', 1, '06:30')).toBe('2026-03-29T04:30:00.000Z');
    expect(due('2026-10-24', 1, '06:30')).toBe('2026-10-25T05:30:00.000Z');
  });

  it('is not before the day itself has ended', () => {
    expect(due('2026-01-15', 0, '06:30')).toBe('2026-01-15T23:00:00.000Z');
    expect(due('2026-10-25', 0)).toBe('2026-10-25T23:00:00.000Z');
  });
});

describe('missed deliveries', () => {
  const plan = { zone: BERLIN, offsetDays: 1, calendar: weekdaysOnly };
  const asOf = utc('2026-01-20T05:30:00');

  it('are days that were due, gaps in the middle too; not the weekend', () => {
    const delivered = ['2026-01-12', '2026-01-13', '2026-01-15', '2026-01-16'];
    expect(missedDeliveries({ ...plan, delivered, expectedFrom: '2026-01-12', asOf })).toEqual([
      '2026-01-14',
      '2026-01-19',
    ]);
  });

  it('are none before the time that they are due by', () => {
    const delivered = ['2026-01-15', '2026-01-16'];
    const before = new Date(asOf.getTime() - 1);
    expect(missedDeliveries({ ...plan, delivered, expectedFrom: '2026-01-15', asOf: before })).toEqual([]);
  });

  it('are looked for no further back than so many days', () => {
    const seen = { ...plan, delivered: [], expectedFrom: '2020-01-01', asOf };
    expect(missedDeliveries({ ...seen, lookBackDays: 4 })).toEqual(['2026-01-16', '2026-01-19']);
    expect(missedDeliveries(seen)).toHaveLength(10);
    expect(missedDeliveries({ ...seen, expectedFrom: '2027-01-01' })).toEqual([]);
  });
});

describe('freshness', () => {
  const clock = { calendar: weekdaysOnly, zone: BERLIN, days: 'production' } as const;
  const limits = { warn_after: { count: 1, period: 'day' }, error_after: { count: 2, period: 'day' } } as const;
  const judge = (newest: Date | undefined, asOf: string) =>
    judgeFreshness({ limits, newest, asOf: utc(asOf), ...clock });
  const friday = utc('2026-01-16T21:00:00');

  it('counts no weekend', () => {
    expect(judge(friday, '2026-01-19T09:00:00')).toMatchObject({ holds: true });
    expect(judge(friday, '2026-01-20T09:00:00')).toMatchObject({ holds: false, severity: 'warn' });
    expect(judge(friday, '2026-01-21T09:00:00')).toMatchObject({ holds: false, severity: 'error' });
    expect(judge(friday, '2026-01-19T09:00:00').observed).toMatch(/^12\.0 hours old/);
  });

  it('fails when there is nothing, or nothing but the future', () => {
    for (const newest of [undefined, utc('2026-01-17T00:00:00')]) {
      expect(judge(newest, '2026-01-16T09:00:00')).toMatchObject({
        holds: false,
        observed: 'nothing up to that time',
      });
    }
  });
});
