import path from 'node:path';

/**
 * Where the embedded warehouse keeps what, under the state folder:
 *
 * - `store.duckdb`: ledger, audits, publication log.
 * - `raw/<table>/<load_seq>.parquet`, `….rejects.parquet`: partitions, never overwritten.
 * - `builds/<publication>/mfg.duckdb`: candidates and publications. The file's stem is the database's name: constant.
 * - `published`: a link to the head's build folder.
 * - `staging/<load_seq>/`: scratch of loads under way; `export-<uuid>/`: what an export sorts on the disk.
 * - `landing/<sha256>` (or a folder elsewhere): copies of delivered files, by content.
 */
export interface Layout {
  stateDir: string;
  store: string;
  raw: string;
  builds: string;
  staging: string;
  landing: string;
  published: string;
  partition(table: string, loadSeq: bigint | string): string;
  rejects(table: string, loadSeq: bigint | string): string;
  build(publication: number): string;
  database(publication: number): string;
}

export const DATABASE_FILE = 'mfg.duckdb';

export function layoutOf(stateDir: string, landing = path.join(stateDir, 'landing')): Layout {
  const builds = path.join(stateDir, 'builds');
  const raw = path.join(stateDir, 'raw');
  return {
    stateDir,
    store: path.join(stateDir, 'store.duckdb'),
    raw,
    builds,
    staging: path.join(stateDir, 'staging'),
    landing,
    published: path.join(stateDir, 'published'),
    partition: (table, loadSeq) => path.join(raw, table, `${loadSeq}.parquet`),
    rejects: (table, loadSeq) => path.join(raw, table, `${loadSeq}.rejects.parquet`),
    build: (publication) => path.join(builds, String(publication)),
    database: (publication) => path.join(builds, String(publication), DATABASE_FILE),
  };
}
