import { readlink } from 'node:fs/promises';
import path from 'node:path';
import type { Disagreement } from '../../warehouse';
import type { Layout } from '../layout';

/** The `published` link as it is on the disk, against the head's data set: looked at before any session mends it. */
export async function checkLink(layout: Layout, shown: string | undefined, dataSet: number): Promise<Disagreement[]> {
  const expected = path.join(path.basename(layout.builds), String(dataSet));
  if (shown === expected) return [];
  return [
    {
      severity: 'WARN',
      what: `the link published points to ${shown ?? 'nothing'}, but readers should see ${expected}`,
      advice: 'it has been mended: a publisher was killed, or somebody changed it',
    },
  ];
}

/** Where the link points to; undefined when there is none. */
export async function linkTarget(layout: Layout): Promise<string | undefined> {
  return readlink(layout.published).catch(() => undefined);
}
