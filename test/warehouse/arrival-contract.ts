import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { RunManifest } from '../../contracts/run';
import type { RawIngestionInput } from '../../contracts/workflow-inputs';
import { landFile } from '../../ingestion/landing';
import { BUILT, MATERIALS, WarehouseBench, type MakeWarehouse } from '../support/warehouse-bench';

const DAYS = ['2026-03-01', '2026-03-02', '2026-03-03'];
const RANGE = { from: '2026-03-01', to: '2026-03-03' };
const READINGS = 'reading_id,value\n';

/** Backfills, corrections, landing and strategies, on every warehouse. */
export function arrivalContract(name: string, make: MakeWarehouse): void {
  describe(`arrival and backfill: ${name}`, () => {
    const threeDays = () => {
      const bench = new WarehouseBench(make);
      for (const day of DAYS) {
        bench.deliver(`${day}/materials.csv`, `${MATERIALS}m1,steel,${day.slice(-1)}\n`);
        bench.deliver(`${day}/readings.csv`, `${READINGS}r-${day},1\n`);
      }
      return bench;
    };
    const materials = (bench: WarehouseBench) => bench.values('select quantity from raw.materials');
    const materialsHistory = (bench: WarehouseBench) =>
      bench.values('select quantity from raw.materials_history order by _logical_date');
    const readings = (bench: WarehouseBench) => bench.values('select reading_id from raw.readings order by 1');

    it('leaves the day of a delivery that cannot be loaded out whole; it stays pending and is loaded alone once mended', async () => {
      const bench = threeDays();
      bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,"steel,2\n`);
      const manifest = await bench.plan(RANGE);
      const failed = await bench.load(manifest, 1, true);
      expect(failed).toMatchObject([{ table: 'materials', logicalDate: '2026-03-02' }]);
      expect(failed[0]?.error).toMatch(/2026-03-02\/materials.csv: a quoted field .* never closes/);
      expect(await bench.warehouse.unsealedDeliveries(manifest)).toMatchObject([{ logicalDate: '2026-03-02' }]);
      const withoutDates = ['2026-03-02'];
      const { partitions, rowsLoaded } = await bench.warehouse.loadCounts(manifest.loadId, withoutDates);
      expect({ partitions, rowsLoaded }).toEqual({ partitions: 4, rowsLoaded: 4 });
      const { publication } = await bench.candidate(manifest, BUILT, { withoutDates });
      await bench.warehouse.publish(publication);
      expect(await materialsHistory(bench)).toEqual(['1', '3']);
      expect(await readings(bench)).toEqual(['r-2026-03-01', 'r-2026-03-03']);

      bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,steel,2\n`);
      const again = await bench.plan(RANGE);
      expect(placesOf(again)).toEqual(['materials 2026-03-02', 'readings 2026-03-02']);
      await bench.load(again, 1, true);
      await bench.warehouse.publish((await bench.candidate(again)).publication);
      expect(await materialsHistory(bench)).toEqual(['1', '2', '3']);
      expect(await readings(bench)).toEqual(DAYS.map((day) => `r-${day}`));
      expect(placesOf(await bench.plan({ ...RANGE, reload: true }))).toHaveLength(6);
      expect(placesOf(await bench.plan(RANGE))).toEqual([]);
    });

    it.each([
      ['in order', DAYS],
      ['backwards', [...DAYS].reverse()],
    ])('ends as a run for each day does, %s', async (_order, days) => {
      const current = `select table_name, logical_date, source_files
        from raw.current_load join raw.raw_load_audit using (load_seq, load_id, table_name, logical_date)
        where status = 'LOADED' order by 1, 2`;
      const [atOnce, eachDay] = [threeDays(), threeDays()];
      await atOnce.run(RANGE);
      for (const logicalDate of days) await eachDay.run({ logicalDate, exact: true });
      expect(await eachDay.rows(current)).toEqual(await atOnce.rows(current));
      expect(await atOnce.rows(current)).toHaveLength(6);
      expect(await materials(eachDay)).toEqual(['3']);
      expect(await materialsHistory(eachDay)).toEqual(['1', '2', '3']);
      expect(await readings(eachDay)).toEqual(DAYS.map((day) => `r-${day}`));
    });

    it('a correction of an old day changes that day of an append table, and of a snapshot table the history alone', async () => {
      const bench = threeDays();
      await bench.run();
      const rest = `select reading_id, value, _load_id, _logical_date, _source_file, _source_row_number, _loaded_at
        from raw.readings where _logical_date <> date '2026-03-01' order by _logical_date, _source_row_number`;
      const before = await bench.rows(rest);
      const snapshot = await bench.rows('select * from raw.materials');
      bench.deliver('2026-03-01/readings.csv', `${READINGS}r-corrected,7\nr-added,8\n`);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,9\n`);
      await bench.run({ from: '2026-03-01', to: '2026-03-02' });
      expect(await bench.rows(rest)).toEqual(before);
      expect(await readings(bench)).toEqual(['r-2026-03-02', 'r-2026-03-03', 'r-added', 'r-corrected']);
      expect(await bench.rows('select * from raw.materials')).toEqual(snapshot);
      expect(await materialsHistory(bench)).toEqual(['9', '2', '3']);
    });

    it('reads the bytes that it landed, although the source has overwritten or removed its files', async () => {
      const bench = threeDays();
      bench.deliver('2026-03-03/readings.csv.gz', `${READINGS}r-packed,1\n`);
      rmSync(path.join(bench.sourceDir, 'mes/2026-03-03/readings.csv'));
      const manifest = await bench.plan(RANGE);
      const landing = path.join(bench.stateDir, 'landing');
      const files = manifest.batches.flat().flatMap((delivery) => delivery.files);
      for (const file of [...files, ...files]) await landFile(bench.sourceDir, landing, file);
      expect(readdirSync(landing).sort()).toEqual([...new Set(files.map((file) => file.sha256))].sort());
      bench.deliver('2026-03-02/materials.csv', 'something else\n');
      rmSync(path.join(bench.sourceDir, 'mes/2026-03-01'), { recursive: true });
      rmSync(path.join(bench.sourceDir, 'mes/2026-03-03'), { recursive: true });
      await bench.load(manifest);
      await bench.warehouse.publish((await bench.candidate(manifest)).publication);
      expect(await materialsHistory(bench)).toEqual(['1', '2', '3']);
      expect(await readings(bench)).toEqual(['r-2026-03-01', 'r-2026-03-02', 'r-packed']);
      expect(existsSync(path.join(bench.sourceDir, 'mes/2026-03-01'))).toBe(false);
    });

    it('truncate_reload replaces the table up to its date, displaces nothing newer, and gives the history back', async () => {
      const bench = threeDays();
      await bench.run();
      const reload: RawIngestionInput = { tables: ['materials'], strategy: 'truncate_reload' };
      await bench.run({ ...reload, logicalDate: '2026-03-02' });
      expect(await materialsHistory(bench)).toEqual(['2', '3']);
      expect(await materials(bench)).toEqual(['3']);
      const second = await bench.run(reload);
      expect(await materialsHistory(bench)).toEqual(['3']);
      expect(await readings(bench)).toHaveLength(3);
      // What it dropped is pending: the next partitioned run takes it up again.
      await bench.run();
      expect(await materialsHistory(bench)).toEqual(['1', '2', '3']);
      await bench.warehouse.rollback(second, { actor: 'anna', reason: undefined });
      expect(await materialsHistory(bench)).toEqual(['3']);
    });
  });
}

function placesOf(manifest: RunManifest): string[] {
  return manifest.batches
    .flat()
    .map(({ table, logicalDate }) => `${table} ${logicalDate}`)
    .sort();
}
