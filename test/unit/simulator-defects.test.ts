import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FILE_KINDS, ROW_KINDS, fileDefect } from '../../data/simulator/defects/catalogue';
import { COLUMNS, type Table } from '../../data/simulator/columns';
import { readSourceContracts, type SourceTable } from '../../contracts/source-contract';
import { fileFaults } from '../../data/simulator/defects/file-faults';
import { TableFile } from '../../data/simulator/table-file';
import { preflight } from '../../ingestion/preflight';
import { scratchDir } from '../support/scratch';
import {
  type FileTruth,
  contentOf,
  parseCsv,
  readTruth,
  simulate,
  tableFiles,
  tableOf,
} from '../support/simulated-export';

/** Ten days with so many defects that each kind shows. */
const MANY = ROW_KINDS.flatMap((kind) => ['--defect', `${kind}=0.02`]);

interface Export {
  folder: string;
  files: Record<string, FileTruth>;
}

async function exported(...args: string[]): Promise<Export> {
  const folder = scratchDir();
  await simulate(folder, '--no-gzip', '--days', '10', '--sites', '1', ...args);
  return { folder, files: readTruth(folder).files };
}

/** The records of a file by number, from 1; with defects of its lines. */
function recordsOf({ folder }: Export, name: string): string[][] {
  return parseCsv(contentOf(folder, name).toString());
}

/** All records that the truth notes for a kind, each with the file's records and its number. */
function noted(of: Export, kind: string, table?: string): { records: string[][]; number: number; table: Table }[] {
  return Object.entries(of.files)
    .filter(([name]) => table === undefined || tableOf(name) === table)
    .flatMap(([name, { defects }]) => {
      const numbers = defects[kind] ?? [];
      const records = numbers.length > 0 ? recordsOf(of, name) : [];
      return numbers.map((number) => ({ records, number, table: tableOf(name) as Table }));
    });
}

describe('the defects of an export', () => {
  let spoilt: Export;
  let flawless: Export;
  beforeAll(async () => {
    spoilt = await exported(...MANY);
    flawless = await exported('--no-defects');
  }, 60_000);

  it('are none when none are wanted', () => {
    const wrong = Object.values(flawless.files).filter(
      ({ defects, malformedRecords }) => malformedRecords > 0 || Object.keys(defects).length > 0,
    );
    expect(wrong).toEqual([]);
  });

  it('are all there within ten days, but for those that are off', () => {
    const kinds = new Set(Object.values(spoilt.files).flatMap(({ defects }) => Object.keys(defects)));
    const offByDefault = FILE_KINDS.filter((kind) => fileDefect(kind).onDelivery === undefined);
    expect([...kinds].sort()).toEqual(
      [
        ...ROW_KINDS,
        ...FILE_KINDS.filter((kind) => !offByDefault.includes(kind)),
        'planned_far_from_manufacture',
      ].sort(),
    );
  });

  it('are counted: records and malformed ones of each file', () => {
    expect(Object.keys(spoilt.files).sort()).toEqual(tableFiles(spoilt.folder));
    for (const [name, { records, malformedRecords, defects }] of Object.entries(spoilt.files)) {
      const [header, ...lines] = recordsOf(spoilt, name);
      expect([name, lines.length]).toEqual([name, records]);
      const malformed = lines.flatMap((cells, index) => (cells.length === header?.length ? [] : [index + 1]));
      expect(malformed).toHaveLength(malformedRecords);
      const torn = [...(defects['too_few_fields'] ?? []), ...(defects['too_many_fields'] ?? [])];
      expect(malformed).toEqual(torn.sort((a, b) => a - b));
      const all = Object.values(defects).flat();
      expect(new Set(all).size).toBe(all.length);
    }
  });

  it('leave the keys as they are and the history too', () => {
    const keys = (of: Export, table: string) =>
      new Set(
        tableFiles(of.folder)
          .filter((name) => tableOf(name) === table)
          .flatMap((name) => recordsOf(of, name).map(([key]) => key)),
      );
    for (const table of ['materials', 'batches', 'production_orders', 'maintenance_orders', 'shifts']) {
      expect(keys(spoilt, table)).toEqual(keys(flawless, table));
    }
    expect(readTruth(spoilt.folder).shifts).toEqual(readTruth(flawless.folder).shifts);
    expect(readTruth(spoilt.folder).totals).toEqual(readTruth(flawless.folder).totals);
  });

  it('keep to their thing from one delivery to the next', () => {
    const bySeed = (kind: string) => noted(spoilt, kind, 'batches').map(({ records, number }) => records[number]?.[0]);
    const orphans = bySeed('orphan_material');
    expect(orphans.length).toBeGreaterThan(new Set(orphans).size);
  });

  it('repeat records, the right one last', () => {
    for (const { records, number } of noted(spoilt, 'identical_duplicate')) {
      expect(records[number]).toEqual(records[number - 1]);
    }
    for (const { records, number } of noted(spoilt, 'conflicting_duplicate')) {
      expect(records[number]?.[0]).toBe(records[number - 1]?.[0]);
      expect(records[number]).not.toEqual(records[number - 1]);
    }
  });

  it('end things before they start, in the future, or after the next state began', () => {
    const cell = (table: Table, record: string[] | undefined, column: string) =>
      record?.[(COLUMNS[table] as readonly string[]).indexOf(column)] as string;
    const isOrder = (table: Table) => table === 'production_orders';
    for (const { records, number, table } of noted(spoilt, 'ended_before_started')) {
      const [start, end] = isOrder(table) ? ['actual_start_date', 'actual_end_date'] : ['started_at', 'completed_at'];
      const record = records[number];
      expect(cell(table, record, end) < cell(table, record, start)).toBe(true);
    }
    for (const { records, number, table } of noted(spoilt, 'finished_in_future')) {
      expect(cell(table, records[number], 'actual_end_date') > '2026-12').toBe(true);
    }
    for (const { records, number } of noted(spoilt, 'overlapping_states')) expect(records[number]?.[6]).not.toBe('');
  });

  it('restart counters, which is only noted where a reading is smaller than the one before', () => {
    const resets = noted(spoilt, 'counter_reset');
    expect(resets.length).toBeGreaterThan(5);
    const readings = tableFiles(flawless.folder)
      .filter((name) => tableOf(name) === 'production_counts')
      .flatMap((name) => recordsOf(flawless, name));
    for (const { records, number } of resets) {
      const reset = records[number] as string[];
      const index = readings.findIndex(([key]) => key === reset[0]);
      const before = readings.slice(0, index).findLast((reading) => reading[1] === reset[1] && reading[2] === reset[2]);
      const increment = Number(readings[index]?.[4]) - Number(before?.[4]);
      expect(Number(reset[4])).toBe(increment);
      expect(increment).toBeLessThan(Number(before?.[4]));
    }
  });

  it('deliver wrong values that a later delivery puts right', () => {
    const wrongAndRight = noted(spoilt, 'corrected_value', 'sensor_readings').map(
      ({ records, number }) => records[number],
    );
    const right = new Map(
      tableFiles(flawless.folder)
        .filter((name) => tableOf(name) === 'sensor_readings')
        .flatMap((name) => recordsOf(flawless, name))
        .map((record) => [record[0], record]),
    );
    const last = new Map(wrongAndRight.map((record) => [record?.[0], record]));
    const corrected = [...last].filter(([key]) => wrongAndRight.filter((record) => record?.[0] === key).length === 2);
    expect(corrected.length).toBeGreaterThan(5);
    for (const [key, record] of corrected) expect(record).toEqual(right.get(key));
    const corrections = noted(spoilt, 'corrected_day');
    expect(corrections.length).toBeGreaterThan(5);
  });

  it('concern whole files: a byte-order mark, CR LF, a second copy, a header only', () => {
    const day = (kind: string) => Object.keys(spoilt.files).find((name) => spoilt.files[name]?.defects[kind]) as string;
    const text = (name: string) => contentOf(spoilt.folder, name).toString();
    expect(text(day('byte_order_mark')).startsWith('\uFEFFmaterial_id')).toBe(true);
    expect(text(day('crlf')).split('\r\n').length).toBe(text(day('crlf')).split('\n').length);
    const again = day('delivered_twice');
    expect(text(again)).toBe(text(again.replace('-2.csv', '.csv')));
    expect(spoilt.files[day('header_only')]?.records).toBe(0);
  });

  it('that are off by default can be had, one day each', async () => {
    const wanted = FILE_KINDS.filter((kind) => fileDefect(kind).onDelivery === undefined);
    const of = await exported(...wanted.flatMap((kind) => ['--defect', `${kind}=2026-01-07`]));
    const file = (table: string) => contentOf(of.folder, `source_system/mes/2026-01-07/${table}.csv`);
    const header = (table: string) => file(table).toString().split('\n')[0];
    expect(header('production_orders')).toMatch(/,planned_qty$/);
    expect(header('equipment')).toMatch(/,commissioned_on,remark$/);
    expect(header('quality_inspections')).toMatch(/,result$/);
    expect(file('quality_inspections').toString().split('\n')[1]).toMatch(/,(pass|fail)$/);
    expect(file('production_counts').toString()).toMatch(/\n[^\n"]+,"[^\n"]*\n$/);
    expect(file('suppliers').includes(Buffer.from('Søndergaard', 'latin1'))).toBe(true);
    expect(file('maintenance_orders')).toHaveLength(0);
    const [mes] = await readSourceContracts(path.join(__dirname, '..', '..', 'dbt'));
    for (const kind of wanted) {
      const table = mes?.tables.find(({ name }) => name === fileDefect(kind).table) as SourceTable;
      const name = `source_system/mes/2026-01-07/${table.name}.csv`;
      const read = preflight(path.join(of.folder, name), name, table);
      if (kind === 'invalid_utf8') await expect(read).resolves.toMatchObject({ records: of.files[name]?.records });
      else await expect(read).rejects.toThrow(/HeaderMismatch|correct|deliver|export it again/);
    }
  });

  it.each(['production_counts', 'material_receipts'] as const)(
    'leave a quote of %s open for every reader',
    async (table) => {
      const file = path.join(scratchDir(), `${table}.csv`);
      const written = await TableFile.create(table, file, fileFaults(table, ['unclosed_quote']), {});
      for (const cells of [
        ['1', '2,0'],
        ['2', 'a "quoted" cell, 34,0'],
        ['3', '34,0', '"5,0"'],
      ]) {
        await written.write({ cells, kind: 'decimal_comma' });
      }
      await written.commit();
      const [, ...lines] = readFileSync(file, 'utf8').split('\n');
      expect(lines).toEqual(['1,"2,0"', '2,"a ""quoted"" cell, 34,0"', '3,"34,0","""5,0""', '']);
      expect(written).toMatchObject({ records: 3, malformedRecords: 1 });
      expect([...written.defects]).toEqual([
        ['decimal_comma', [1, 2]],
        ['unclosed_quote', [3]],
      ]);
    },
  );

  it('note no quote where there is no record for it', async () => {
    const file = path.join(scratchDir(), 'production_counts.csv');
    const faults = fileFaults('production_counts', ['unclosed_quote']);
    const written = await TableFile.create('production_counts', file, faults, {});
    await written.commit();
    expect(readFileSync(file, 'utf8')).toBe(`${COLUMNS.production_counts.join(',')}\n`);
    expect(written).toMatchObject({ records: 0, malformedRecords: 0, defects: new Map() });
  });

  it('concern whole files in the dated layout only, and on days of the export only', async () => {
    const kindsOf = ({ files }: Export) => new Set(Object.values(files).flatMap(({ defects }) => Object.keys(defects)));
    const flat = kindsOf(await exported('--layout', 'flat'));
    const short = kindsOf(await exported('--days', '5'));
    expect(FILE_KINDS.filter((kind) => flat.has(kind))).toEqual([]);
    expect(FILE_KINDS.filter((kind) => short.has(kind))).toEqual(['byte_order_mark', 'crlf', 'delivered_twice']);
  });
});
