import type { RunIdentity, RunManifest } from '../contracts/run';
import type { Warehouse } from '../warehouse/warehouse';

/** The manifest that the run's discovery wrote. */
export async function requireManifest(warehouse: Warehouse, run: RunIdentity): Promise<RunManifest> {
  const manifest = await warehouse.readManifest(run.loadId);
  if (manifest === undefined)
    throw new Error(`the store has no manifest of ${run.loadId}: was its state folder removed?`);
  return manifest;
}
