import { columnar } from '../../report/columnar';
import { definitionsOf } from '../../report/definitions';
import { joinDelays } from '../../report/join-delays';
import { kpi } from '../../report/page/kpis';
import type { Definition, QueriedTable } from '../../report/report-data';

describe('columns of a query', () => {
  it('codes texts by their distinct values, and keeps null apart from an empty text', () => {
    const { rows, columns } = columnar({
      columns: ['reason'],
      rows: [{ reason: 'jam' }, { reason: null }, { reason: '' }, { reason: 'jam' }],
    });
    expect(rows).toBe(4);
    expect(columns.reason).toEqual({ texts: ['jam', ''], codes: [0, -1, 1, 0] });
  });

  it('has numbers for numbers, for booleans and for what is said to be one', () => {
    const { columns } = columnar(
      { columns: ['seconds', 'is_late', 'ratio'], rows: [{ seconds: '27000', is_late: true, ratio: null }] },
      ['seconds'],
    );
    expect(columns).toEqual({ seconds: { numbers: [27000] }, is_late: { numbers: [1] }, ratio: { numbers: [null] } });
  });
});

describe('delays', () => {
  it('name the row of their shift; one of an unknown shift is left out', () => {
    const table = (rows: Record<string, unknown>[]): QueriedTable => ({
      ...columnar({ columns: Object.keys(rows[0] ?? {}), rows }),
      ...{ sql: '', missing: null },
    });
    const { shifts, delays } = joinDelays({
      shifts: table([
        { shift_id: 'b', n: 1 },
        { shift_id: 'a', n: 2 },
      ]),
      delays: table([
        { shift_id: 'a', state: 'blocked', s: 60 },
        { shift_id: 'gone', state: 'starved', s: 5 },
      ]),
    });
    expect(shifts.columns).toEqual({ n: { numbers: [1, 2] } });
    expect(delays.rows).toBe(1);
    expect(delays.columns.shift).toEqual({ numbers: [1] });
    expect(delays.columns.s).toEqual({ numbers: [60] });
  });
});

describe('definitions', () => {
  const column = (relation: string, name: string, kpiName?: string) => ({
    ...{ relation, name, description: `${name} of ${relation}`, kpi: kpiName },
    ...{ ratioOf: undefined, productOf: undefined, zeroWithout: undefined },
  });

  it('come from the first relation that has the figure, with the unit that its name says', () => {
    const found = definitionsOf([
      column('marts.plant_day_kpis', 'availability', 'Availability'),
      column('marts.work_unit_shift_kpis', 'availability', 'Availability'),
      column('marts.downtime_pareto', 'delay_time_s'),
      column('core.dim_site', 'site_name'),
    ]);
    expect(found.availability).toMatchObject({
      name: 'Availability',
      source: 'marts.work_unit_shift_kpis.availability',
      unit: 'ratio, 1 is 100 %',
    });
    expect(found.delay_time_s).toMatchObject({ name: 'Delay time', unit: 'seconds' });
    expect(found.site_name).toBeUndefined();
  });
});

describe('a KPI over sums', () => {
  const definitions = {
    availability: { ratioOf: ['apt', 'pbt'] },
    quality: { ratioOf: ['good', 'made'] },
    oee: { productOf: ['availability', 'quality'], zeroWithout: 'made' },
  } as unknown as Record<string, Definition>;

  it('divides sums', () => expect(kpi(definitions, 'availability', { apt: 30, pbt: 40 })).toBe(0.75));

  it.each([0, null])('is null without a denominator (%s)', (pbt) =>
    expect(kpi(definitions, 'availability', { apt: 30, pbt })).toBeNull(),
  );

  it('is 0 when nothing was made, and null when it is not known what was', () => {
    expect(kpi(definitions, 'oee', { apt: 30, pbt: 40, good: 0, made: 0 })).toBe(0);
    expect(kpi(definitions, 'oee', { apt: 30, pbt: 40, good: null, made: null })).toBeNull();
    expect(kpi(definitions, 'oee', { apt: 0, pbt: 0, good: 0, made: 0 })).toBeNull();
    expect(kpi(definitions, 'oee', { apt: 30, pbt: 40, good: 9, made: 10 })).toBeCloseTo(0.675, 12);
  });
});
