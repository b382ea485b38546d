import { ManifestMissingError } from '../contracts/errors';
import type { RunIdentity, RunManifest } from '../contracts/run';
import type { Warehouse } from '../warehouse/warehouse';

/**
 * The manifest that the run's discovery wrote.
 *
 * @throws ManifestMissingError
 */
export async function requireManifest(warehouse: Warehouse, run: RunIdentity): Promise<RunManifest> {
  const manifest = await warehouse.readManifest(run.loadId);
  if (manifest === undefined) {
    throw new ManifestMissingError(
      `the store has no manifest of ${run.loadId}: its state folder was removed or exchanged; start a new run.`,
    );
  }
  return manifest;
}
