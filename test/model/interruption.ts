import { readlink, rename, rm, symlink } from 'node:fs/promises';
import type { Layout } from '../../warehouse/duckdb/layout';
import type { StoreSession } from '../../warehouse/store/store-db';

/** Where in a session on the store a process is killed. */
export type KillPoint = 'before' | 'during' | 'after';

/** What a killed step ends with: nobody hears of it but the test. */
export class Killed extends Error {
  override name = 'Killed';
}

/**
 * Kills a step at one of its sessions on the store: before it, during it (nothing of it is committed), or after its commit
 * and before the `published` link follows the head.
 */
export class Interruption {
  private armed: { session: number; point: KillPoint } | undefined;

  /** The session that comes `session`-th from now on is the last one of the step that is under way. */
  arm(session: number, point: KillPoint): void {
    this.armed = { session, point };
  }

  disarm(): void {
    this.armed = undefined;
  }

  wrap(session: StoreSession, layout: Layout): StoreSession {
    return async (work, options) => {
      const point = this.nextPoint();
      if (point === undefined) return session(work, options);
      if (point === 'before') throw new Killed('before a session on the store');
      let link: string | undefined;
      await session(async (db) => {
        link = await readlink(layout.published).catch(() => undefined);
        const result = await work(db);
        if (point === 'during') throw new Killed('during a session on the store');
        return result;
      });
      await pointLinkAt(layout, link);
      throw new Killed('between a commit and the link');
    };
  }

  /** Once killed, a process does nothing more: later sessions of the step die too, until it is disarmed. */
  private nextPoint(): KillPoint | undefined {
    if (this.armed === undefined) return undefined;
    this.armed.session -= 1;
    if (this.armed.session > 0) return undefined;
    return this.armed.session === 0 ? this.armed.point : 'before';
  }
}

async function pointLinkAt(layout: Layout, target: string | undefined): Promise<void> {
  if (target === undefined) return rm(layout.published, { force: true });
  const aside = `${layout.published}.before`;
  await symlink(target, aside);
  await rename(aside, layout.published);
}
