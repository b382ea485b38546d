import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { DateTime } from 'luxon';
import { PROJECT_ROOT } from '../../contracts/config';
import { firstSkippedDay, parseCron } from '../../contracts/cron';
import { durationText, readSchedules } from '../../contracts/schedules-file';
import { scratchDir } from '../support/scratch';

describe('a cron expression', () => {
  const one = (value: number) => [{ start: value, end: value, step: 1 }];

  it('is five fields with numbers, lists, ranges, steps and names', () => {
    expect(parseCron(' 0,30  3 * 1-6/2  mon-fri ')).toEqual({
      minute: [...one(0), ...one(30)],
      hour: one(3),
      dayOfMonth: [{ start: 1, end: 31, step: 1 }],
      month: [{ start: 1, end: 6, step: 2 }],
      dayOfWeek: [{ start: 1, end: 5, step: 1 }],
    });
    expect(parseCron('5/20 * 1 JAN *')).toMatchObject({ minute: [{ start: 5, end: 59, step: 20 }], month: one(1) });
    expect(parseCron('0 3 * * 7').dayOfWeek).toEqual(one(0));
    expect(parseCron('0 3 * * 5-7').dayOfWeek).toEqual([...one(0), ...one(5), ...one(6)]);
  });

  it.each([
    ['0 3 * *', /must have five fields/],
    ['@daily', /must have five fields/],
    ['60 3 * * *', /has '60' as its minute: it must be 0 to 59$/],
    ['0 24 * * *', /has '24' as its hour/],
    ['0 3 0 * *', /has '0' as its day of month/],
    ['0 3 * fev *', /has 'fev' as its month: it must be 1 to 12 or a name of three letters/],
    ['0 3 * * 5-1', /ranges go upwards/],
    ['*/0 3 * * *', /a step must be 1 or more/],
    ['0 3 1 * 1', /must not restrict both/],
    ['0 3,, * * *', /has '' as its hour/],
    ['0 -3 * * *', /has '' as its hour/],
  ])('%s is refused', (text, sentence) => {
    expect(() => parseCron(text)).toThrow(sentence);
  });

  it('that falls into the hour which a clock change leaves out skips that day', () => {
    const now = DateTime.utc(2026, 3, 1);
    const skipped = (text: string, zone: string) => firstSkippedDay(parseCron(text), zone, now);
    expect(skipped('0 2 * * *', 'Europe/Berlin')).toBe('2026-03-29');
    expect(skipped('59 2 29 3 *', 'Europe/Berlin')).toBe('2026-03-29');
    expect(skipped('0 2 * * 1-5', 'Europe/Berlin')).toBeUndefined();
    expect(skipped('0 2,4 * * *', 'Europe/Berlin')).toBeUndefined();
    expect(skipped('0 3 * * *', 'Europe/Berlin')).toBeUndefined();
    expect(skipped('0 2 * * *', 'UTC')).toBeUndefined();
    // Clocks go forward at midnight there, and by half an hour there.
    expect(skipped('15 0 * * *', 'Africa/Cairo')).toBe('2026-04-24');
    expect(skipped('15 2 * * *', 'Australia/Lord_Howe')).toBe('2026-10-04');
    expect(skipped('45 2 * * *', 'Australia/Lord_Howe')).toBeUndefined();
  });
});

describe('a schedules file', () => {
  const read = (yaml: string) => {
    const file = path.join(scratchDir(), 'schedules.yml');
    writeFileSync(file, yaml);
    return readSchedules(file);
  };
  const entry = (fields: Record<string, string>) => {
    const all = { workflow: 'mfgRawIngestion', cron: "'30 3 * * *'", time_zone: 'Europe/Berlin', ...fields };
    const lines = Object.entries(all).map(([name, value]) => `    ${name}: ${value}`);
    return `schedules:\n  nightly:\n${lines.join('\n')}\n`;
  };

  it('has defaults', () => {
    expect(read(entry({})).nightly).toMatchObject({
      overlap: 'buffer_one',
      catchup_window: 86_400_000,
      jitter: 0,
      input: {},
    });
  });

  it.each([
    [entry({ workflow: 'mfgAlert' }), /schedules\.nightly\.workflow: must be one of mfgRawIngestion, /],
    [
      entry({ time_zone: 'Berlin' }),
      /schedules\.nightly\.time_zone: must be an IANA time zone such as Europe\/Berlin\.$/,
    ],
    [
      entry({ cron: "'0 2 * * *'" }),
      /cron: '0 2 \* \* \*' does not exist in Europe\/Berlin on 20\d\d-03-\d\d, when clocks go forward/,
    ],
    [entry({ overlap: 'never' }), /schedules\.nightly\.overlap: must be skip, buffer_one/],
    [entry({ catchup_window: '5s' }), /catchup_window: must be 10s to 366d/],
    [entry({ jitter: '5 minutes' }), /jitter: must be a duration such as 30s/],
    [entry({ jitter: '2d' }), /jitter: must be 0s to 23h/],
    [entry({ input: '{ tables: nope }' }), /schedules\.nightly\.input\.tables: /],
    [entry({ input: '{ sauce: x }' }), /schedules\.nightly\.input: Unrecognized key/],
    [
      entry({ input: '{ logicalDate: "2026-03-01" }' }),
      /input\.logicalDate: must be left out: a run takes its date from the schedule/,
    ],
    [entry({ timezone: 'UTC' }), /schedules\.nightly: Unrecognized key: "timezone"/],
    [entry({}).replace('nightly', '"a b"'), /schedules\.a b: must have an id of lower case letters/],
    [entry({}).replace(/$/, '  nightly:\n    workflow: mfgRetention\n'), /is not valid YAML: Map keys must be unique/],
    ['schedules: [', /is not valid YAML: /],
    ['', /schedules\.yml: the file: /],
  ])('%# is refused in a sentence', (yaml, sentence) => {
    expect(() => read(yaml)).toThrow(sentence);
  });

  it('that does not exist is named', () => {
    expect(() => readSchedules('/nowhere.yml')).toThrow(
      '/nowhere.yml cannot be read (ENOENT): name another file with --file.',
    );
  });

  it('of the project is valid', () => {
    expect(Object.keys(readSchedules(path.join(PROJECT_ROOT, 'schedules.yml')))).toEqual([
      'nightly-ingestion',
      'monitoring',
      'nightly-retention',
    ]);
  });

  it('writes durations in the largest unit that fits', () => {
    expect([0, 30_000, 90_000, 3_600_000, 129_600_000, 172_800_000].map(durationText)).toEqual([
      '0s',
      '30s',
      '90s',
      '1h',
      '36h',
      '2d',
    ]);
  });
});
