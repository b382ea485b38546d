import type { ReportData } from '../report-data';
import type { Sums } from './kpis';
import type { Selection } from './selection';
import { numbersOf, rowsOf, textsOf } from './tables';

/** A delay of one shift, or summed over several. */
export interface Delay {
  state: string;
  reason: string;
  seconds: number;
}

/** A site or work unit, as people know it. */
export interface Place {
  id: string;
  name: string;
}

/** The shifts of the publication, ready to be summed over any selection. */
export class Shifts {
  readonly count: number;
  /** Production days with a shift, ascending. */
  readonly days: string[];
  readonly columns: string[];
  private readonly site: (string | null)[];
  private readonly unit: (string | null)[];
  private readonly line: (string | null)[];
  private readonly day: (string | null)[];
  private readonly shift: (number | null)[];
  private readonly sums: Map<string, (number | null)[]>;
  private readonly delays: Delay[][];
  private readonly names = new Map<string, string>();

  constructor({ tables }: ReportData) {
    const { shifts, delays } = tables;
    this.count = shifts.rows;
    [this.site, this.unit, this.line, this.day] = ['site_id', 'equipment_id', 'work_center_id', 'production_date'].map(
      (name) => textsOf(shifts, name),
    ) as [(string | null)[], (string | null)[], (string | null)[], (string | null)[]];
    this.shift = numbersOf(shifts, 'shift_number');
    this.columns = Object.keys(shifts.columns).filter((name) => name.endsWith('_s'));
    this.sums = new Map(this.columns.map((name) => [name, numbersOf(shifts, name)]));
    this.days = [...new Set(this.day.filter((date) => date !== null))].sort();
    this.delays = Array.from({ length: this.count }, () => []);
    const [states, reasons] = [textsOf(delays, 'state'), textsOf(delays, 'reason_code')];
    const seconds = numbersOf(delays, 'delay_time_s');
    numbersOf(delays, 'shift').forEach((row, index) => {
      const delay = { state: states[index] ?? '', reason: reasons[index] ?? '', seconds: seconds[index] ?? 0 };
      if (row !== null) this.delays[row]?.push(delay);
    });
    for (const row of rowsOf(tables.equipment)) this.names.set(row.text('equipment_id'), row.text('equipment_name'));
    for (const row of rowsOf(tables.sites)) this.names.set(row.text('site_id'), row.text('site_name'));
  }

  /** A site, line or work unit by the name that people know. */
  nameOf(id: string): string {
    return this.names.get(id) || id;
  }

  /** Sites of the shifts. */
  sites(): Place[] {
    return this.places(this.site);
  }

  /** Work units of a site, or of all; the line of each stands in the second map. */
  units(site: string | null): (Place & { line: string })[] {
    const found = new Map<string, string>();
    for (let row = 0; row < this.count; row++) {
      const unit = this.unit[row];
      if (unit && (site === null || this.site[row] === site)) found.set(unit, this.line[row] ?? '');
    }
    const units = [...found].map(([id, line]) => ({ id, name: this.nameOf(id), line }));
    return units.sort((a, b) => a.id.localeCompare(b.id));
  }

  /** Numbers that shifts have. */
  shiftNumbers(): number[] {
    return [...new Set(this.shift.filter((number) => number !== null))].sort((a, b) => a - b);
  }

  /** The site of a work unit. */
  siteOf(unit: string): string | null {
    return this.site[this.unit.indexOf(unit)] ?? null;
  }

  /** Rows of a selection. */
  rows({ site, unit, shift, from, to }: Selection): number[] {
    const found: number[] = [];
    for (let row = 0; row < this.count; row++) {
      const day = this.day[row] ?? '';
      if (day < from || day > to) continue;
      if (site !== null && this.site[row] !== site) continue;
      if (unit !== null && this.unit[row] !== unit) continue;
      if (shift !== null && this.shift[row] !== shift) continue;
      found.push(row);
    }
    return found;
  }

  /** The newest day on which a place and shift has something, whatever days are selected. */
  newestDay(selection: Selection): string | undefined {
    const rows = this.rows({ ...selection, from: '', to: '9999' });
    return rows.reduce<string | undefined>((newest, row) => {
      const day = this.day[row] ?? '';
      return newest === undefined || day > newest ? day : newest;
    }, undefined);
  }

  /** Sums over rows; null where no row has a value. */
  sum(rows: readonly number[]): Sums {
    return Object.fromEntries(
      [...this.sums].map(([name, values]) => {
        let sum: number | null = null;
        for (const row of rows) {
          const value = values[row] ?? null;
          if (value !== null) sum = (sum ?? 0) + value;
        }
        return [name, sum];
      }),
    );
  }

  /** Rows by what one of their columns says. */
  groups(rows: readonly number[], by: 'site' | 'unit' | 'shift' | 'day'): Map<string, number[]> {
    const values = { site: this.site, unit: this.unit, shift: this.shift, day: this.day }[by];
    const groups = new Map<string, number[]>();
    for (const row of rows) {
      const key = String(values[row] ?? '');
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [row]);
      else group.push(row);
    }
    return new Map([...groups].sort(([a], [b]) => a.localeCompare(b)));
  }

  /** Delays of rows by state and reason, the longest first. */
  delaysOf(rows: readonly number[]): Delay[] {
    const sums = new Map<string, Delay>();
    for (const row of rows) {
      for (const { state, reason, seconds } of this.delays[row] ?? []) {
        const key = `${state}\u0000${reason}`;
        const known = sums.get(key);
        if (known === undefined) sums.set(key, { state, reason, seconds });
        else known.seconds += seconds;
      }
    }
    return [...sums.values()].sort((a, b) => b.seconds - a.seconds || a.reason.localeCompare(b.reason));
  }

  private places(ids: (string | null)[]): Place[] {
    const distinct = [...new Set(ids.filter((id) => id !== null))].sort();
    return distinct.map((id) => ({ id, name: this.nameOf(id) }));
  }
}
