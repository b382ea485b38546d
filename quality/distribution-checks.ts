import { levelOf, type ModelColumnQuality } from '../contracts/quality-rules';
import type { DeclaredCheck, Finding } from './outcome';
import type { ModelToCheck } from './model-to-check';
import { type BinnedDays, judgeShift } from './distribution';
import { isOneOf, keyText } from './sql';

/** Days that values are read of: their own shifts say what is usual. */
const REFERENCE_DAYS = 30;
/** Of so many days before, a day has to differ from each. */
const COMPARED_DAYS = 2;
/** Deciles of the day that is compared with. */
const BINS = 10;
/** Days with fewer values are neither judged nor compared with: chance alone would make more of any shift. */
const LEAST_VALUES = 100;
/** Things with fewer values on a day have no deciles. */
const LEAST_VALUES_OF_EACH = 20;
/** A group of fewer values says nothing of their unit. */
const FEWEST_VALUES = 3;
const FINDINGS_TOLD = 20;

/** A check that compares values with those of earlier deliveries. */
interface DistributionCheck {
  declared: DeclaredCheck;
  judge: () => Promise<Finding>;
}

/** What the newest checked delivery's values are compared by: their distribution and their magnitude. */
export function distributionChecks(request: ModelToCheck): DistributionCheck[] {
  const { model } = request;
  return Object.entries(model.columns).flatMap(([column, { shift, scale }]) => [
    ...(shift === undefined
      ? []
      : [
          {
            declared: { check: `shift_${column}`, table: model.name, level: levelOf(shift), rule: shift },
            judge: () => judgeDistribution(request, column, shift),
          },
        ]),
    ...(scale === undefined
      ? []
      : [
          {
            declared: { check: `scale_${column}`, table: model.name, level: levelOf(scale), rule: scale },
            judge: () => judgeMagnitude(request, column, scale),
          },
        ]),
  ]);
}

type Shift = NonNullable<ModelColumnQuality['shift']>;
type Scale = NonNullable<ModelColumnQuality['scale']>;

/**
 * Population stability index of the newest delivery against each of the days just before, by group: the least of them is judged, by the
 * maximum and by what was usual from day to day.
 */
async function judgeDistribution(request: ModelToCheck, column: string, shift: Shift): Promise<Finding> {
  const newest = request.checkedDates.at(-1);
  const groups = newest === undefined ? new Map<string, ComparedDays>() : await compare(request, column, shift, newest);
  const judged = [...groups].flatMap(([group, days]) => {
    const current = comparable(days.get(newest ?? ''));
    const usual = [...days].filter(([date]) => date !== newest).map(([, compared]) => comparable(compared));
    const verdict = judgeShift(usual, current, shift.max_psi);
    return verdict.kind === 'judged' ? [{ group, ...verdict }] : [];
  });
  const byPsi = [...judged].sort((a, b) => b.psi - b.high - (a.psi - a.high));
  const unusual = byPsi.filter(({ isUnusual }) => isUnusual);
  const worst = unusual[0] ?? byPsi[0];
  if (worst === undefined) return { holds: true, observed: 'nothing to compare', expected: 'a distribution as before' };
  const ofGroup = shift.by.length === 0 ? '' : ` of ${worst.group}`;
  return {
    holds: unusual.length === 0,
    observed: `PSI ${worst.psi.toFixed(3)}${ofGroup} on ${newest}`,
    expected: 'a distribution as before',
    threshold: `PSI above ${worst.high.toFixed(3)}`,
    sample: unusual.map(({ group }) => group),
    details: {
      date: newest,
      groups: byPsi.slice(0, FINDINGS_TOLD).map(({ group, psi, high }) => ({ group, psi, high })),
    },
  };
}

/** Day by day, the days that it is compared with, by how many days before they are. */
type ComparedDays = Map<string, Map<number, BinnedDays>>;

/**
 * Of each group and day: its values and those of each of the days just before, counted in the deciles of the latter. Each thing of the
 * group has deciles of its own, so that it makes no difference which of them were running. A day with less than half of the usual
 * values is left out: of few things few are running, which tells nothing of the others.
 */
async function compare(
  request: ModelToCheck,
  column: string,
  shift: Shift,
  newest: string,
): Promise<Map<string, ComparedDays>> {
  const cuts = Array.from({ length: BINS - 1 }, (_, index) => index + 1);
  const bin = `case ${cuts.map((n) => `when v.v <= deciles.e${n} then ${n - 1}`).join(' ')} else ${BINS - 1} end as bin`;
  const { rows } = await request.query(
    `with v as (${valuesOf(request, column, shift, newest)}),
     days as (select g, d, count(*) as n from v group by g, d),
     typical as (select g, median(n) as n from days group by g),
     full_days as (
       select days.g, days.d, row_number() over (partition by days.g order by days.d) as place
       from days inner join typical on days.g = typical.g
       where days.n >= typical.n / 2 and days.n >= ${LEAST_VALUES}
     ),
     pairs as (
       select judged.g, judged.d, earlier.d as earlier_d, judged.place - earlier.place as days_before
       from full_days as judged inner join full_days as earlier on judged.g = earlier.g
         and earlier.place between judged.place - ${COMPARED_DAYS} and judged.place - 1
     ),
     deciles as (
       select pairs.g, pairs.d, pairs.earlier_d, pairs.days_before, v.t,
         ${cuts.map((n) => `percentile_cont(${n / BINS}) within group (order by v.v) as e${n}`).join(', ')}
       from pairs inner join v on pairs.g = v.g and pairs.earlier_d = v.d
       group by pairs.g, pairs.d, pairs.earlier_d, pairs.days_before, v.t having count(*) >= ${LEAST_VALUES_OF_EACH}
     ),
     placed as (
       select deciles.g, deciles.d, deciles.days_before, 1 as is_now, ${bin}
       from deciles inner join v on deciles.g = v.g and deciles.d = v.d and deciles.t = v.t
       union all
       select deciles.g, deciles.d, deciles.days_before, 0 as is_now, ${bin}
       from deciles inner join v on deciles.g = v.g and deciles.earlier_d = v.d and deciles.t = v.t
     )
     select g, cast(d as varchar) as d, days_before, is_now, bin, count(*) as n
     from placed group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5`,
  );
  const groups = new Map<string, ComparedDays>();
  for (const row of rows) {
    const days = groups.get(String(row.g)) ?? (new Map() as ComparedDays);
    groups.set(String(row.g), days);
    const compared = days.get(String(row.d)) ?? (new Map() as Map<number, BinnedDays>);
    days.set(String(row.d), compared);
    const binned = compared.get(Number(row.days_before)) ?? { before: emptyBins(), now: emptyBins() };
    compared.set(Number(row.days_before), binned);
    (Number(row.is_now) === 1 ? binned.now : binned.before)[Number(row.bin)] = Number(row.n);
  }
  return groups;
}

/** Days whose things hardly have values in common tell nothing of each other. */
function comparable(compared: ReadonlyMap<number, BinnedDays> = new Map()): BinnedDays[] {
  const total = (counts: number[]) => counts.reduce((sum, count) => sum + count, 0);
  return [...compared.values()].filter(({ now }) => total(now) >= LEAST_VALUES);
}

function emptyBins(): number[] {
  return Array.from({ length: BINS }, () => 0);
}

/** Group by group, the newest delivery's median against that of the deliveries before; only groups that stand out leave the query. */
async function judgeMagnitude(request: ModelToCheck, column: string, { by, factor }: Scale): Promise<Finding> {
  const newest = request.checkedDates.at(-1);
  const expected = `within ${factor} times what was usual`;
  if (newest === undefined) return { holds: true, observed: 'nothing to compare', expected };
  const isNewest = isOneOf('d', [newest], request.sql);
  const { rows } = await request.query(
    `with v as (${valuesOf(request, column, { by }, newest)}),
     medians as (
       select g, median(case when ${isNewest} then abs(v) end) as now_value,
         median(case when not (${isNewest}) then abs(v) end) as usual_value,
         sum(case when ${isNewest} then 1 else 0 end) as now_count, sum(case when ${isNewest} then 0 else 1 end) as usual_count
       from v group by g
     )
     select g, now_value, usual_value from medians
     where now_count >= ${FEWEST_VALUES} and usual_count >= ${FEWEST_VALUES} and now_value > 0 and usual_value > 0
       and (now_value >= ${factor} * usual_value or now_value * ${factor} <= usual_value)
     order by g limit ${FINDINGS_TOLD}`,
  );
  const found = rows.map((row) => ({
    group: String(row.g),
    now: Number(row.now_value),
    usual: Number(row.usual_value),
  }));
  const [first] = found;
  return {
    holds: first === undefined,
    observed: first === undefined ? 'as usual' : `${first.group}: median ${first.now} on ${newest}`,
    expected: first === undefined ? expected : `about ${first.usual}`,
    threshold: `${factor} times more or less`,
    detail:
      first === undefined ? '' : `times ${Number((first.now / first.usual).toPrecision(3))}: has its unit changed?`,
    sample: found.map(({ group }) => group),
    details: { date: newest, groups: found },
  };
}

/** The known values of a delivery and of those before it: group `g`, thing of the group `t`, delivery `d`, value `v`. */
function valuesOf(
  { model, sql }: ModelToCheck,
  column: string,
  { by, each = [] }: { by: string[]; each?: string[] },
  newest: string,
): string {
  const textOf = (columns: string[]) =>
    columns.length === 0 ? sql.literal('all') : keyText(columns.map((name) => sql.identifier(name)));
  const cell = sql.identifier(column);
  const from = sql.literal(daysBefore(newest, REFERENCE_DAYS));
  return `select ${textOf(by)} as g, ${textOf(each)} as t, _logical_date as d, cast(${cell} as double) as v
    from ${model.schema}.${sql.identifier(model.name)}
    where ${cell} is not null and _logical_date between cast(${from} as date) and cast(${sql.literal(newest)} as date)`;
}

function daysBefore(date: string, days: number): string {
  return new Date(Date.parse(date) - days * 86_400_000).toISOString().slice(0, 10);
}
