import { DateTime } from 'luxon';
import { publicationsInputSchema, type PublicationsResult } from '../contracts/publications';
import { parseWorkflowInput } from '../contracts/workflow-inputs';
import { lastEntries } from '../warehouse/publication-entries';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

export function createListPublications({ warehouse }: ActivityDependencies) {
  /** Validates the input of `mfgPublications` and reads the newest entries of the publication log. */
  return async function listPublications(input: unknown): Promise<PublicationsResult> {
    const { limit } = parseWorkflowInput(publicationsInputSchema, 'mfgPublications', input);
    return withHeartbeat(async () => {
      const entries = await lastEntries(warehouse, limit);
      const publications = entries.map((entry) => ({ ...entry, at: isoTime(entry.at) }));
      return { head: (await warehouse.head()) ?? null, publications };
    });
  };
}

/** A warehouse's timestamp, which is in UTC, as ISO 8601. */
function isoTime(text: string): string {
  return DateTime.fromSQL(text, { zone: 'utc' }).toISO() ?? text;
}
