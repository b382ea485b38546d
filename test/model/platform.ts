import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as duckDbPackage from '@duckdb/node-api';
import * as connection from '../../duckdb/connection';
import { PROJECT_ROOT } from '../../contracts/config';
import type * as loads from '../../ingestion/load-batch';
import type * as plans from '../../ingestion/plan-run';
import type * as warehouses from '../../warehouse/duckdb/duckdb-warehouse';
import type { Layout } from '../../warehouse/duckdb/layout';
import type { StoreSession } from '../../warehouse/store/store-db';
import { scratchDir } from '../support/scratch';
import { Interruption } from './interruption';
import { Opening } from './open-duckdb';

type Warehouses = typeof warehouses;
type Plans = typeof plans;
type Loads = typeof loads;

/** One change to a source file: `find` must stand in it exactly once. */
export interface Edit {
  /** Relative to the project, such as `warehouse/duckdb/people.ts`. */
  file: string;
  find: string;
  replace: string;
}

/** The product's own code, as a sequence drives it. */
export interface Platform {
  createDuckDbWarehouse: Warehouses['createDuckDbWarehouse'];
  planRun: Plans['planRun'];
  loadBatch: Loads['loadBatch'];
  /** Stops the sessions on its stores where it is told to, as a kill would. */
  interruption: Interruption;
  /** How its files are opened. */
  opening: Opening;
}

const CONNECTION = 'duckdb/connection.ts';
const STORE = 'warehouse/duckdb/store.ts';

/**
 * Loads the product's modules with some of their lines changed (none: as they are), in a module registry of their own. The
 * sessions on the store pass through an interruption.
 *
 * @throws Error when an edit does not fit the source any more: it is to be written anew.
 */
export async function loadPlatform(edits: readonly Edit[] = []): Promise<Platform> {
  const interruption = new Interruption();
  const opening = new Opening(connection.withDuckDb);
  const files = new Map<string, string>();
  for (const edit of edits) files.set(edit.file, applied(edit, files.get(edit.file)));
  const edited = new Map([...files].map(([file, source]) => [file, writeEdited(file, source)]));
  const mocked = [...edited.keys()].filter((file) => file !== STORE).map(absolute);
  let platform: Platform | undefined;
  await jest.isolateModulesAsync(async () => {
    // The native library once per process, whatever the registry.
    jest.doMock('@duckdb/node-api', () => duckDbPackage);
    for (const file of mocked) {
      const copy = edited.get(path.relative(PROJECT_ROOT, file)) ?? file;
      jest.doMock(file, () => jest.requireActual<object>(copy));
    }
    jest.doMock(absolute(CONNECTION), () => ({ ...connection, withDuckDb: opening.withDuckDb }));
    jest.doMock(absolute(STORE), () => {
      const store = jest.requireActual<{ storeSessions: (layout: Layout) => StoreSession }>(
        edited.get(STORE) ?? absolute(STORE),
      );
      return { ...store, storeSessions: (layout: Layout) => interruption.wrap(store.storeSessions(layout), layout) };
    });
    const actual = <T extends object>(file: string) => jest.requireActual<T>(edited.get(file) ?? absolute(file));
    const { createDuckDbWarehouse } = actual<Warehouses>('warehouse/duckdb/duckdb-warehouse.ts');
    const { planRun } = actual<Plans>('ingestion/plan-run.ts');
    const { loadBatch } = actual<Loads>('ingestion/load-batch.ts');
    platform = { createDuckDbWarehouse, planRun, loadBatch, interruption, opening };
  });
  for (const file of ['@duckdb/node-api', ...mocked, absolute(CONNECTION), absolute(STORE)]) jest.dontMock(file);
  if (platform === undefined) throw new Error('the modules were not loaded');
  return platform;
}

function absolute(file: string): string {
  return path.join(PROJECT_ROOT, file);
}

function applied({ file, find, replace }: Edit, source = readFileSync(absolute(file), 'utf8')): string {
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`${file} holds '${find}' ${places} times, not once: write this edit anew.`);
  return source.replace(find, () => replace);
}

/** Writes the changed source beside nothing of the project: its imports are made absolute. */
function writeEdited(file: string, source: string): string {
  const folder = path.dirname(absolute(file));
  const target = path.join(scratchDir(), path.basename(file));
  const resolve = (name: string) => (name.startsWith('.') ? path.join(folder, name) : require.resolve(name));
  writeFileSync(
    target,
    source.replace(/ from '([^']+)';/g, (whole, name: string) =>
      name.startsWith('node:') ? whole : ` from '${resolve(name)}';`,
    ),
  );
  return target;
}
