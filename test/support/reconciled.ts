import type { Client } from '@temporalio/client';
import { reconcileRuns } from '../../client/reconcile-runs';
import type { Warehouse } from '../../warehouse/warehouse';

/**
 * What `mfg reconcile --checksums` would blame, one line each: empty after every test, whatever it did. With a client Temporal's
 * histories are compared too.
 */
export async function disagreements(warehouse: Warehouse, client?: Client): Promise<string[]> {
  const found = await warehouse.reconcile({ checksums: true });
  if (client !== undefined) found.push(...(await reconcileRuns(client, await warehouse.recordedRuns())));
  return found.filter(({ severity }) => severity !== 'INFO').map(({ severity, what }) => `${severity} ${what}`);
}
