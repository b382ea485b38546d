import { z } from 'zod';

/**
 * How a load comes to stand in for what was published before; docs/strategies.md compares the two.
 *
 * - run_partitioned: it takes the place of the same table's same logical date; other dates stay.
 * - truncate_reload: it takes the place of the whole table, up to the loaded date.
 */
export const strategySchema = z.enum(['run_partitioned', 'truncate_reload']);

export type Strategy = z.infer<typeof strategySchema>;
