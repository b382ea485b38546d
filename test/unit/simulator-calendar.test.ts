import { DateTime } from 'luxon';
import { ShiftCalendar } from '../../data/simulator/calendar';
import { parseDay } from '../../data/simulator/days';
import { EventQueue } from '../../data/simulator/event-queue';
import { Zone } from '../../data/simulator/zones';

const [FIRST, LAST] = [parseDay('2025-12-01') as number, parseDay('2027-01-31') as number];
const utc = (text: string) => Date.parse(`${text}Z`) / 1000;

describe('a zone', () => {
  it.each(['Europe/Berlin', 'America/Chicago', 'Asia/Kolkata', 'Australia/Sydney', 'America/Sao_Paulo', 'Asia/Tokyo'])(
    'shows the wall clock of %s',
    (name) => {
      const zone = new Zone(name, FIRST, LAST);
      for (let moment = utc('2026-01-01T00:00:00'); moment < utc('2026-12-31T00:00:00'); moment += 7777) {
        const expected = DateTime.fromSeconds(moment, { zone: name }).toFormat('yyyy-MM-dd HH:mm:ssZZ');
        if (zone.formatWithOffset(moment) !== expected)
          throw new Error(`${zone.formatWithOffset(moment)}: ${expected}`);
      }
    },
  );

  it('knows the times that it shows twice, and takes the first of them', () => {
    const berlin = new Zone('Europe/Berlin', FIRST, LAST);
    const ambiguous = ['23:59:59', '00:00:00', '00:59:59', '01:00:00', '01:59:59', '02:00:00'].map((time) =>
      berlin.isAmbiguous(utc(`2026-10-${time < '03' ? '25' : '24'}T${time}`)),
    );
    expect(ambiguous).toEqual([false, true, true, true, true, false]);
    expect(berlin.isAmbiguous(utc('2026-03-29T01:00:00'))).toBe(false);
    expect(berlin.momentOf(parseDay('2026-10-25') as number, 2.5 * 3600)).toBe(utc('2026-10-25T00:30:00'));
  });
});

describe('a shift calendar', () => {
  const calendar = (zoneName: string) =>
    new ShiftCalendar(
      { zone: new Zone(zoneName, FIRST, LAST), dayStartsAtS: 6 * 3600, shiftsPerDay: 3, holidays: ['05-01'] },
      utc('2026-01-04T23:00:00'),
    );

  it('has three shifts from Monday to Saturday, none on a holiday', () => {
    const berlin = calendar('Europe/Berlin');
    expect(berlin.between(utc('2026-01-04T23:00:00'), utc('2026-01-11T23:00:00'))).toHaveLength(18);
    expect(berlin.at(utc('2026-01-05T00:00:00'))).toMatchObject({ number: 1, startsAt: utc('2026-01-05T05:00:00') });
    const afterHoliday = berlin.at(utc('2026-05-01T04:00:00'));
    expect(afterHoliday).toMatchObject({ number: 1, startsAt: utc('2026-05-02T04:00:00') });
  });

  it('has 7 or 9 hours in the night in which the clock changes', () => {
    const berlin = calendar('Europe/Berlin');
    const hours = (text: string) => {
      const { startsAt, endsAt } = berlin.at(utc(text));
      return (endsAt - startsAt) / 3600;
    };
    expect(['2026-03-28T23:00:00', '2026-03-21T23:00:00', '2026-10-24T23:00:00'].map(hours)).toEqual([7, 8, 9]);
  });

  it('adds shift time over the Sunday', () => {
    const berlin = calendar('Europe/Berlin');
    expect(berlin.add(utc('2026-01-11T04:00:00'), 2 * 3600)).toBe(utc('2026-01-12T06:00:00'));
    expect(berlin.add(utc('2026-01-11T12:00:00'), 0)).toBe(utc('2026-01-12T05:00:00'));
    expect(berlin.add(utc('2026-01-11T04:00:00'), 3600)).toBe(utc('2026-01-11T05:00:00'));
  });
});

describe('the event queue', () => {
  it('lets things happen by time, those of one second in the order in which they were asked for', () => {
    const queue = new EventQueue(0);
    const happened: string[] = [];
    const times = Array.from({ length: 200 }, (_, n) => (n * 7919) % 50);
    times.forEach((time, n) => queue.schedule(time, (at) => happened.push(`${String(at).padStart(2, '0')}/${n}`)));
    queue.runUntil(49);
    const expected = times
      .map((time, n): [number, number] => [time, n])
      .filter(([time]) => time < 49)
      .sort(([a, n], [b, m]) => a - b || n - m);
    expect(happened).toEqual(expected.map(([time, n]) => `${String(time).padStart(2, '0')}/${n}`));
    expect(queue.now).toBe(49);
  });

  it('lets what is asked for too late happen now', () => {
    const queue = new EventQueue(100);
    const happened: number[] = [];
    queue.schedule(5, (at) => happened.push(at));
    queue.runUntil(200);
    expect(happened).toEqual([100]);
  });
});
