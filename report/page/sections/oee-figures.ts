import type { Selection, SelectionStore } from '../selection';

export const FACTORS = ['availability', 'effectiveness', 'quality_ratio'] as const;
/** What is shown of each selection: OEE, then what it multiplies. */
export const CARDS = ['oee_index', ...FACTORS] as const;

/** Selects, and puts the focus where it led to: what was pressed is gone. */
export function lead(store: SelectionStore, change: Partial<Selection>): void {
  store.set(change);
  document.getElementById('here')?.focus();
}

/** The selection as a condition of SQL. */
export function conditionOf({ site, unit, shift, from, to }: Selection): string {
  const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
  return [
    `production_date between cast(${text(from)} as date) and cast(${text(to)} as date)`,
    site !== null && `site_id = ${text(site)}`,
    unit !== null && `equipment_id = ${text(unit)}`,
    shift !== null && `shift_number = ${shift}`,
  ]
    .filter(Boolean)
    .join('\n    and ');
}
