import { levelOf, type ModelColumnQuality } from '../contracts/quality-rules';
import type { DeclaredCheck, Finding } from './outcome';
import type { ModelToCheck } from './model-to-check';
import { judgeShift } from './distribution';
import { isOneOf, keyText } from './sql';

/** Deliveries that a delivery's values are compared with. */
const REFERENCE_DAYS = 28;
/** Deciles of the deliveries before. */
const BINS = 10;
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

/** Population stability index of the newest delivery, by group, judged by the maximum and by what was usual day by day before. */
async function judgeDistribution(request: ModelToCheck, column: string, shift: Shift): Promise<Finding> {
  const newest = request.checkedDates.at(-1);
  const groups =
    newest === undefined ? new Map<string, Map<string, number[]>>() : await binned(request, column, shift.by, newest);
  const judged = [...groups].flatMap(([group, days]) => {
    const current = days.get(newest ?? '');
    const before = [...days].filter(([date]) => date !== newest);
    const sameWeekday = before.filter(([date]) => isSameWeekday(date, newest ?? '')).map(([, counts]) => counts);
    const options = { maxPsi: shift.max_psi, sameWeekday };
    const verdict =
      current &&
      judgeShift(
        before.map(([, counts]) => counts),
        current,
        options,
      );
    return verdict?.kind === 'judged' ? [{ group, ...verdict }] : [];
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

const WEEK_MS = 7 * 86_400_000;

function isSameWeekday(date: string, other: string): boolean {
  return (Date.parse(date) - Date.parse(other)) % WEEK_MS === 0;
}

/** Values per group, delivery and decile of the deliveries before the newest. */
async function binned(
  request: ModelToCheck,
  column: string,
  by: string[],
  newest: string,
): Promise<Map<string, Map<string, number[]>>> {
  const edges = Array.from({ length: BINS - 1 }, (_, index) => index + 1);
  const isNewest = isOneOf('d', [newest], request.sql);
  const { rows } = await request.query(
    `with v as (${valuesOf(request, column, by, newest)}),
     edges as (
       select g, ${edges.map((n) => `percentile_cont(${n / BINS}) within group (order by v) as e${n}`).join(', ')}
       from v where not (${isNewest}) group by g
     )
     select v.g, cast(v.d as varchar) as d, case ${edges.map((n) => `when v.v <= edges.e${n} then ${n - 1}`).join(' ')}
       else ${BINS - 1} end as bin, count(*) as n
     from v inner join edges on v.g = edges.g group by 1, 2, 3 order by 1, 2, 3`,
  );
  const groups = new Map<string, Map<string, number[]>>();
  for (const row of rows) {
    const days = groups.get(String(row.g)) ?? new Map<string, number[]>();
    groups.set(String(row.g), days);
    const counts = days.get(String(row.d)) ?? Array.from({ length: BINS }, () => 0);
    days.set(String(row.d), counts);
    counts[Number(row.bin)] = Number(row.n);
  }
  return groups;
}

/** Group by group, the newest delivery's median against that of the deliveries before; only groups that stand out leave the query. */
async function judgeMagnitude(request: ModelToCheck, column: string, { by, factor }: Scale): Promise<Finding> {
  const newest = request.checkedDates.at(-1);
  const expected = `within ${factor} times what was usual`;
  if (newest === undefined) return { holds: true, observed: 'nothing to compare', expected };
  const isNewest = isOneOf('d', [newest], request.sql);
  const { rows } = await request.query(
    `with v as (${valuesOf(request, column, by, newest)}),
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

/** The known values of a delivery and of those before it: group `g`, delivery `d`, value `v`. */
function valuesOf({ model, sql }: ModelToCheck, column: string, by: string[], newest: string): string {
  const from = new Date(Date.parse(newest) - REFERENCE_DAYS * 86_400_000).toISOString().slice(0, 10);
  const cell = sql.identifier(column);
  const group = by.length === 0 ? sql.literal('all') : keyText(by.map((name) => sql.identifier(name)));
  return `select ${group} as g, _logical_date as d, cast(${cell} as double) as v
    from ${model.schema}.${sql.identifier(model.name)}
    where ${cell} is not null and _logical_date between cast(${sql.literal(from)} as date) and cast(${sql.literal(newest)} as date)`;
}
