import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { formatDay } from './local-time';
import { type SimulationOptions, simulate } from './simulate';

/** Where the deliveries go, under the output folder. */
const DELIVERIES = path.join('source_system', 'mes');
const TRUTH = 'truth.json';

export interface ExportSummary {
  files: number;
  records: number;
  bytes: number;
}

/**
 * Writes the deliveries to `<folder>/source_system/mes/<YYYY-MM-DD>/<table>.csv`, and to `<folder>/truth.json` what was put
 * into them: the records of each file and the record numbers of each defect. A file of the same name is replaced, whole
 * and at once; others are left alone.
 */
export async function writeExport(folder: string, options: SimulationOptions): Promise<ExportSummary> {
  const summary: ExportSummary = { files: 0, records: 0, bytes: 0 };
  const truth: Record<string, object> = {};
  for (const { logicalDate, files } of simulate(options)) {
    for (const { table, text, records, malformedRecords, defects } of files) {
      const name = path.join(DELIVERIES, logicalDate, `${table}.csv`);
      await replaceFile(path.join(folder, name), text);
      truth[name] = { records, malformedRecords, defects };
      summary.files += 1;
      summary.records += records;
      summary.bytes += Buffer.byteLength(text);
    }
  }
  await replaceFile(path.join(folder, TRUTH), truthText(options, truth));
  return summary;
}

/** One line per file, so that a difference can be read. */
function truthText({ seed, firstDay, days, defects }: SimulationOptions, files: Record<string, object>): string {
  const options = JSON.stringify({ seed, firstDay: formatDay(firstDay), days, defects });
  const entries = Object.entries(files).map(([name, file]) => `    ${JSON.stringify(name)}: ${JSON.stringify(file)}`);
  return `{\n  "options": ${options},\n  "files": {\n${entries.join(',\n')}\n  }\n}\n`;
}

async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const aside = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(aside, text);
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}
