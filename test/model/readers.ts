import type { ModelBench } from './bench';
import { loadName, type Plant } from './plant';
import { readDataSet, readStore } from './reader';
import { viewsOf } from './views';

/**
 * Compares what an independent reader sees with the model: everything in the published file, and the log, what is
 * withdrawn and what is pinned in the store.
 */
export async function expectReadersSeeTheModel(plant: Plant, bench: ModelBench): Promise<void> {
  const { shown, linked } = plant;
  const expected = shown === undefined || linked === undefined ? undefined : viewsOf(plant, linked, shown);
  expect(await readDataSet(bench.db, bench.publishedFile)).toEqual(expected);
  if (plant.runs.length === 0) return;
  expect(await readStore(bench.db, bench.stateDir)).toEqual({
    head: plant.head?.publication ?? null,
    entries: plant.log
      .map(
        ({ publication, kind, base, target, dataSet, status }) =>
          `${publication} ${kind} on ${base ?? 'nothing'} to ${target ?? 'nothing'} shows ${dataSet} ${status}`,
      )
      .sort(),
    withdrawn: [...new Set(plant.withdrawn.map(({ place, loadId }) => `${place} ${loadId}`))].sort(),
    sealed: plant.runs
      .flatMap((run) =>
        [...run.sealed].map(
          ([place, { rows, rejects }]) =>
            `${loadName(place, run.loadId)}: ${rows + rejects} read, ${rows} loaded, ${rejects} rejected`,
        ),
      )
      .sort(),
    pinned: [...plant.pinned].sort((a, b) => a - b),
  });
}

/** Every publication that is kept still shows what it showed on its day. */
export async function expectKeptPublications(plant: Plant, bench: ModelBench): Promise<void> {
  const published = new Set(
    plant.log
      .filter((entry) => entry.status === 'PUBLISHED' && !plant.dropped.has(entry.dataSet))
      .map((entry) => entry.dataSet),
  );
  for (const number of published) {
    const dataSet = plant.dataSets.get(number);
    if (dataSet === undefined) throw new Error(`the model knows no data set ${number}`);
    expect(await readDataSet(bench.db, bench.fileOf(number))).toEqual(viewsOf(plant, number, dataSet));
  }
}
