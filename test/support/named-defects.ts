import { contentOf, dayOf, parseCsv, readTruth, tableOf } from './simulated-export';

/** A record that the simulator says it has spoilt, or has not delivered yet (kind `undelivered`, of no file). */
export interface NamedDefect {
  table: string;
  kind: string;
  /** Its key: the first cell of the record, which is never spoilt. */
  key: string;
  file: string | null;
  row: number | null;
  logicalDate: string | null;
}

/** Every record of an export that `truth.json` names, with its key. */
export function namedDefects(folder: string): NamedDefect[] {
  const { files, undelivered } = readTruth(folder);
  const late = Object.entries(undelivered).flatMap(([table, keys]) =>
    keys.map((key) => ({ table, kind: 'undelivered', key, file: null, row: null, logicalDate: null })),
  );
  const spoilt = Object.entries(files).flatMap(([file, { defects }]) => {
    if (Object.keys(defects).length === 0) return [];
    const [, ...records] = parseCsv(contentOf(folder, file).toString());
    return Object.entries(defects).flatMap(([kind, rows]) =>
      rows.map((row) => ({
        ...{ table: tableOf(file), kind, key: records[row - 1]?.[0] ?? '', file, row },
        logicalDate: dayOf(file),
      })),
    );
  });
  return [...spoilt, ...late];
}
