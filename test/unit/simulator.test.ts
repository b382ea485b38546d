import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseDay } from '../../data/simulator/local-time';
import { type DeliveredFile, type Delivery, type SimulationOptions, simulate } from '../../data/simulator/simulate';
import { writeExport } from '../../data/simulator/write-export';
import { readSourceContracts } from '../../contracts/source-contract';

const PROJECT = path.join(__dirname, '..', '..');
const SHIPPED: SimulationOptions = { seed: 2026, firstDay: parseDay('2026-03-02') as number, days: 10, defects: true };

function deliveries(options: Partial<SimulationOptions> = {}): Delivery[] {
  return [...simulate({ ...SHIPPED, ...options })];
}

function fileOf(delivery: Delivery | undefined, table: string): DeliveredFile {
  const file = delivery?.files.find((candidate) => candidate.table === table);
  if (file === undefined) throw new Error(`no ${table} delivered`);
  return file;
}

function keysOf(file: DeliveredFile): string[] {
  return file.text.split('\n').map((line) => line.split(',')[0] as string);
}

/** Equal for equal deliveries, and quicker to compare. */
function digest(of: Delivery[]): string {
  return createHash('sha256').update(JSON.stringify(of)).digest('hex');
}

/** Records by key, for files without quotes: the last one counts, those with too few or too many fields do not. */
function recordsOf(file: DeliveredFile): Map<string, Record<string, string>> {
  const [header, ...lines] = file.text
    .replace(/^\uFEFF/, '')
    .trimEnd()
    .split(/\r?\n/);
  const columns = (header as string).split(',');
  const records = lines
    .map((line) => line.split(','))
    .filter((cells) => cells.length === columns.length)
    .map((cells) => Object.fromEntries(columns.map((column, index) => [column, cells[index] as string])));
  return new Map(records.map((record) => [record[columns[0] as string] as string, record]));
}

describe('the simulated export', () => {
  it('is the same for the same seed and another for another', () => {
    expect(digest(deliveries())).toBe(digest(deliveries()));
    expect(digest(deliveries({ seed: 1 }))).not.toBe(digest(deliveries()));
  });

  it('begins with the same days however long it is', () => {
    expect(digest(deliveries({ days: 15 }).slice(0, 10))).toBe(digest(deliveries()));
  });

  it('is the shipped one by default', async () => {
    for (const { logicalDate, files } of simulate(SHIPPED)) {
      for (const { table, text } of files) {
        const shipped = path.join(PROJECT, 'data/raw/source_system/mes', logicalDate, `${table}.csv`);
        expect([shipped, await readFile(shipped, 'utf8')]).toEqual([shipped, text]);
      }
    }
  });

  it('has the columns of the contract', async () => {
    const [mes] = await readSourceContracts(path.join(PROJECT, 'dbt'));
    for (const { table, text } of deliveries({ days: 1 })[0]?.files ?? []) {
      const contract = mes?.tables.find(({ name }) => name === table);
      expect(text.split('\n')[0]).toBe(contract?.columns.map(({ name }) => name).join(','));
    }
  });

  it('holds at least 10,000 records and every kind of defect', () => {
    const files = deliveries().flatMap((delivery) => delivery.files);
    expect(files.reduce((sum, { records }) => sum + records, 0)).toBeGreaterThanOrEqual(10_000);
    expect([...new Set(files.flatMap(({ defects }) => Object.keys(defects)))].sort()).toEqual([
      'byte_order_mark',
      'conflicting_duplicate',
      'corrected_value',
      'crlf',
      'decimal_comma',
      'empty_cell',
      'ended_before_started',
      'finished_in_future',
      'identical_duplicate',
      'manufacture_date_wrong',
      'null_token',
      'orphan_batch',
      'orphan_material',
      'planned_far_from_manufacture',
      'too_few_fields',
      'too_many_fields',
      'whitespace_only',
    ]);
  });

  it('tells the truth about records and defects', () => {
    const files = deliveries().flatMap((delivery) => delivery.files);
    for (const { table, text, records, malformedRecords, defects } of files) {
      const lines = text.trimEnd().split('\n').slice(1);
      expect(lines).toHaveLength(records);
      expect(malformedRecords).toBe((defects.too_few_fields ?? []).length + (defects.too_many_fields ?? []).length);
      for (const row of defects.identical_duplicate ?? []) expect(lines[row - 1]).toBe(lines[row - 2]);
      for (const row of defects.conflicting_duplicate ?? []) {
        expect(lines[row - 1]).not.toBe(lines[row - 2]);
        expect(lines[row - 1]?.split(',')[0]).toBe(lines[row - 2]?.split(',')[0]);
      }
      for (const row of defects.ended_before_started ?? []) {
        const [, , , , , started, ended] = (lines[row - 1] as string).split(',');
        expect([table, (ended as string) < (started as string)]).toEqual(['production_orders', true]);
      }
    }
  });

  it('moves orders forward only, together with their batches', () => {
    const steps = ['planned', 'released', 'in_progress', 'completed'];
    const seen = new Map<string, number>();
    const ended = new Set<string>();
    for (const delivery of deliveries({ defects: false })) {
      const batches = recordsOf(fileOf(delivery, 'batches'));
      const materials = new Set(keysOf(fileOf(delivery, 'materials')));
      for (const [orderId, order] of recordsOf(fileOf(delivery, 'production_orders'))) {
        const step = steps.indexOf(order['order_status'] as string);
        if (order['order_status'] !== 'cancelled') {
          expect(step).toBeGreaterThanOrEqual(seen.get(orderId) ?? 0);
          seen.set(orderId, step);
        }
        const batch = batches.get(order['batch_id'] as string) as Record<string, string>;
        expect(materials.has(batch['material_id'] as string)).toBe(true);
        if (order['order_type'] === 'production') {
          expect(batch['manufacture_date']).toBe((order['actual_start_date'] as string).slice(0, 10));
        }
        if (step === 3) ended.add(orderId);
        expect(order['actual_end_date'] !== '').toBe(step === 3);
        expect((order['actual_end_date'] as string).slice(0, 10) <= delivery.logicalDate).toBe(true);
      }
    }
    expect(ended.size).toBeGreaterThan(200);
  });

  it('plans into the future', () => {
    const newest = deliveries().at(-1);
    const planned = [...recordsOf(fileOf(newest, 'production_orders')).values()].map((o) => o['planned_start_date']);
    expect(planned.filter((date) => (date as string) > '2026-03-12').length).toBeGreaterThan(100);
  });

  it('has no defect when none is wanted', () => {
    const files = deliveries({ defects: false }).flatMap((delivery) => delivery.files);
    expect(
      files.filter(({ defects, malformedRecords }) => malformedRecords > 0 || Object.keys(defects).length > 0),
    ).toEqual([]);
  });
});

describe('writing the export', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'mfg simulator '));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('leaves whole files, nothing else, and replaces what was there', async () => {
    await writeExport(folder, { ...SHIPPED, days: 1 });
    const day = path.join(folder, 'source_system/mes/2026-03-02');
    await writeFile(path.join(day, 'batches.csv'), 'torn');
    const { files, records } = await writeExport(folder, { ...SHIPPED, days: 1 });
    expect(files).toBe(3);
    expect((await readdir(day)).sort()).toEqual(['batches.csv', 'materials.csv', 'production_orders.csv']);
    expect(await readFile(path.join(day, 'batches.csv'), 'utf8')).toMatch(/^batch_id,/);
    const truth = JSON.parse(await readFile(path.join(folder, 'truth.json'), 'utf8')) as {
      files: Record<string, { records: number }>;
    };
    expect(Object.values(truth.files).reduce((sum, file) => sum + file.records, 0)).toBe(records);
  });
});
