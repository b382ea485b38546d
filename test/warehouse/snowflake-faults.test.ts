import { TerminalError } from '../../contracts/errors';
import { until } from '../support/live-bench';
import { startPeer, type Peer, type PeerFault } from '../support/snowflake-peer';
import { dropPlatform, peerSettings, snowflakeUnderTest } from '../support/snowflake-under-test';
import { MATERIALS, WarehouseBench } from '../support/warehouse-bench';

/**
 * What a network, a service and a storage do on a bad day, to a load and a publication that are tried again as activities are: no
 * loss, no duplicate, no half publication. Between the peer and the code under test stands the real driver with its own retries.
 */

let peer: Peer;
let platforms = 0;
beforeAll(async () => {
  peer = await startPeer({ idleLockSeconds: 1 });
});
afterEach(() => peer.clearFaults());

const ATTEMPTS = 6;

/** Tries again whatever an activity would. */
async function retried<T>(work: (attempt: number) => Promise<T>, failures: string[]): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (error instanceof TerminalError || attempt === ATTEMPTS) throw error;
      failures.push((error as Error).message);
    }
  }
}

const lost = (match: string): PeerFault[] => [
  // The answer does not arrive, and when the driver asks again its session is gone: nobody knows what became of the statement.
  { match, action: 'drop-after' },
  { match, action: 'expire-session' },
];

/** With how many attempts fail: none where the driver's own retry makes it good. */
const FAULTS: [name: string, faults: PeerFault[], failedAttempts: number][] = [
  ['a file that does not reach the stage', [{ match: '^put', action: 'lose-put' }], 1],
  ['a COPY that is answered with 503', [{ match: '^copy', action: '503' }], 0],
  ['a COPY whose connection is dropped before it runs', [{ match: '^copy', action: 'drop-before' }], 0],
  ['a COPY whose answer is lost', lost('^copy'), 1],
  ['a COPY that an operator ends', [{ match: '^copy', action: 'error', error: failure('000604', '57014') }], 1],
  ['a COMMIT whose connection is dropped before it runs', [{ match: '^commit', action: 'drop-before', nth: 2 }], 0],
  ['a COMMIT whose answer is lost', [{ match: '^commit', action: 'drop-after', nth: 2 }], 0],
  ['a COMMIT whose outcome nobody knows', lost('^commit'), 1],
  ['a session that expires', [{ match: '^update store_lock', action: 'expire-session', nth: 2 }], 1],
  ['a token that expires', [{ match: '^update store_lock', action: 'expire-token', nth: 2 }], 0],
  ['a lock that is not let go', [{ match: 'store_lock set', action: 'error', error: failure('000625', '57014') }], 1],
  ['a slow statement', [{ match: 'clone', action: 'slow', seconds: 2 }], 0],
  ['a clone whose answer is lost', lost('_NEXT_.*clone'), 1],
  ['a SWAP that is answered with 503', [{ match: 'swap with', action: '503' }], 0],
  ['a SWAP whose connection is dropped before it runs', [{ match: 'swap with', action: 'drop-before' }], 0],
  ['a SWAP whose answer is lost', [{ match: 'swap with', action: 'drop-after' }], 0],
  ['a SWAP whose outcome nobody knows', lost('swap with'), 1],
  ['a DROP of what was swapped out that fails', [{ match: '^drop database', action: 'expire-session' }], 1],
];

function failure(code: string, sqlState: string): { code: string; sqlState: string; message: string } {
  return { code, sqlState, message: 'a fault that the test asked for' };
}

it('a load on Snowflake that is cancelled ends its statement on the server, and is loaded by the next attempt', async () => {
  const settings = peerSettings(peer, `MFG_F${++platforms}`);
  const bench = new WarehouseBench((stateDir) => snowflakeUnderTest(settings, stateDir, 0));
  bench.deliver('2026-03-01/materials.csv', `${MATERIALS}m1,steel,1\n`);
  const manifest = await bench.plan();
  await peer.addFault({ match: '^copy', action: 'slow', seconds: 60 });
  const reason = new Error('enough');
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 1000);
  const started = Date.now();
  await expect(bench.load(manifest, 1, false, controller.signal)).rejects.toBe(reason);
  expect(Date.now() - started).toBeLessThan(20_000);
  await peer.clearFaults();
  await bench.load(manifest, 2);
  await bench.warehouse.publish((await bench.candidate(manifest)).publication);
  expect(await bench.values('select material_id from raw.materials')).toEqual(['m1']);
  const copies = async () =>
    (await peer.statements()).filter(({ sql }) => /^copy/i.test(sql)).map(({ error }) => error ?? 'done');
  // The peer notes an ended statement when it has ended, which may be later than its client goes on.
  await until('the ended statement is noted', async () => (await copies()).length === 2);
  expect((await copies()).sort()).toEqual(['000604', 'done']);
});

describe('a load and a publication on Snowflake, through', () => {
  it.each(FAULTS)('%s', async (_, faults, attempts) => {
    const settings = peerSettings(peer, `MFG_F${++platforms}`);
    const bench = new WarehouseBench((stateDir) => snowflakeUnderTest(settings, stateDir, 0));
    bench.deliver('2026-03-02/materials.csv', `${MATERIALS}m1,steel,1\nm2,only two\nm3,,003\n`);
    bench.deliver('2026-03-02/readings.csv', 'reading_id,value\nr1,1\n');
    for (const fault of faults) await peer.addFault(fault);
    const failures: string[] = [];
    const manifest = await retried(() => bench.plan(), failures);
    await retried((attempt) => bench.load(manifest, attempt), failures);
    const { publication } = await retried(() => bench.candidate(manifest), failures);
    const published = await retried(() => bench.warehouse.publish(publication), failures);
    await peer.clearFaults();
    expect(published).toEqual({ publication, outcome: 'PUBLISHED' });
    expect(failures).toHaveLength(attempts);
    expect(await bench.values('select material_id from raw.materials order by 1')).toEqual(['m1', 'm3']);
    expect(await bench.values('select reading_id from raw.readings')).toEqual(['r1']);
    expect(await bench.values('select raw_record from raw.raw_rejected_rows')).toEqual(['m2,only two']);
    expect(await bench.values('select count(distinct _load_seq) from raw.materials_run')).toEqual(['1']);
    expect(
      await bench.values("select count(*) from raw.raw_load_audit where status = 'LOADED' group by load_seq"),
    ).toEqual(['1', '1']);
    expect(await bench.warehouse.head()).toBe(publication);
    const found = await bench.warehouse.reconcile({ checksums: false });
    expect(found.filter(({ severity }) => severity !== 'INFO')).toEqual([]);
    await dropPlatform(settings);
  });
});
