import { readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { venvProgram } from '../../contracts/installation';
import { withDuckDb } from '../../duckdb/connection';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { layoutOf } from '../../warehouse/duckdb/layout';
import { storeSessions } from '../../warehouse/duckdb/store';
import { scratchDir } from '../support/scratch';

describe('the store', () => {
  it('runs sessions of one process one after another, and keeps nothing of one that fails', async () => {
    const session = storeSessions(layoutOf(scratchDir()));
    const add = (number: number) =>
      session(async (db) => {
        const [row] = await db.rows('select count(*) as n from build_artifact');
        await db.run('insert into build_artifact (publication, name) values ($1, $2)', [number, String(row?.n)]);
        if (number === 3) throw new Error('a failure in the middle');
      });
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map(add));
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    const rows = await session((db) => db.rows('select publication, name from build_artifact order by 1'));
    expect(rows).toEqual([
      { publication: '1', name: '0' },
      { publication: '2', name: '1' },
      { publication: '4', name: '2' },
      { publication: '5', name: '3' },
    ]);
  });

  it('waits for another process that holds it', async () => {
    const layout = layoutOf(scratchDir());
    const session = storeSessions(layout);
    await session(() => Promise.resolve());
    const program = `import duckdb, sys, time
c = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(0.7); c.close(); print('free', flush=True); time.sleep(5)`;
    const holder = spawn(venvProgram('python'), ['-c', program, layout.store], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    holder.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(holder.stdout, 'data');
    await session(() => Promise.resolve());
    expect(said).toMatch(/free/);
    holder.kill('SIGKILL');
    await once(holder, 'close');
  });

  it('mends the link that a killed publisher left behind the head', async () => {
    const layout = layoutOf(scratchDir());
    const session = storeSessions(layout);
    await session(async (db) => {
      await db.run("insert into raw.raw_publication (publication, data_set, status) values (7, 7, 'PUBLISHED')");
      await db.run('update head set publication = 7');
    });
    expect(readlinkSync(layout.published)).toBe(path.join('builds', '7'));
    rmSync(layout.published);
    symlinkSync(path.join('builds', '6'), layout.published);
    await session(() => Promise.resolve());
    expect(readlinkSync(layout.published)).toBe(path.join('builds', '7'));
  });

  it('refuses a store that a newer version of the platform has written', async () => {
    const session = storeSessions(layoutOf(scratchDir()));
    await session((db) => db.run("insert into store_version values (99, timestamp '2026-01-01')"));
    await expect(session(() => Promise.resolve())).rejects.toThrow(/shape 99.*newer version of the platform; update/);
  });

  it.each(readdirSync(path.join(__dirname, 'stores')))('goes on with what an older version wrote: %s', async (name) => {
    const layout = layoutOf(scratchDir());
    const statements = readFileSync(path.join(__dirname, 'stores', name), 'utf8');
    await withDuckDb({ path: layout.store }, (db) => db.run(statements));
    const warehouse = createDuckDbWarehouse(layout.stateDir, 'test');
    const session = storeSessions(layout);
    for (let times = 0; times < 2; times++) {
      expect(await warehouse.head()).toBe(2);
      expect(
        await session((db) =>
          db.rows('select publication, status, kind, scope, target, dropped_at from raw.raw_publication order by 1'),
        ),
      ).toEqual(
        ['PUBLISHED', 'PUBLISHED', 'HELD', 'BUILDING'].map((status, index) => ({
          publication: String(index + 1),
          status,
          kind: 'BUILD',
          scope: 'FULL',
          target: null,
          dropped_at: null,
        })),
      );
    }
    expect(
      (await warehouse.knownDeliveries()).published.map(({ logicalDate, loadSeq }) => [logicalDate, loadSeq]),
    ).toEqual([
      ['2026-03-01', 1n],
      ['2026-03-02', 2n],
    ]);
    expect((await warehouse.readManifest('run-2::r'))?.batches[0]?.[0]?.files[0]?.path).toBe(
      'mes/2026-03-02/materials.csv',
    );
    // The store agrees with itself; only its files were not brought along.
    const found = await warehouse.reconcile({ checksums: true });
    expect(found.filter(({ what }) => !/file is missing|have not ended|has not ended/.test(what))).toEqual([]);
    // The build and the attempt that a crash left months ago are given up, the held candidate's days are over.
    const rules = { keepPublications: 1, keepDays: 30, graceHours: 0, dryRun: false };
    expect(await warehouse.retain(rules)).toMatchObject({
      abandonedBuilds: [4],
      abandonedLoads: 1,
      droppedDataSets: [1, 3, 4],
      retiredPartitions: 1,
    });
  });
});
