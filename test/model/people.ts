import type { ModelBench } from './bench';
import type { KillPoint } from './interruption';
import type { DataSet, Entry, Plant } from './plant';
import { readStore } from './reader';
import { ACT } from './steps';

/** What people do with the log, to the real warehouse and to the model. */

/** Goes back to an earlier publication; undefined: to the one before. */
export async function rollback(
  plant: Plant,
  bench: ModelBench,
  to: number | undefined,
  kill?: KillPoint,
): Promise<void> {
  const { head, visible } = plant;
  const target = to ?? plant.before();
  const entry = target === undefined ? undefined : plant.entry(target);
  const refusal =
    head === undefined
      ? /nothing is published yet/
      : target === undefined
        ? /no publication before the first/
        : entry?.status !== 'PUBLISHED'
          ? /there is no publication/
          : entry.dataSet === head.dataSet
            ? /what readers see already/
            : plant.dropped.has(entry.dataSet)
              ? /no longer kept/
              : undefined;
  if (refusal !== undefined || head === undefined || visible === undefined || entry === undefined) {
    await expect(bench.warehouse.rollback(to, ACT)).rejects.toThrow(refusal);
    plant.session();
    return;
  }
  const result = await killable(plant, bench, kill, () => bench.warehouse.rollback(to, ACT));
  if (result === 'not done') return;
  const publication = result?.publication ?? (await headOf(bench));
  const added = addEntry(plant, { publication, kind: 'ROLLBACK', target: entry.publication, dataSet: entry.dataSet });
  const withdrawnDeliveries = plant.withdraw(visible, plant.dataSets.get(entry.dataSet) as DataSet);
  plant.moveHead(added);
  if (result === undefined) return;
  plant.session();
  expect(result).toEqual({
    publication,
    from: head.publication,
    to: entry.publication,
    dataSet: entry.dataSet,
    withdrawnDeliveries,
  });
}

/** Publishes a held candidate, if its base is the head. */
export async function approve(plant: Plant, bench: ModelBench, entry: Entry, kill?: KillPoint): Promise<void> {
  const done = plant.log.find((other) => other.kind === 'APPROVAL' && other.target === entry.publication);
  const isHeld = entry.status === 'HELD' && entry.kind === 'BUILD';
  if (done !== undefined) {
    expect(await bench.warehouse.approve(entry.publication, ACT)).toEqual({
      publication: done.publication,
      dataSet: entry.dataSet,
    });
    plant.session();
    return;
  }
  const isBaseHead = entry.base === (plant.head?.publication ?? null);
  if (!isHeld || !isBaseHead || plant.dropped.has(entry.dataSet)) {
    const refusal = !isHeld ? /only a HELD one/ : isBaseHead ? /no longer kept/ : /was built on publication/;
    await expect(bench.warehouse.approve(entry.publication, ACT)).rejects.toThrow(refusal);
    plant.session();
    return;
  }
  const result = await killable(plant, bench, kill, () => bench.warehouse.approve(entry.publication, ACT));
  if (result === 'not done') return;
  const publication = result?.publication ?? (await headOf(bench));
  const { dataSet } = entry;
  plant.moveHead(addEntry(plant, { publication, kind: 'APPROVAL', target: entry.publication, dataSet }));
  plant.forgetWithdrawn(dataSet);
  if (result === undefined) return;
  plant.session();
  expect(result).toEqual({ publication, dataSet });
}

/** Pins or unpins whatever entry of the log. */
export async function setPin(plant: Plant, bench: ModelBench, entry: Entry, isPinned: boolean): Promise<void> {
  const act = () =>
    isPinned ? bench.warehouse.pin(entry.publication, ACT) : bench.warehouse.unpin(entry.publication, ACT);
  if (entry.status !== 'PUBLISHED') {
    await expect(act()).rejects.toThrow(/there is no publication/);
  } else if (isPinned && plant.dropped.has(entry.dataSet)) {
    await expect(act()).rejects.toThrow(/no longer kept/);
  } else {
    await act();
    if (isPinned) plant.pinned.add(entry.publication);
    else plant.pinned.delete(entry.publication);
  }
  plant.session();
}

/** Runs an act of one session. Undefined: it was killed after its commit, before the link moved. */
async function killable<T>(
  plant: Plant,
  bench: ModelBench,
  kill: KillPoint | undefined,
  act: () => Promise<T>,
): Promise<T | undefined | 'not done'> {
  if (kill === undefined) return act();
  bench.interruption.arm(1, kill);
  await expect(act()).rejects.toThrow();
  bench.interruption.disarm();
  if (kill === 'before') return 'not done';
  plant.session();
  return kill === 'during' ? 'not done' : undefined;
}

async function headOf(bench: ModelBench): Promise<number> {
  return (await readStore(bench.db, bench.stateDir)).head ?? 0;
}

function addEntry(plant: Plant, entry: Omit<Entry, 'base' | 'status' | 'loadId'>): Entry {
  const added: Entry = { ...entry, loadId: null, base: plant.head?.publication ?? null, status: 'PUBLISHED' };
  plant.log.push(added);
  return added;
}

/** Retention with no grace period and no days: what it need not keep goes at once. */
export async function retain(plant: Plant, bench: ModelBench, keepPublications: number): Promise<void> {
  plant.retain(keepPublications);
  await bench.warehouse.retain({ keepPublications, keepDays: 0, graceHours: 0, dryRun: false });
  plant.session();
}
