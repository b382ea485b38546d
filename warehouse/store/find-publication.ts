import { InvalidInputError } from '../../contracts/errors';
import type { QueryTarget } from '../warehouse';
import { selectHead } from './data-sets';
import { isoTime, type StoreDb } from './store-db';

/** A publication as the log has it. */
export interface Publication {
  publication: number;
  /** The entry whose build it shows. */
  dataSet: number;
  /** Code that built it. */
  codeVersion: string;
  /** ISO 8601, UTC; of a candidate the end of its build. */
  publishedAt: string;
}

/**
 * The publication or candidate that a target names; undefined for the head before the first publication.
 *
 * @param db the store. @throws InvalidInputError when a number is not that of a publication, or retention has dropped its data set.
 */
export async function findPublication(db: StoreDb, target: QueryTarget): Promise<Publication | undefined> {
  const publication = target.kind === 'head' ? (await selectHead(db))?.publication : target.publication;
  if (publication === undefined) return undefined;
  const [row] = await db.rows(
    'select data_set, status, code_version, published_at, built_at, dropped_at from raw.raw_publication where publication = $1',
    [publication],
  );
  if (target.kind === 'candidate') {
    if (row === undefined || row.status === 'BUILDING') {
      throw new InvalidInputError(
        `there is no candidate ${publication} that has ended: \`npx mfg publications\` lists them.`,
      );
    }
  } else if (row?.status !== 'PUBLISHED') {
    throw new InvalidInputError(`there is no publication ${publication}: \`npx mfg publications\` lists them.`);
  }
  refuseDropped(publication, row.dropped_at);
  return {
    publication,
    dataSet: Number(row.data_set),
    codeVersion: String(row.code_version),
    publishedAt: isoTime(row.published_at ?? row.built_at),
  };
}

/** @throws InvalidInputError when retention has dropped the data set of a publication or candidate. */
export function refuseDropped(publication: number, droppedAt: unknown): void {
  if (droppedAt === null || droppedAt === undefined) return;
  throw new InvalidInputError(
    `the data set of publication ${publication} is no longer kept (retention): \`npx mfg publications\` lists what is.`,
  );
}

/** What a reader of the head is told before the first publication. */
export function nothingPublished(): InvalidInputError {
  return new InvalidInputError('nothing is published yet: run `npx mfg ingest` first.');
}
