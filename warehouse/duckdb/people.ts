import { stat } from 'node:fs/promises';
import { openApproval, openRollback, setPin } from '../store/people';
import { becomeHead } from '../store/publication-log';
import type { StoreSession } from '../store/store-db';
import { countWithdrawn } from '../store/withdrawn';
import type { LogEntry, PersonalAct, RollbackResult, Warehouse } from '../warehouse';
import type { Layout } from './layout';

/** What people do with the publication log. The link follows within the session that decides. */
export function actsOfPeople(
  session: StoreSession,
  layout: Layout,
): Pick<Warehouse, 'approve' | 'rollback' | 'pin' | 'unpin'> {
  const isKept = (dataSet: number) =>
    stat(layout.database(dataSet)).then(
      () => true,
      () => false,
    );
  return {
    approve: (candidate: number, act: PersonalAct): Promise<LogEntry> =>
      session(async (db) => {
        const { isDone, ...entry } = await openApproval(db, candidate, act, isKept);
        if (!isDone) await becomeHead(db, entry.publication);
        return entry;
      }),

    rollback: (to: number | undefined, act: PersonalAct): Promise<RollbackResult> =>
      session(async (db) => {
        const entry = await openRollback(db, to, act, isKept);
        await becomeHead(db, entry.publication);
        return { ...entry, withdrawnDeliveries: await countWithdrawn(db, entry.publication) };
      }),

    pin: (publication, act) => session((db) => setPin(db, publication, 'PIN', act, isKept)),

    unpin: (publication, act) => session((db) => setPin(db, publication, 'UNPIN', act, isKept)),
  };
}
