import { AsyncLocalStorage } from 'node:async_hooks';

/** Whom a statement in the warehouse serves: names for the warehouse's query history. No secrets, no data. */
export type StatementContext = Record<string, string | number>;

const storage = new AsyncLocalStorage<StatementContext>();

/** Runs work, all of whose statements are tagged with the context. */
export function inStatementContext<T>(context: StatementContext, work: () => Promise<T>): Promise<T> {
  return storage.run(context, work);
}

/** The context of the work under way; empty outside of any. */
export function statementContext(): StatementContext {
  return storage.getStore() ?? {};
}
