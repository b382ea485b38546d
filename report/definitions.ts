import type { DescribedColumn } from '../contracts/dbt-artifacts';
import type { Definition } from './report-data';

/** Relations whose columns the page shows, the one that defines a figure first. */
const RELATIONS = [
  'marts.work_unit_shift_kpis',
  'marts.plant_day_kpis',
  'marts.downtime_pareto',
  'marts.order_progress',
];

/** What a name's ending says of the unit, as docs/domain.md has it. */
const UNITS: readonly [RegExp, string][] = [
  [/_per_s$/, 'per second'],
  [/_s$/, 'seconds'],
  [/_hours$/, 'hours'],
  [/_at$/, 'time, UTC'],
  [/_(date|starts_on)$/, 'date'],
  [/_(ratio|index)$/, 'ratio, 1 is 100 %'],
  [/^(is|has)_/, 'yes or no'],
  [/_quantity$/, "the material's unit of measure"],
  [/^orders_|^(failures|occurrences)$/, 'count'],
];

/**
 * The figures of the page as the publication's own dbt project defines them, by column name. A name that several relations have is
 * defined by the first.
 */
export function definitionsOf(columns: readonly DescribedColumn[]): Record<string, Definition> {
  const found: Record<string, Definition> = {};
  for (const relation of RELATIONS) {
    for (const column of columns.filter((described) => described.relation === relation)) {
      found[column.name] ??= {
        name: column.kpi ?? spoken(column.name),
        description: column.description,
        unit: column.kpi === undefined ? unitOf(column.name) : 'ratio, 1 is 100 %',
        source: `${relation}.${column.name}`,
        ...(column.ratioOf && { ratioOf: column.ratioOf }),
        ...(column.productOf && { productOf: column.productOf }),
        ...(column.zeroWithout && { zeroWithout: column.zeroWithout }),
      };
    }
  }
  return found;
}

function unitOf(column: string): string {
  return UNITS.find(([ending]) => ending.test(column))?.[1] ?? '';
}

function spoken(column: string): string {
  const words = column.replace(/_s$/, '').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
