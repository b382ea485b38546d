import { setTimeout as sleep } from 'node:timers/promises';
import type { PublishResult } from '../../contracts/run';
import type { Warehouse } from '../../warehouse/warehouse';
import { SnowflakeAccount } from '../../warehouse/snowflake/connection';
import { inStatementContext } from '../../contracts/statement-context';
import { startPeer, type Peer, type PeerStatement } from '../support/snowflake-peer';
import { dropPlatform, peerSettings, snowflakeUnderTest } from '../support/snowflake-under-test';
import { WarehouseBench } from '../support/warehouse-bench';

/**
 * How a publication on Snowflake looks from outside, between any two of its statements, and when whoever publishes stops there and
 * wakes up late. `MFG_TEST_EVERY=1` stops after every statement, not after some.
 */

const EVERY = Number(process.env.MFG_TEST_EVERY ?? 12);
jest.setTimeout(3_600_000 / EVERY + 120_000);

/** The connection that reads as an analyst does. */
const AS_READER = 'an analyst';
/** The tag of what is held. */
const HELD = 'the publisher';

let peer: Peer;
let platforms = 0;

beforeAll(async () => {
  peer = await startPeer({ idleLockSeconds: 1 });
});
afterEach(() => peer.clearFaults());

/** A platform with two models, of which each holds the day that it was built from, a publication, and a candidate. */
async function withCandidate() {
  const prefix = `MFG_P${++platforms}`;
  const settings = peerSettings(peer, prefix);
  const bench = new WarehouseBench((stateDir) => snowflakeUnderTest(settings, stateDir, 0));
  const first = await run(bench, '2026-03-01');
  const next = await candidate(bench, '2026-03-02');
  const readers = new SnowflakeAccount(settings);
  /** One statement over two relations and the publication's own number. */
  const read = async (): Promise<unknown[]> =>
    readers.withConnection({ node: AS_READER }, 'read', async (connection) => {
      const [row] = await connection.rows(
        `select a.day as a, b.day as b, c.publication as n
         from ${prefix}.core.a as a, ${prefix}.marts.b as b, ${prefix}.raw.current_publication as c`,
      );
      return [row?.a, row?.b, row?.n];
    });
  return { bench, settings, first, next, read, close: () => readers.close() };
}

async function run(bench: WarehouseBench, day: string): Promise<number> {
  const publication = await candidate(bench, day);
  expect(await bench.warehouse.publish(publication)).toMatchObject({ outcome: 'PUBLISHED' });
  return publication;
}

async function candidate(bench: WarehouseBench, day: string): Promise<number> {
  const models = `create table core.a as select '${day}' as day; create table marts.b as select '${day}' as day`;
  return bench.candidateWithMarts(day, 'm1,steel,1\n', models);
}

/** Publishes with statements that can be told from others. */
function publishAs(warehouse: Warehouse, publication: number): Promise<PublishResult> {
  return inStatementContext({ who: HELD }, () => warehouse.publish(publication));
}

async function untilHeld(settled: () => boolean): Promise<boolean> {
  while (!settled()) {
    if ((await peer.held()) > 0) return true;
    await sleep(5);
  }
  return false;
}

const ofPublisher = (statements: PeerStatement[]) => statements.filter(({ queryTag }) => queryTag.includes(HELD));

describe('a publication on Snowflake', () => {
  it('shows one publication or the other, whole, between any two of its statements', async () => {
    const { bench, first, next, read, close } = await withCandidate();
    await peer.addFault({ match: '.', tag: HELD, action: 'hold', times: 0 });
    let isSettled = false;
    const publishing = publishAs(bench.warehouse, next).finally(() => (isSettled = true));
    const seen: unknown[][] = [];
    while (await untilHeld(() => isSettled)) {
      seen.push(await read());
      await peer.release();
    }
    expect(await publishing).toEqual({ publication: next, outcome: 'PUBLISHED' });
    const before = ['2026-03-01', '2026-03-01', first];
    const after = ['2026-03-02', '2026-03-02', next];
    expect(await read()).toEqual(after);
    expect(seen.length).toBeGreaterThan(20);
    const swapped = seen.findIndex((row) => row[2] === next);
    expect(seen.slice(0, swapped)).toEqual(seen.slice(0, swapped).map(() => before));
    expect(seen.slice(swapped)).toEqual(seen.slice(swapped).map(() => after));
    expect(ofPublisher(await peer.statements()).filter(({ sql }) => /swap with/i.test(sql))).toHaveLength(1);
    await close();
  });

  it('is finished by whoever meets it, and whoever stopped and wakes up late does no harm', async () => {
    const counted = await withCandidate();
    await peer.forgetStatements();
    await publishAs(counted.bench.warehouse, counted.next);
    const statements = ofPublisher(await peer.statements());
    await counted.close();
    const outcomes: string[] = [];
    for (let nth = 1; nth <= statements.length; nth += EVERY) {
      const { bench, settings, next, read, close } = await withCandidate();
      const other = snowflakeUnderTest(settings, bench.stateDir, 0);
      await peer.addFault({ match: '.', tag: HELD, action: 'hold', nth });
      let isSettled = false;
      const late = publishAs(bench.warehouse, next).then(
        ({ outcome }) => outcome,
        (error: unknown) => (error as Error).name,
      );
      void late.finally(() => (isSettled = true));
      expect(await untilHeld(() => isSettled)).toBe(true);
      expect(await other.publish(next)).toEqual({ publication: next, outcome: 'PUBLISHED' });
      expect(await read()).toEqual(['2026-03-02', '2026-03-02', next]);
      // Readers have gone on to another day before it wakes up.
      Object.assign(bench, { warehouse: other });
      const newer = await run(bench, '2026-03-03');
      await peer.clearFaults();
      outcomes.push(`${statements[nth - 1]?.sql.trim().slice(0, 40)}: ${await late}`);
      expect([await read(), nth]).toEqual([['2026-03-03', '2026-03-03', newer], nth]);
      expect(await other.head()).toBe(newer);
      const found = await other.reconcile({ checksums: false });
      expect(found.filter(({ severity }) => severity !== 'INFO')).toEqual([]);
      await close();
      await dropPlatform(settings);
    }
    // Whoever was still in time has published it too; the others are told that they come too late, and are tried again.
    expect(outcomes.filter((outcome) => !/PUBLISHED$|SnowflakeUnavailableError$/.test(outcome))).toEqual([]);
  });
});
