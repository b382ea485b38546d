import { readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunManifest } from '../../contracts/run';
import { withDuckDb } from '../../duckdb/connection';
import { sqlString } from '../../duckdb/sql-text';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { layoutOf } from '../../warehouse/duckdb/layout';
import { candidateRequest } from '../support/candidate-request';
import { PausingActor, type Act, type ActEnd } from '../support/pausing-actor';
import { BUILT, MATERIALS, WarehouseBench } from '../support/warehouse-bench';

/** Whoever is stopped before any step of an act and woken later, while another acts: nobody sees a mix, no update is lost. */
describe('an act on the publication log that is stopped between any two steps', () => {
  let bench: WarehouseBench;
  let manifest: RunManifest;
  let actor: PausingActor;
  const person = { actor: 'other', reason: 'test' };

  beforeAll(async () => {
    bench = new WarehouseBench((stateDir) => createDuckDbWarehouse(stateDir, 'test'));
    bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
    manifest = await bench.plan();
    await bench.load(manifest);
    // Two publications to roll back to, whichever readers are on.
    for (let n = 0; n < 2; n++) await bench.warehouse.publish(await candidate('BUILT'));
    actor = new PausingActor(bench.stateDir);
  });
  afterAll(() => actor.close());

  /** A candidate on the head, with a mart that carries its number. */
  async function candidate(status: 'BUILT' | 'HELD'): Promise<number> {
    const opened = await bench.warehouse.createCandidate(candidateRequest(manifest, bench.system.tables));
    await withDuckDb({ path: path.join(opened.folder, 'mfg.duckdb') }, (db) =>
      db.run(`create schema marts; create table marts.mark as select ${opened.publication} as mark`),
    );
    await bench.warehouse.finishCandidate(opened, { ...BUILT, status });
    return opened.publication;
  }

  /** What an act needs: a candidate on the head, or a publication that is not what readers see. */
  async function prepare(act: Act['act']): Promise<Act> {
    if (act === 'publish') return { act, publication: await candidate('BUILT') };
    if (act === 'approve') return { act, publication: await candidate('HELD') };
    return { act, publication: (await seen()) === 1 ? 2 : 1 };
  }

  async function perform({ act, publication }: Act): Promise<ActEnd> {
    const { warehouse } = bench;
    const acting =
      act === 'publish'
        ? warehouse.publish(publication)
        : act === 'approve'
          ? warehouse.approve(publication, person)
          : warehouse.rollback(publication, person);
    return acting.then(
      (done) => ({ done: { ...done } }),
      (error: Error) => ({ failed: error.message }),
    );
  }

  /** The data set that a reader finds at the published path: RAW and MARTS must be of one build. */
  async function seen(): Promise<number> {
    const file = realpathSync(path.join(bench.stateDir, 'published', 'mfg.duckdb'));
    const row = await withDuckDb({ path: ':memory:' }, async (db) => {
      await db.run(`attach ${sqlString(file)} as reader (read_only)`);
      return (await db.rows('select publication, mark from reader.raw.current_publication, reader.marts.mark'))[0];
    });
    expect(Number(row?.mark)).toBe(Number(row?.publication));
    return Number(row?.publication);
  }

  async function isStoreHeld(): Promise<boolean> {
    const settings = { access_mode: 'READ_ONLY' };
    return withDuckDb({ path: layoutOf(bench.stateDir).store, settings }, async () => false).catch((error: Error) => {
      if (/Could not set lock|Conflicting lock/.test(error.message)) return true;
      throw error;
    });
  }

  /** The log's published entries are one chain from the head to the first: whoever published saw what it replaced. */
  async function expectOneTruth(): Promise<void> {
    const entries = await bench.rows(
      `select publication::int as publication, base::int as base, data_set::int as data_set
       from raw.raw_publication where status = 'PUBLISHED'`,
    );
    const byNumber = new Map(entries.map((entry) => [Number(entry.publication), entry]));
    const head = await bench.warehouse.head();
    const dataSet = Number(byNumber.get(head ?? 0)?.data_set);
    expect(readlinkSync(layoutOf(bench.stateDir).published)).toBe(path.join('builds', String(dataSet)));
    expect(await seen()).toBe(dataSet);
    const chain = [];
    for (let at = head; at !== undefined; at = (byNumber.get(at)?.base as number | null) ?? undefined) chain.push(at);
    expect(chain.sort((a, b) => a - b)).toEqual([...byNumber.keys()].sort((a, b) => a - b));
  }

  async function statusOf(publication: number): Promise<unknown> {
    const [row] = await bench.rows(`select status from raw.raw_publication where publication = ${publication}`);
    return row?.status;
  }

  it.each<[Act['act'], Act['act']]>([
    ['publish', 'publish'],
    ['publish', 'rollback'],
    ['rollback', 'publish'],
    ['approve', 'rollback'],
  ])('%s is stopped, another does a %s', async (stopped, other) => {
    const overtaken = new Set<boolean>();
    for (let step = 1; ; step++) {
      const mine = await prepare(stopped);
      const theirs = await prepare(other);
      const before = await seen();
      const first = await actor.begin(mine, step);
      if (!('stopping' in first)) {
        // It has no such step: every pause was tried.
        expect(first.done).toBeDefined();
        expect(step).toBeGreaterThan(15);
        break;
      }
      let theirEnd: ActEnd;
      let myEnd: ActEnd;
      if (await isStoreHeld()) {
        const acting = perform(theirs);
        expect(await Promise.race([acting, sleep(30, 'waits')])).toBe('waits');
        expect([before, mine.publication]).toContain(await seen());
        myEnd = await actor.wake();
        theirEnd = await acting;
      } else {
        theirEnd = await perform(theirs);
        const whileStopped = await seen();
        if (theirEnd.done?.outcome !== 'BASE_MOVED') expect(whileStopped).toBe(theirs.publication);
        myEnd = await actor.wake();
      }
      // Of two candidates on one base one is published; a rollback never fails, and comes before or after.
      const ends = {
        mine: await statusOf(mine.publication),
        theirs: await statusOf(theirs.publication),
        myEnd,
        theirEnd,
      };
      if (stopped === 'publish' && other === 'publish') {
        expect([ends.mine, ends.theirs].sort()).toEqual(['PUBLISHED', 'SUPERSEDED']);
      }
      if (stopped === 'publish')
        expect(myEnd.done?.outcome).toBe(ends.mine === 'PUBLISHED' ? 'PUBLISHED' : 'BASE_MOVED');
      if (other === 'publish')
        expect(theirEnd.done?.outcome).toBe(ends.theirs === 'PUBLISHED' ? 'PUBLISHED' : 'BASE_MOVED');
      if (stopped === 'rollback') expect(myEnd).toMatchObject({ done: { to: mine.publication } });
      if (other === 'rollback') expect(theirEnd).toMatchObject({ done: { to: theirs.publication } });
      if (stopped === 'approve' && myEnd.done === undefined) expect(myEnd.failed).toMatch(/was built on publication/);
      overtaken.add(myEnd.done?.outcome === 'BASE_MOVED' || myEnd.failed !== undefined);
      await expectOneTruth();
    }
    // Both happened: it was overtaken, and it was not. A rollback has no base to lose.
    expect(overtaken.size).toBe(stopped === 'rollback' ? 1 : 2);
  });
});
