import { statementContext } from '../../contracts/statement-context';
import type { QueryTag } from './connection';

/** The query tag of a piece of work: what of the platform it is, and whose: the workflow, run, load and attempt it serves. */
export function statementTag(node: string): QueryTag {
  return { app: 'mfg', node, ...statementContext() };
}
