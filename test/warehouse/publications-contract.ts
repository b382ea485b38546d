import type { CandidateRequest } from '../../warehouse/warehouse';
import { BUILT, MATERIALS, WarehouseBench, type MakeWarehouse } from '../support/warehouse-bench';

const ACT = { actor: 'anna', reason: 'bad scale on line 3' };

/** What people do with the publication log, on every warehouse. */
export function publicationsContract(name: string, make: MakeWarehouse): void {
  describe(`publication log: ${name}`, () => {
    const twoDays = async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const first = await bench.run();
      bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,steel,2\n`);
      const second = await bench.run();
      return { bench, first, second };
    };
    const quantity = (bench: WarehouseBench) => bench.values('select quantity from raw.materials');

    it('goes back and forth between publications, each time by a new entry, and withdraws what readers lose', async () => {
      const { bench, first, second } = await twoDays();
      const back = await bench.warehouse.rollback(undefined, ACT);
      expect(back).toMatchObject({ from: second, to: first, dataSet: first, withdrawnDeliveries: 1 });
      expect(await quantity(bench)).toEqual(['1']);
      expect(await bench.warehouse.head()).toBe(back.publication);
      expect(
        await bench.rows(`select kind, base, target, status, actor, reason from raw.raw_publication
          where publication = ${back.publication}`),
      ).toEqual([{ kind: 'ROLLBACK', base: String(second), target: String(first), status: 'PUBLISHED', ...ACT }]);
      expect((await bench.warehouse.knownDeliveries()).withdrawn).toMatchObject([{ logicalDate: '2026-03-02' }]);

      const forth = await bench.warehouse.rollback(second, ACT);
      expect(forth).toMatchObject({ from: back.publication, to: second, dataSet: second });
      expect(await quantity(bench)).toEqual(['2']);
      expect((await bench.warehouse.knownDeliveries()).withdrawn).toEqual([]);
      await expect(bench.warehouse.rollback(second, ACT)).rejects.toThrow(/is what readers see already/);
      await expect(bench.warehouse.rollback(99, ACT)).rejects.toThrow(/there is no publication 99/);
      // From an entry that went back, "one before" is what stood before its target.
      await expect(bench.warehouse.rollback(undefined, ACT)).resolves.toMatchObject({ to: first });
      await expect(bench.warehouse.rollback(undefined, ACT)).rejects.toThrow(/no publication before the first/);
    });

    it('does not load again what a rollback withdrew, until its file changes or its date is asked for', async () => {
      const { bench } = await twoDays();
      await bench.warehouse.rollback(undefined, ACT);
      expect((await bench.plan()).batches).toEqual([]);
      expect((await bench.plan('2026-03-02')).batches.flat()).toHaveLength(1);
      bench.deliver('2026-03-03/materials.csv', `${MATERIALS}m1,steel,3\n`);
      expect((await bench.plan()).batches.flat()).toMatchObject([{ logicalDate: '2026-03-03' }]);
      bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,steel,2.5\n`);
      await bench.run();
      expect(await bench.values('select quantity from raw.materials_history order by 1')).toEqual(['1', '2.5', '3']);
      expect((await bench.warehouse.knownDeliveries()).withdrawn).toEqual([]);
    });

    it('builds the next load on what was rolled back to', async () => {
      const { bench } = await twoDays();
      const back = await bench.warehouse.rollback(undefined, ACT);
      bench.deliver('2026-03-03/materials.csv', `${MATERIALS}m1,steel,3\n`);
      const manifest = await bench.plan();
      await bench.load(manifest);
      const candidate = await bench.candidate(manifest);
      expect(candidate.base).toBe(back.publication);
      await bench.warehouse.publish(candidate.publication);
      expect(await bench.values('select quantity from raw.materials_history order by 1')).toEqual(['1', '3']);
    });

    it('approves a held candidate whose base is still the head, once, however often it is asked', async () => {
      const { bench, second } = await twoDays();
      const manifest = await bench.plan('2026-03-02');
      await bench.load(manifest);
      const held = await bench.candidate(manifest, { ...BUILT, status: 'HELD', failure: 'unique: 2 rows' });
      const target = { kind: 'candidate', publication: held.publication } as const;
      expect((await bench.warehouse.query(target, 'select distinct _load_id as l from raw.materials')).rows).toEqual([
        { l: manifest.loadId },
      ]);
      const approved = await bench.warehouse.approve(held.publication, ACT);
      expect(await bench.warehouse.approve(held.publication, ACT)).toEqual(approved);
      expect(approved.dataSet).toBe(held.publication);
      expect(await bench.warehouse.head()).toBe(approved.publication);
      expect(await bench.values('select distinct _load_id from raw.materials')).toEqual([manifest.loadId]);
      expect(
        await bench.rows(`select kind, base, target, actor, reason from raw.raw_publication
          where publication = ${approved.publication}`),
      ).toEqual([{ kind: 'APPROVAL', base: String(second), target: String(held.publication), ...ACT }]);
      await expect(bench.warehouse.approve(second, ACT)).rejects.toThrow(/only a HELD one can be approved/);
    });

    it('does not approve a held candidate whose base came back by a rollback', async () => {
      const { bench } = await twoDays();
      const manifest = await bench.plan('2026-03-02');
      await bench.load(manifest);
      const held = await bench.candidate(manifest, { ...BUILT, status: 'HELD', failure: 'unique: 2 rows' });
      bench.deliver('2026-03-03/materials.csv', `${MATERIALS}m1,steel,3\n`);
      await bench.run();
      await bench.warehouse.rollback(held.base ?? 0, ACT);
      await expect(bench.warehouse.approve(held.publication, ACT)).rejects.toThrow(
        /was built on publication 2, but readers are on 5 now: start its run again/,
      );
    });

    it('replaces a table whole where a load does so: its other dates go, other tables stay', async () => {
      const { bench } = await twoDays();
      const manifest = await bench.plan('2026-03-02');
      await bench.load(manifest);
      const candidate = await bench.candidate(manifest, BUILT, { replacedTables: ['materials'] });
      expect(candidate.changedTables).toContain('materials');
      await bench.warehouse.publish(candidate.publication);
      expect(await bench.values('select quantity from raw.materials_history')).toEqual(['2']);
      expect((await bench.warehouse.knownDeliveries()).published).toHaveLength(1);
    });

    it('says what a build would start from, and copies the base for a partial one', async () => {
      const { bench, second } = await twoDays();
      const nothing = { loadId: 'none::r', workflowId: 'none', runId: 'r' };
      const part = { tables: bench.system.tables, withoutDates: [], replacedTables: [] };
      expect(await bench.warehouse.buildInputs({ run: nothing, ...part })).toEqual({
        base: second,
        changedTables: [],
        projectDigest: 'test',
        settingsDigest: 'test',
      });
      const manifest = await bench.plan('2026-03-02');
      await bench.load(manifest);
      expect((await bench.warehouse.buildInputs({ run: manifest, ...part })).changedTables).toEqual(['materials']);
      const partial = await bench.candidate(manifest, BUILT, { scope: 'PARTIAL', withoutDates: ['2026-03-02'] });
      expect(partial).toMatchObject({ base: second, scope: 'PARTIAL', changedTables: [], baseManifest: '{}' });
      await bench.warehouse.publish(partial.publication);
      expect(await bench.values('select publication from raw.current_publication')).toEqual([
        String(partial.publication),
      ]);
    });

    it('of a copy keeps what the project makes and drops what it no longer makes', async () => {
      const bench = new WarehouseBench(make);
      const models =
        'create table core.kept as select 1 as a; create table core.gone as select 1; create view marts.gone as select 1';
      await bench.runWithMarts('2026-03-01', 'm1,steel,1\n', models);
      const manifest = await bench.plan('2026-03-01');
      await bench.load(manifest);
      const relations = [{ schema: 'core', name: 'Kept' }];
      const { publication } = await bench.candidate(manifest, { ...BUILT, relations }, { scope: 'PARTIAL' });
      await bench.warehouse.publish(publication);
      expect(
        await bench.values(`select lower(table_schema || '.' || table_name) from information_schema.tables
          where table_catalog = current_database() and lower(table_schema) not in ('raw', 'information_schema')`),
      ).toEqual(['core.kept']);
      expect(await bench.values('select a from core.kept')).toEqual(['1']);
      expect(
        await bench.values("select count(*) from information_schema.schemata where lower(schema_name) = 'marts'"),
      ).toEqual(['0']);
      expect(await bench.values(`select scope from raw.raw_publication where publication = ${publication}`)).toEqual([
        'PARTIAL',
      ]);
    });

    it('copies no base for a partial build that was built with other settings, has no manifest, or is none', async () => {
      const bench = new WarehouseBench(make);
      bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
      const manifest = await bench.plan();
      await bench.load(manifest);
      const partial = (options: Partial<CandidateRequest> = {}, build = BUILT) =>
        bench.candidate(manifest, build, { scope: 'PARTIAL', ...options });
      const first = await partial({}, { ...BUILT, artifacts: [] });
      expect(first).toMatchObject({ scope: 'FULL', fullBecause: 'nothing is published yet' });
      await bench.warehouse.publish(first.publication);
      const second = await partial();
      expect(second).toMatchObject({ scope: 'FULL', fullBecause: 'publication 1 has no dbt manifest' });
      await bench.warehouse.publish(second.publication);
      expect(await partial({ settingsDigest: 'other' })).toMatchObject({
        scope: 'FULL',
        fullBecause: 'publication 2 was built with other macros, project settings or programs',
      });
      expect(await partial({ projectDigest: 'other' })).toMatchObject({ scope: 'PARTIAL', isProjectChanged: true });
      expect(await partial()).toMatchObject({ scope: 'PARTIAL', isProjectChanged: false, fullBecause: undefined });
      const described = bench.system.tables.map((table) => ({ ...table, definitionDigest: `${table.name} is new` }));
      expect((await partial({ tables: described })).changedTables).toEqual(['materials', 'readings']);
    });

    it('records who pinned what, and pins once', async () => {
      const { bench, first } = await twoDays();
      await bench.warehouse.pin(first, ACT);
      await bench.warehouse.pin(first, ACT);
      await bench.warehouse.unpin(first, ACT);
      expect(await bench.rows('select publication, action, actor, reason from raw.raw_publication_pin')).toEqual([
        { publication: String(first), action: 'PIN', ...ACT },
        { publication: String(first), action: 'UNPIN', ...ACT },
      ]);
      await expect(bench.warehouse.pin(99, ACT)).rejects.toThrow(/there is no publication 99/);
    });
  });
}
