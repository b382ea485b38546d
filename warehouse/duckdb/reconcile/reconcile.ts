import { existsSync } from 'node:fs';
import { withDuckDb, type JsonRow } from '../../../duckdb/connection';
import { contentsOf, readRecordedState } from '../../store/recorded-state';
import type { StoreSession } from '../../store/store-db';
import type { Disagreement } from '../../warehouse';
import type { Layout } from '../layout';
import { attachDataSet } from '../published-data';
import { checkBuilds, checkPartitionFiles, checkStrayFiles } from './file-checks';
import { checkLink, linkTarget } from './published-link';

/** Compares the store with itself and with every file that it names. Changes nothing. */
export async function reconcile(
  session: StoreSession,
  layout: Layout,
  options: { checksums: boolean },
): Promise<Disagreement[]> {
  const link = await linkTarget(layout);
  const { found, head, partitions, dataSets, shown, differences } = await session((db) => readRecordedState(db));
  if (head !== undefined) found.push(...(await checkLink(layout, link, head.dataSet)));
  found.push(...(await checkBuilds(layout, dataSets)));
  await withDuckDb({ path: ':memory:' }, async (db) => {
    found.push(...(await checkPartitionFiles(db, layout, partitions, options.checksums)));
  });
  const retired = new Set(partitions.filter(({ isRetired }) => isRetired).map(({ loadSeq }) => loadSeq));
  for (const { dataSet, held } of contentsOf(shown, differences)) {
    for (const [, loadSeq] of held.filter(([, seq]) => retired.has(seq))) {
      found.push({
        severity: 'ERROR',
        what: `data set ${dataSet} is kept, but its partition ${loadSeq} was retired`,
        advice: 'load its date again with `npx mfg ingest --date` before its file goes',
      });
    }
    found.push(
      ...(await checkContents(
        layout,
        dataSet,
        held.map((place) => place.join(' ')),
      )),
    );
  }
  found.push(...(await checkStrayFiles(layout, partitions, dataSets)));
  return found;
}

/** A data set's own word for what it is and holds, against the log's. */
async function checkContents(layout: Layout, dataSet: number, partitions: string[]): Promise<Disagreement[]> {
  const advice = 'build again with `npx mfg transform`, and do not go back to it';
  // One that is missing has been named.
  if (!existsSync(layout.database(dataSet))) return [];
  try {
    return await withDuckDb({ path: ':memory:' }, async (db) => {
      await attachDataSet(db, layout, dataSet);
      const [own] = await db.rows('select publication from published.raw.current_publication');
      if (Number(own?.publication) !== dataSet) {
        const what = `builds/${dataSet} holds data set ${String(own?.publication)}`;
        return [{ severity: 'ERROR', what, advice }];
      }
      const listed = (
        await db.rows(
          'select table_name, logical_date::varchar as logical_date, load_seq from published.raw.current_load',
        )
      ).map(placeOf);
      const [more, less] = [without(listed, partitions), without(partitions, listed)];
      if (more.length + less.length === 0) return [];
      const differences = [...less.map((place) => `lacks ${place}`), ...more.map((place) => `shows ${place}`)];
      const what = `data set ${dataSet} is not what the log says: it ${differences.slice(0, 5).join(', ')}`;
      return [{ severity: 'ERROR', what, advice }];
    });
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n');
    return [{ severity: 'ERROR', what: `data set ${dataSet} cannot be read (${line.slice(0, 200)})`, advice }];
  }
}

function placeOf(row: JsonRow): string {
  return `${String(row.table_name)} ${String(row.logical_date)} ${String(row.load_seq)}`;
}

function without(places: string[], others: string[]): string[] {
  const there = new Set(others);
  return places.filter((place) => !there.has(place)).sort();
}
