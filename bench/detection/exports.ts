import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseCall } from '../../data/simulator/options';
import { writeExport } from '../../data/simulator/write-export';

/** Beside the source systems, where no detector looks: what the simulator knows of what is wrong. */
export const TRUTH = 'truth.json';

/** Two sites of six machines each, as the shipped export has them, but with enough readings a day to speak of a distribution. */
const PLANT = ['--sites', '2', '--work-units', '6', '--sensor-interval', '900'];

/**
 * Simulates a plant and writes its export, in the place of what an earlier call left there.
 *
 * @param options of the simulator's command line; a later one of a name stands over an earlier one, and over the plant's.
 * @returns its source folder, which holds deliveries and nothing else.
 * @throws Error when something that is no delivery stands where the platform will look.
 */
export async function exportOf(folder: string, ...options: string[]): Promise<string> {
  const sourceDir = path.join(folder, 'source_system');
  const call = parseCall(['--out', folder, '--no-gzip', ...PLANT, ...options]);
  await rm(folder, { recursive: true, force: true });
  await writeExport(call.folder, call.options);
  await refuseTruth(sourceDir);
  return sourceDir;
}

/** Copies some days of a source folder into another, as the only ones there. */
export async function copyDays(from: string, to: string, dates: readonly string[]): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(path.join(to, 'mes'), { recursive: true });
  for (const date of dates) {
    await cp(path.join(from, 'mes', date), path.join(to, 'mes', date), { recursive: true, preserveTimestamps: true });
  }
}

/** The detectors see what the platform loads: the folder must hold no truth. */
async function refuseTruth(sourceDir: string): Promise<void> {
  const names = await readdir(sourceDir, { recursive: true });
  const other = names.find((name) => /\.\w+$/.test(name) && !name.endsWith('.csv'));
  if (other !== undefined)
    throw new Error(`${path.join(sourceDir, other)} is no delivery: the detectors must not see it.`);
}
