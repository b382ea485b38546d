import type { Definition } from '../report-data';

/** Sums of columns; null where there was nothing to sum. */
export type Sums = Record<string, number | null>;

/**
 * A KPI over any rows, from their sums, by what dbt's YAML says it divides or multiplies: never from ratios of parts. Null without a
 * denominator, or when one of its factors is unknown.
 */
export function kpi(definitions: Record<string, Definition>, name: string, sums: Sums): number | null {
  const definition = definitions[name];
  if (definition?.ratioOf !== undefined) {
    const [numerator, denominator] = definition.ratioOf.map((column) => sums[column] ?? null);
    return numerator === null || numerator === undefined || !denominator ? null : numerator / denominator;
  }
  if (definition?.productOf === undefined) return null;
  const factors = definition.productOf.map((factor) => kpi(definitions, factor, sums));
  const known = factors.filter((factor) => factor !== null);
  if (known.length === factors.length) return known.reduce((product, factor) => product * factor, 1);
  const { zeroWithout } = definition;
  // The first factor is over all of the time: without it there is nothing that could be 0.
  return factors[0] !== null && zeroWithout !== undefined && sums[zeroWithout] === 0 ? 0 : null;
}

/** The query that gives the same figures: sums first, then what is made of them. */
export function kpiSql(
  definitions: Record<string, Definition>,
  names: readonly string[],
  columns: readonly string[],
  where: string,
): string {
  const sums = columns.map((column) => `    sum(${column}) as ${column}`).join(',\n');
  const kpis = names.map((name) => `  ${expression(definitions, name)} as ${name}`).join(',\n');
  return `with sums as (\n  select\n${sums}\n  from marts.work_unit_shift_kpis\n  where ${where}\n)\nselect\n${kpis},\n  sums.*\nfrom sums`;
}

function expression(definitions: Record<string, Definition>, name: string): string {
  const definition = definitions[name];
  if (definition?.ratioOf !== undefined) {
    const [numerator, denominator] = definition.ratioOf;
    return `cast(${numerator} as double) / nullif(${denominator}, 0)`;
  }
  const [first = 'null', ...others] = (definition?.productOf ?? []).map((factor) => expression(definitions, factor));
  const { zeroWithout } = definition ?? {};
  if (zeroWithout === undefined || others.length === 0) return [first, ...others].join(' * ');
  return `${first}\n    * coalesce(${others.join(' * ')}, case when ${zeroWithout} = 0 then 0 end)`;
}

/** Why planned busy time was not fully productive: each second of it is in exactly one of these, or productive. */
export interface Loss {
  name: string;
  /** Its seconds are the first sum less the others. */
  of: [string, ...string[]];
  means: string;
}

export const LOSSES: readonly Loss[] = [
  {
    name: 'Idle',
    of: ['planned_busy_time_s', 'actual_unit_busy_time_s'],
    means: 'Planned, but the work unit was neither producing, set up nor delayed.',
  },
  { name: 'Setup', of: ['actual_unit_setup_time_s'], means: 'In the state setup.' },
  { name: 'Delays', of: ['actual_unit_delay_time_s'], means: 'Blocked, starved or unplanned down.' },
  {
    name: 'Speed',
    of: ['rated_production_time_s', 'planned_run_time_s'],
    means: 'Producing took longer than the standard time; negative when it was faster.',
  },
  {
    name: 'Scrap and rework',
    of: ['planned_run_time_s', 'good_planned_run_time_s'],
    means: 'Standard time of what did not come out good.',
  },
  {
    name: 'Not rated',
    of: ['actual_production_time_s', 'rated_production_time_s'],
    means: 'Producing in shifts with an item that has no standard time: neither lost nor productive.',
  },
];

/** Seconds of a loss. */
export function lossOf({ of: [first, ...others] }: Loss, sums: Sums): number {
  return others.reduce((left, column) => left - (sums[column] ?? 0), sums[first] ?? 0);
}
