import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeToString } from 'fast-csv';
import type { Defect, DefectiveDelivery, FileDefects } from './defects';
import type { DeliveredTable } from './simulate';

/** What `truth.json` says of an export. */
export interface Truth {
  options: Record<string, unknown>;
  /** Records per file, after the header; rows that no reader will accept are counted too. */
  records: Record<string, number>;
  defects: Defect[];
}

/**
 * Writes deliveries as `<out>/<YYYY-MM-DD>/<table>.csv`. Each file gets its final name only when it is whole.
 *
 * @returns the truth about what was written.
 */
export async function writeExport(
  deliveries: Iterable<DefectiveDelivery>,
  out: string,
  options: Record<string, unknown>,
  onDay: (logicalDate: string, records: number) => void,
): Promise<Truth> {
  const truth: Truth = { options, records: {}, defects: [] };
  for (const delivery of deliveries) {
    const folder = path.join(out, delivery.logicalDate);
    await mkdir(folder, { recursive: true });
    let records = 0;
    for (const table of delivery.tables) {
      const name = `${table.table}.csv`;
      await writeWhole(path.join(folder, name), await toCsv(table, delivery.files.get(table)));
      truth.records[`${delivery.logicalDate}/${name}`] = table.rows.length;
      records += table.rows.length;
    }
    truth.defects.push(...delivery.defects);
    onDay(delivery.logicalDate, records);
  }
  return truth;
}

/** Writes a file under another name first, so that its own name never shows half of it. */
export async function writeWhole(file: string, content: string): Promise<void> {
  const aside = `${file}.tmp`;
  try {
    await writeFile(aside, content);
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

async function toCsv(table: DeliveredTable, file: FileDefects = { bom: false, crlf: false }): Promise<string> {
  const rowDelimiter = file.crlf ? '\r\n' : '\n';
  const text = await writeToString([table.columns, ...table.rows], { rowDelimiter, includeEndRowDelimiter: true });
  return `${file.bom ? '\uFEFF' : ''}${text}`;
}
