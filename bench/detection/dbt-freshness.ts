import { DateTime } from 'luxon';
import type { Platform } from './platform';

const PERIOD_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
/** The hour of the night after its logical date at which a delivery is loaded. */
const LOADED_AT_HOUR = 2;

/**
 * What `dbt source freshness` would say at a moment: sources whose newest `_loaded_at` is older than `warn_after` or `error_after`.
 * dbt compares with the clock, which a simulated past does not have, and the bench loads 40 days in a minute: the newest row's
 * delivery counts as loaded in the night after its logical date.
 */
export async function staleForDbt(platform: Platform, publication: number, asOf: Date): Promise<string[]> {
  const stale: string[] = [];
  for (const { name, freshness } of platform.tables) {
    const [row] = await platform.rows(publication, `select max(_logical_date)::varchar as newest from raw."${name}"`);
    const limit = freshness?.warn_after ?? freshness?.error_after;
    if (limit === undefined || typeof row?.newest !== 'string') continue;
    const loadedAt = DateTime.fromISO(row.newest, { zone: platform.timeZone }).plus({ days: 1, hours: LOADED_AT_HOUR });
    if (asOf.getTime() - loadedAt.toMillis() > limit.count * PERIOD_MS[limit.period])
      stale.push(`freshness of ${name}`);
  }
  return stale;
}
