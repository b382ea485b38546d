import { constants, existsSync } from 'node:fs';
import { access, realpath, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../contracts/config';
import { codeVersion } from '../../contracts/installation';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { layoutOf } from '../../warehouse/duckdb/layout';
import { bytes } from '../cli/print';
import type { Check, Tell } from './finding';

/** Below this a build of the shipped export does not fit twice; below the other one nothing does. */
const LITTLE_SPACE = 2_000_000_000;
const NO_SPACE = 200_000_000;

/** The embedded warehouse: its folder is writable and has room, the store opens, readers see the log's head. */
export function checkDuckDb({ stateDir }: Config): Check {
  return async (tell) => {
    const folder = existing(stateDir);
    const isWritable = await access(folder, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (!isWritable) {
      return tell.failed('state folder', `${folder} is not writable`, 'give this user the right, or set MFG_STATE_DIR');
    }
    await checkSpace(folder, tell);
    const { store, published } = layoutOf(stateDir);
    if (!existsSync(store)) return tell.ok('warehouse', `DuckDB in ${stateDir}, empty as yet`);
    const head = await createDuckDbWarehouse(stateDir, codeVersion()).head();
    if (head === undefined) return tell.ok('warehouse', `DuckDB in ${stateDir}, nothing published yet`);
    const shown = await realpath(published).catch(() => undefined);
    if (shown === undefined) {
      return tell.failed(
        'warehouse',
        `publication ${head} is published, but ${published} leads nowhere`,
        'npx mfg reconcile',
      );
    }
    tell.ok('warehouse', `DuckDB in ${stateDir}, publication ${head}`);
  };
}

async function checkSpace(folder: string, tell: Tell): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${bytes(free)} free at ${folder}`;
  const remedy = 'free some: `npx mfg retention --dry-run` shows what could be removed';
  if (free < NO_SPACE) tell.failed('disk', detail, remedy);
  else if (free < LITTLE_SPACE) tell.warning('disk', detail, remedy);
  else tell.ok('disk', detail);
}

/** The folder, or the nearest one above it that is there. */
function existing(folder: string): string {
  return existsSync(folder) || path.dirname(folder) === folder ? folder : existing(path.dirname(folder));
}
