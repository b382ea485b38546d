import { z } from 'zod';

/** One entry of the publication log: a build, a rollback to an earlier entry, or the approval of one that was held back. */
export const publicationEntrySchema = z.object({
  /** Its number: entries are numbered as they come. */
  publication: z.int(),
  kind: z.enum(['BUILD', 'ROLLBACK', 'APPROVAL']),
  /** Readers have seen PUBLISHED ones. HELD: a gate failed. FAILED: a model did. SUPERSEDED: another run published first. */
  status: z.enum([
    'BUILDING',
    'BUILT',
    'HELD',
    'FAILED',
    'CANCELLED',
    'PUBLISHING',
    'PUBLISHED',
    'SUPERSEDED',
    'ABANDONED',
  ]),
  /** The entry that it was built on; null for the first. */
  base: z.int().nullable(),
  /** Of a ROLLBACK or APPROVAL: the entry whose data set it shows. */
  target: z.int().nullable(),
  /** The entry whose build it shows. */
  dataSet: z.int(),
  /** How its data set was built. */
  scope: z.enum(['FULL', 'PARTIAL']),
  /** Kept whatever retention is set to. */
  pinned: z.boolean(),
  /** Retention has dropped its data set. */
  dropped: z.boolean(),
  models: z.int().nullable(),
  tests: z.int().nullable(),
  warnings: z.int().nullable(),
  buildSeconds: z.number().nullable(),
  /** When it was published, else built, else begun; UTC. */
  at: z.string(),
  /** LOAD_ID of the run that made it. */
  loadId: z.string(),
  codeVersion: z.string(),
  /** Why it was held back or failed. */
  failure: z.string().nullable(),
  /** Who rolled back or approved, and why. */
  actor: z.string().nullable(),
  reason: z.string().nullable(),
});

export type PublicationEntry = z.infer<typeof publicationEntrySchema>;

/** Input of `mfgPublications`; everything may be left out. */
export const publicationsInputSchema = z.strictObject({
  /** How many entries, the newest first. */
  limit: z.number().int().min(1).max(1_000).default(20),
});

export type PublicationsInput = z.input<typeof publicationsInputSchema>;

/** Result of `mfgPublications`. */
export const publicationsResultSchema = z.object({
  /** The publication that readers see; null before the first. */
  head: z.int().nullable(),
  /** Newest first; `at` is ISO 8601. */
  publications: z.array(publicationEntrySchema),
});

export type PublicationsResult = z.infer<typeof publicationsResultSchema>;
