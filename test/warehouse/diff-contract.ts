import type { BuildRecord, DataSetDiff, RelationDiff } from '../../warehouse/warehouse';
import { SMALL_MANIFEST } from '../support/small-manifest';
import { BUILT, WarehouseBench, type MakeWarehouse } from '../support/warehouse-bench';

const BUILD: BuildRecord = { ...BUILT, artifacts: [{ name: 'manifest.json', content: SMALL_MANIFEST }] };

/** Differences of two data sets, on every warehouse. */
export function diffContract(name: string, make: MakeWarehouse): void {
  describe(`differences: ${name}`, () => {
    const between = (bench: WarehouseBench, before: number, after: number) =>
      bench.warehouse.diff({ kind: 'candidate', publication: before }, { kind: 'candidate', publication: after });
    const relation = (difference: DataSetDiff, wanted: string): RelationDiff => {
      const found = difference.relations.find((candidate) => candidate.relation === wanted);
      if (found === undefined) throw new Error(`${wanted} was not compared`);
      return found;
    };

    it('tells rows added, removed and changed by key, the KPIs that moved, and the load that did it', async () => {
      const bench = new WarehouseBench(make);
      const first = await bench.runWithMarts(
        '2026-03-10',
        'm1,steel,1\nm2,zinc,2\nm3,tin,3\nm3,tin,3\n',
        `create table marts.line_kpis as
           select 'L3' as line, date '2026-03-10' as production_date, 0.61 as oee_index, 0.1 as scrap_ratio, 10 as items,
             'load-a' as _load_id
           union all select 'L4', date '2026-03-10', 0.5, null, 20, 'load-a'
           union all select null, date '2026-03-10', 0.7, 0, 30, 'load-a'
           union all select 'L9', date '2026-03-09', 0.9, 0, 40, 'load-a'`,
        BUILD,
      );
      const second = await bench.runWithMarts(
        '2026-03-10',
        'm1,steel,1\nm2,brass,2\nm3,tin,3\nm4,lead,4\n',
        `create table marts.line_kpis as
           select 'L3' as line, date '2026-03-10' as production_date, 0.64 as oee_index, 0.1 as scrap_ratio, 11 as items,
             'load-b' as _load_id
           union all select 'L4', date '2026-03-10', 0.5, 0.02, 20, 'load-b'
           union all select null, date '2026-03-10', 0.7, 0, 30, 'load-b'
           union all select 'L5', date '2026-03-10', 0.8, 0, 50, 'load-b'`,
        BUILD,
      );
      const difference = await between(bench, first, second);
      expect(difference.partitions).toEqual([
        {
          ...{ table: 'materials', logicalDate: '2026-03-10', change: 'CORRECTED' },
          ...{ loadId: 'run-2::r', files: ['mes/2026-03-10/materials.csv'] },
        },
      ]);
      // Of m3, which stood twice, one row is left.
      expect(relation(difference, 'raw.materials')).toMatchObject({
        ...{ key: ['material_id'], rowsBefore: 4, rowsAfter: 4, change: 'CHANGED' },
        ...{ rows: { added: 1, removed: 1, changed: 1 }, columnsChanged: [{ column: 'material_name', rows: 1 }] },
      });
      expect(relation(difference, 'marts.line_kpis')).toMatchObject({
        ...{ key: ['line', 'production_date'], dateKey: 'production_date', rows: { added: 1, removed: 1, changed: 2 } },
        columnsChanged: [
          { column: 'oee_index', rows: 1 },
          { column: 'scrap_ratio', rows: 1 },
          { column: 'items', rows: 1 },
        ],
        values: [
          { column: 'oee_index', key: ['L3', '2026-03-10'], before: 0.61, after: 0.64, kpi: { name: 'OEE' } },
          { column: 'scrap_ratio', key: ['L4', '2026-03-10'], before: null, after: 0.02, kpi: { name: 'Scrap ratio' } },
          { column: 'items', key: ['L3', '2026-03-10'], before: 10, after: 11, kpi: null },
        ],
      });
      const back = await between(bench, second, first);
      expect(relation(back, 'raw.materials').rows).toEqual({ added: 1, removed: 1, changed: 1 });
      expect((await between(bench, second, second)).relations).toEqual([]);
    });

    it('tells relations and columns that come and go, other types, rows without a key, and what is too large', async () => {
      const bench = new WarehouseBench(make);
      const first = await bench.runWithMarts(
        '2026-03-10',
        'm1,steel,1\n',
        `create table core.gone as select 1 as x; create table core.stays as select 1 as x, 'a' as old;
         create table marts.unkeyed as ${numbers(0, 3)};
         create view marts.large as ${numbers(0, 3_000_001)}`,
      );
      const second = await bench.runWithMarts(
        '2026-03-11',
        'm1,steel,1\n',
        `create table core.come as select 1 as x; create table core.stays as select '1' as x, 'a' as new;
         create table marts.unkeyed as ${numbers(1, 5)};
         create view marts.large as ${numbers(0, 3_000_002)}`,
      );
      const difference = await between(bench, first, second);
      expect(difference.partitions).toMatchObject([{ logicalDate: '2026-03-11', change: 'ADDED' }]);
      expect(relation(difference, 'core.gone')).toMatchObject({ change: 'REMOVED', rowsBefore: 1, rows: null });
      expect(relation(difference, 'core.come')).toMatchObject({ change: 'ADDED', rowsAfter: 1, rows: null });
      expect(relation(difference, 'core.stays')).toMatchObject({
        ...{
          change: 'CHANGED',
          columnsAdded: ['new'],
          columnsRemoved: ['old'],
          rows: { added: 0, removed: 0, changed: 0 },
        },
      });
      expect(relation(difference, 'marts.unkeyed')).toMatchObject({
        ...{ key: [], rows: { added: 2, removed: 1, changed: 0 } },
      });
      expect(relation(difference, 'marts.large')).toMatchObject({ change: 'NOT_COMPARED', rowsAfter: 3_000_002 });
    });

    it('compares a KPI that was unknown and is zero', async () => {
      const bench = new WarehouseBench(make);
      const model = (ratio: string) =>
        `create table marts.line_kpis as
           select 'L3' as line, date '2026-03-10' as production_date, ${ratio} as scrap_ratio, ${ratio} as items`;
      const first = await bench.runWithMarts('2026-03-10', 'm1,steel,1\n', model('cast(null as double)'), BUILD);
      const second = await bench.runWithMarts('2026-03-10', 'm1,steel,1\n', model('cast(0 as double)'), BUILD);
      expect(relation(await between(bench, first, second), 'marts.line_kpis').values).toMatchObject([
        { column: 'scrap_ratio', before: null, after: 0 },
        { column: 'items', before: null, after: 0 },
      ]);
    });

    it('knows the same bytes loaded again, and a load that a rollback takes away', async () => {
      const bench = new WarehouseBench(make);
      const first = await bench.runWithMarts('2026-03-10', 'm1,steel,1\n', '', BUILD);
      const again = await bench.runWithMarts('2026-03-10', 'm1,steel,1\n', '', BUILD);
      const more = await bench.runWithMarts('2026-03-11', 'm1,steel,2\n', '', BUILD);
      expect((await between(bench, first, again)).partitions).toMatchObject([
        { change: 'RELOADED', loadId: 'run-2::r' },
      ]);
      const { publication } = await bench.warehouse.rollback(again, { actor: 'anna', reason: undefined });
      const lost = await bench.warehouse.diff({ kind: 'publication', publication: more }, { kind: 'head' });
      expect(lost.after).toMatchObject({ publication, dataSet: again });
      expect(lost.partitions).toMatchObject([{ logicalDate: '2026-03-11', change: 'REMOVED', loadId: 'run-3::r' }]);
      await expect(between(bench, 1, 99)).rejects.toThrow(/there is no candidate 99/);
    });
  });
}

/** Whole numbers from one up to another, without it, in the column `i`: a query that both warehouses understand. */
function numbers(from: number, to: number): string {
  const places = Array.from({ length: String(to).length }, (_, place) => place);
  const digits = '(values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))';
  const value = places.map((place) => `${10 ** place} * d${place}.x`).join(' + ');
  const tables = places.map((place) => `${digits} as d${place}(x)`).join(' cross join ');
  return `select i from (select ${value} as i from ${tables}) as n where i >= ${from} and i < ${to}`;
}
