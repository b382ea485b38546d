import type { SourceTable } from '../../contracts/source-contract';
import type { DuckDb } from '../../duckdb/connection';
import type { BuildInputs, BuildInputsRequest } from '../warehouse';
import { selectHead, tablesChangedBy } from './data-sets';

/** What a candidate that is opened now would start from. */
export async function buildInputs(db: DuckDb, { run, tables, ...part }: BuildInputsRequest): Promise<BuildInputs> {
  const head = await selectHead(db);
  const changed = await tablesChangedBy(db, head?.dataSet ?? null, { loadId: run.loadId, ...part });
  if (head === undefined) return { base: null, changedTables: [...changed], projectDigest: null, settingsDigest: null };
  return {
    base: head.publication,
    changedTables: await withChangedContracts(db, changed, head.dataSet, tables),
    ...(await digestsOf(db, head.dataSet)),
  };
}

/** What a data set was built from, besides its loads. */
export async function digestsOf(
  db: DuckDb,
  dataSet: number,
): Promise<Pick<BuildInputs, 'projectDigest' | 'settingsDigest'>> {
  const [row] = await db.rows(
    'select project_digest, settings_digest from raw.raw_publication where publication = $1',
    [dataSet],
  );
  const text = (value: unknown) => (value === null || value === undefined ? null : String(value));
  return { projectDigest: text(row?.project_digest), settingsDigest: text(row?.settings_digest) };
}

/** Per table one hash of its whole contract: what its RAW view and its staging model are made from. */
export function contractDigests(tables: SourceTable[]): Record<string, string> {
  return Object.fromEntries(tables.map((table) => [table.name, table.definitionDigest]));
}

/** Adds the tables whose contract is not the one that a data set was built with, to those with other partitions. */
export async function withChangedContracts(
  db: DuckDb,
  changed: Set<string>,
  base: number,
  tables: SourceTable[],
): Promise<string[]> {
  const [row] = await db.rows(
    'select contract_digests::varchar as digests from raw.raw_publication where publication = $1',
    [base],
  );
  const before = JSON.parse(String(row?.digests ?? '{}')) as Record<string, string> | null;
  const now = contractDigests(tables);
  return tables
    .map((table) => table.name)
    .filter((name) => changed.has(name) || before === null || now[name] !== before[name]);
}

/** A file that a build left in the store. */
export async function readArtifact(db: DuckDb, dataSet: number, name: string): Promise<string | undefined> {
  const [row] = await db.rows('select content from build_artifact where publication = $1 and name = $2', [
    dataSet,
    name,
  ]);
  return row === undefined ? undefined : String(row.content);
}
