import { copyFileSync, readlinkSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDuckDb } from '../../duckdb/connection';
import { sqlString } from '../../duckdb/sql-text';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { layoutOf, type Layout } from '../../warehouse/duckdb/layout';
import { candidateRequest } from '../support/candidate-request';
import { PausingActor, type Act, type ActEnd } from '../support/pausing-actor';
import { BUILT, MATERIALS, WarehouseBench } from '../support/warehouse-bench';

/** An entry of the log, as far as the tests ask. */
interface LogRow {
  publication: number;
  base: number | null;
  dataSet: number;
  status: string;
}

const PERSON = { actor: 'other', reason: 'test' };
/** What stands before each act: readers are on 2, which was published after 1; three candidates were built on it. */
const HEAD = 2;
const MINE: Record<Act['act'], Act> = {
  publish: { act: 'publish', publication: 3 },
  approve: { act: 'approve', publication: 5 },
  rollback: { act: 'rollback', publication: 1 },
};
const THEIRS: Record<Act['act'], Act> = { ...MINE, publish: { act: 'publish', publication: 4 } };

/** Whoever is stopped before any step of an act and woken later, while another acts: nobody sees a mix, no update is lost. */
describe('an act on the publication log that is stopped between any two steps', () => {
  let bench: WarehouseBench;
  let layout: Layout;
  let actor: PausingActor;
  const kept = () => `${layout.store}.kept`;

  beforeAll(async () => {
    bench = new WarehouseBench((stateDir) => createDuckDbWarehouse(stateDir, 'test'));
    layout = layoutOf(bench.stateDir);
    bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
    const manifest = await bench.plan();
    await bench.load(manifest);
    /** A candidate on the head, with a mart that carries its number. */
    const candidate = async (status: 'BUILT' | 'HELD') => {
      const opened = await bench.warehouse.createCandidate(candidateRequest(manifest, bench.system.tables));
      await withDuckDb({ path: path.join(opened.folder, 'mfg.duckdb') }, (db) =>
        db.run(`create schema marts; create table marts.mark as select ${opened.publication} as mark`),
      );
      await bench.warehouse.finishCandidate(opened, { ...BUILT, status });
      return opened.publication;
    };
    for (let n = 0; n < 2; n++) await bench.warehouse.publish(await candidate('BUILT'));
    for (const status of ['BUILT', 'BUILT', 'HELD'] as const) await candidate(status);
    expect(await bench.warehouse.head()).toBe(HEAD);
    copyFileSync(layout.store, kept());
    actor = new PausingActor(bench.stateDir);
  });
  afterAll(() => actor.close());

  /** Back to what stood before. No process has the store open. */
  function restore(): void {
    rmSync(`${layout.store}.wal`, { force: true });
    copyFileSync(kept(), layout.store);
    rmSync(layout.published);
    symlinkSync(path.join('builds', String(HEAD)), layout.published);
  }

  async function perform({ act, publication }: Act): Promise<ActEnd> {
    const { warehouse } = bench;
    const acting = {
      publish: () => warehouse.publish(publication),
      approve: () => warehouse.approve(publication, PERSON),
      rollback: () => warehouse.rollback(publication, PERSON),
    }[act]();
    return acting.then(
      (done) => ({ done: { ...done } }),
      (error: Error) => ({ failed: error.message }),
    );
  }

  /** The data set that a reader finds at the published path: RAW and MARTS must be of one build. */
  async function seen(): Promise<number> {
    const file = realpathSync(path.join(layout.published, 'mfg.duckdb'));
    const [row] = await withDuckDb({ path: ':memory:' }, async (db) => {
      await db.run(`attach ${sqlString(file)} as reader (read_only)`);
      return db.rows('select publication, mark from reader.raw.current_publication, reader.marts.mark');
    });
    expect(Number(row?.mark)).toBe(Number(row?.publication));
    return Number(row?.publication);
  }

  /** The log and its head, read beside the code under test; undefined while another process holds the store. */
  async function readLog(): Promise<{ head: number; entries: LogRow[] } | undefined> {
    const options = { path: layout.store, settings: { access_mode: 'READ_ONLY' } };
    return withDuckDb(options, async (db) => {
      const [head] = await db.rows('select publication from head');
      const rows = await db.rows('select publication, base, data_set, status from raw.raw_publication');
      const entries = rows.map(({ publication, base, data_set: dataSet, status }) => ({
        ...{ publication: Number(publication), base: base === null ? null : Number(base) },
        ...{ dataSet: Number(dataSet), status: String(status) },
      }));
      return { head: Number(head?.publication), entries };
    }).catch((error: Error) => {
      if (/Could not set lock|Conflicting lock/.test(error.message)) return undefined;
      throw error;
    });
  }

  /** Head, link, readers and log agree; the published entries are one chain: whoever published saw what it replaced. */
  async function expectOneTruth(): Promise<Map<number, LogRow>> {
    const log = await readLog();
    const all = new Map(log?.entries.map((entry) => [entry.publication, entry]));
    const dataSet = all.get(log?.head ?? 0)?.dataSet;
    expect(readlinkSync(layout.published)).toBe(path.join('builds', String(dataSet)));
    expect(await seen()).toBe(dataSet);
    const chain = [];
    for (let at = log?.head ?? null; at !== null; at = all.get(at)?.base ?? null) chain.unshift(at);
    const published = [...all.values()].filter((entry) => entry.status === 'PUBLISHED');
    expect(chain).toEqual(published.map((entry) => entry.publication).sort((a, b) => a - b));
    return all;
  }

  it.each<[Act['act'], Act['act']]>([
    ['publish', 'publish'],
    ['publish', 'rollback'],
    ['rollback', 'publish'],
    ['approve', 'rollback'],
  ])('%s is stopped, another does a %s', async (stopped, other) => {
    const [mine, theirs] = [MINE[stopped], THEIRS[other]];
    const ways = new Set<string>();
    for (let step = 1; ; step++) {
      restore();
      const begun = await actor.begin(mine, step);
      if (!('stopping' in begun)) {
        // It has no such step: every pause was tried.
        expect(begun.done).toBeDefined();
        expect(step).toBeGreaterThan(15);
        break;
      }
      const isHeld = (await readLog()) === undefined;
      const acting = perform(theirs);
      if (isHeld) {
        expect(await Promise.race([acting, sleep(20, 'waits')])).toBe('waits');
        expect([HEAD, mine.publication]).toContain(await seen());
      } else {
        await acting;
        const now = await seen();
        expect([theirs.publication, mine.publication]).toContain(now);
      }
      const myEnd = await actor.wake();
      const theirEnd = await acting;

      const log = await expectOneTruth();
      const isPublished = ({ act, publication }: Act) =>
        act === 'publish' ? log.get(publication)?.status === 'PUBLISHED' : undefined;
      if (stopped === 'publish') {
        expect(myEnd.done?.outcome).toBe(isPublished(mine) ? 'PUBLISHED' : 'BASE_MOVED');
      }
      if (other === 'publish') {
        expect(theirEnd.done?.outcome).toBe(isPublished(theirs) ? 'PUBLISHED' : 'BASE_MOVED');
      }
      // Of two candidates on one base exactly one is published.
      if (stopped === other) expect(isPublished(mine)).toBe(!isPublished(theirs));
      // A rollback has no base to lose: it comes before or after.
      if (stopped === 'rollback') expect(myEnd.done).toMatchObject({ to: 1, dataSet: 1 });
      if (other === 'rollback') expect(theirEnd.done).toMatchObject({ to: 1, dataSet: 1 });
      if (stopped === 'approve' && myEnd.done === undefined) expect(myEnd.failed).toMatch(/was built on publication 2/);
      ways.add(myEnd.done === undefined || myEnd.done.outcome === 'BASE_MOVED' ? 'overtaken' : 'went through');
    }
    expect([...ways].sort()).toEqual(stopped === 'rollback' ? ['went through'] : ['overtaken', 'went through']);
  });
});
