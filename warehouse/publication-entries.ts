import type { PublicationEntry } from '../contracts/publications';
import type { Warehouse } from './warehouse';

/** The newest entries of the publication log, newest first. */
export async function lastEntries(warehouse: Warehouse, limit: number): Promise<PublicationEntry[]> {
  return entries(warehouse, `order by publication desc limit ${limit}`);
}

/** One entry of the publication log, or undefined. */
export async function findEntry(warehouse: Warehouse, publication: number): Promise<PublicationEntry | undefined> {
  return (await entries(warehouse, `where publication = ${publication}`))[0];
}

async function entries(warehouse: Warehouse, which: string): Promise<PublicationEntry[]> {
  const { rows } = await warehouse.query(
    { kind: 'head' },
    `select *, publication in (
         select publication
         from (
           select publication, action, row_number() over (partition by publication order by event_id desc) as age
           from raw.raw_publication_pin
         ) as pins
         where age = 1 and action = 'PIN'
       ) as pinned, coalesce(published_at, built_at, created_at) as at_time
     from raw.raw_publication ${which}`,
  );
  return rows.map((row) => ({
    publication: Number(row.publication),
    kind: row.kind as PublicationEntry['kind'],
    status: row.status as PublicationEntry['status'],
    base: numberOrNull(row.base),
    target: numberOrNull(row.target),
    dataSet: Number(row.data_set),
    scope: row.scope as PublicationEntry['scope'],
    pinned: row.pinned === true,
    dropped: row.dropped_at !== null,
    models: numberOrNull(row.models),
    tests: numberOrNull(row.tests),
    warnings: numberOrNull(row.warnings),
    buildSeconds: numberOrNull(row.build_seconds),
    at: String(row.at_time),
    loadId: String(row.load_id),
    codeVersion: String(row.code_version),
    failure: textOrNull(row.failure),
    actor: textOrNull(row.actor),
    reason: textOrNull(row.reason),
  }));
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}

function textOrNull(value: unknown): string | null {
  return value === null ? null : String(value);
}
