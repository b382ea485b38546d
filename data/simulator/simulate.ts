import { simulateCourse } from './course';
import { toCsv } from './csv';
import { type DefectKind, type FileContent, type Line, flawless, withDefects } from './defects';
import { type Day, formatDay } from './local-time';
import { materials } from './plant';
import { COLUMNS, type Table, tablesAtEndOf } from './tables';

export interface SimulationOptions {
  /** Equal seeds give equal bytes. */
  seed: number;
  /** Logical date of the first delivery. */
  firstDay: Day;
  /** Number of deliveries, one a day. */
  days: number;
  /** Whether the export holds the defects of real ones. */
  defects: boolean;
}

/** What the source system exports for one logical date: every table, whole, as of the end of that day. */
export interface Delivery {
  /** YYYY-MM-DD */
  logicalDate: string;
  files: DeliveredFile[];
}

export interface DeliveredFile {
  table: Table;
  text: string;
  /** Records after the header, those that no reader can accept included. */
  records: number;
  /** Records with too few or too many fields. */
  malformedRecords: number;
  /** Record numbers, from 1, by kind of defect; a defect of the file as a whole has none. */
  defects: Partial<Record<DefectKind, number[]>>;
}

/**
 * Simulates the plant and yields its deliveries, oldest first. The first n deliveries are the same however many follow.
 */
export function* simulate({ seed, firstDay, days, defects }: SimulationOptions): Generator<Delivery> {
  const course = simulateCourse(seed, firstDay, days);
  const masterData = materials(seed, firstDay, firstDay + days - 1);
  for (let delivery = 0; delivery < days; delivery++) {
    const tables = tablesAtEndOf(firstDay + delivery, masterData, course);
    const files = defects ? withDefects(tables, delivery, seed) : flawless(tables);
    yield { logicalDate: formatDay(firstDay + delivery), files: files.map(toDeliveredFile) };
  }
}

function toDeliveredFile(content: FileContent): DeliveredFile {
  const { table, lines } = content;
  return {
    table,
    text: toCsv(content),
    records: lines.length,
    malformedRecords: lines.filter(({ cells }) => cells.length !== COLUMNS[table].length).length,
    defects: rowsByKind(content.defects, lines),
  };
}

function rowsByKind(ofFile: DefectKind[], lines: Line[]): Partial<Record<DefectKind, number[]>> {
  const rows: Partial<Record<DefectKind, number[]>> = Object.fromEntries(ofFile.map((kind) => [kind, []]));
  lines.forEach(({ defects }, index) => {
    for (const kind of defects) rows[kind] = [...(rows[kind] ?? []), index + 1];
  });
  return rows;
}
