import { gunzipSync, gzipSync } from 'node:zlib';
import type { SourceTable } from '../../contracts/source-contract';
import type { BuildInputs, BuildInputsRequest, BuildRecord } from '../warehouse';
import { selectHead, tablesChangedBy } from './data-sets';
import type { StoreDb } from './store-db';

/** What a candidate that is opened now would start from. */
export async function buildInputs(db: StoreDb, { run, tables, ...part }: BuildInputsRequest): Promise<BuildInputs> {
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
  db: StoreDb,
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
  db: StoreDb,
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

/** Snowflake takes statements of up to 1 MB with what they bind. */
const PART_CHARACTERS = 400_000;

/** Replaces what a build leaves in the store: compressed, in parts. */
export async function writeArtifacts(
  db: StoreDb,
  publication: number,
  artifacts: BuildRecord['artifacts'],
): Promise<void> {
  await db.run('delete from build_artifact where publication = $1', [publication]);
  for (const { name, content } of artifacts) {
    const packed = gzipSync(content).toString('base64');
    for (let part = 0; part * PART_CHARACTERS < packed.length; part++) {
      const piece = packed.slice(part * PART_CHARACTERS, (part + 1) * PART_CHARACTERS);
      await db.insert('build_artifact', [{ publication, name, part, content: piece }]);
    }
  }
}

/** A file that a build left in the store. */
export async function readArtifact(db: StoreDb, dataSet: number, name: string): Promise<string | undefined> {
  const rows = await db.rows(
    'select part, content from build_artifact where publication = $1 and name = $2 order by part',
    [dataSet, name],
  );
  if (rows.length === 0) return undefined;
  // Up to version 0.1.0 they were stored as they are; they have no part number.
  if (rows[0]?.part === null) return String(rows[0].content);
  return gunzipSync(Buffer.from(rows.map((row) => String(row.content)).join(''), 'base64')).toString();
}
