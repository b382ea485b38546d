import { readdir } from 'node:fs/promises';
import { IANAZone } from 'luxon';
import type { Config } from '../../contracts/config';
import { readSourceContracts } from '../../contracts/source-contract';
import type { Check } from './finding';

/** The source folder, the systems in it and in the contracts, and the time zones of these. */
export function checkSources({ sourceDir, dbtDir }: Config): Check {
  return async (tell) => {
    const systems = await readSourceContracts(dbtDir);
    const tables = systems.reduce((sum, system) => sum + system.tables.length, 0);
    tell.ok('contracts', `${tables} tables of ${systems.map(({ name }) => name).join(', ') || 'no system'}`);
    const zones = [...new Set(systems.map(({ timeZone }) => timeZone))];
    const unknown = zones.filter((zone) => !IANAZone.isValidZone(zone));
    if (unknown.length > 0) {
      tell.failed('time zones', `this Node does not know ${unknown.join(', ')}`, 'use a Node with full ICU data');
    } else if (zones.length > 0) tell.ok('time zones', zones.join(', '));

    const entries = await readdir(sourceDir, { withFileTypes: true }).catch(() => undefined);
    if (entries === undefined) {
      return tell.failed('source folder', `${sourceDir} cannot be read`, 'create it, or correct MFG_SOURCE_DIR');
    }
    const described = new Set(systems.map(({ name }) => name));
    const folders = entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
    const found = folders.filter((name) => described.has(name));
    if (found.length > 0) tell.ok('source folder', `${sourceDir}: ${found.join(', ')}`);
    for (const name of folders.filter((folder) => !described.has(folder))) {
      tell.warning(
        'source folder',
        `${name} is not described: nothing of it is loaded`,
        `npx mfg source init '${sourceDir}/${name}' --system <name>`,
      );
    }
    for (const name of described) {
      if (!folders.includes(name)) {
        tell.warning(
          'source folder',
          `${sourceDir} has no folder ${name}`,
          `have ${name} deliver there, or correct MFG_SOURCE_DIR`,
        );
      }
    }
  };
}
