import { CONTENT_FAULTS } from './faults-content';
import { FILE_FAULTS } from './faults-files';
import { RULE_FAULTS } from './faults-rules';
import { VOLUME_FAULTS } from './faults-volume';
import type { InjectedFault } from './injected-fault';

/** Every fault of the bench, each under a name of its own; of each kind the first one first, then of each the second. */
export const FAULTS: readonly InjectedFault[] = inTurns([
  ...FILE_FAULTS,
  ...VOLUME_FAULTS,
  ...CONTENT_FAULTS,
  ...RULE_FAULTS,
]);

/** A call that is cut short has then seen every kind. */
function inTurns(faults: InjectedFault[]): InjectedFault[] {
  const turnOf = (fault: InjectedFault) => faults.filter(({ kind }) => kind === fault.kind).indexOf(fault);
  return faults
    .map((fault) => ({ fault, turn: turnOf(fault) }))
    .sort((a, b) => a.turn - b.turn)
    .map(({ fault }) => fault);
}

/** Faults whose kind or target contains a text, of each kind at most so many. */
export function chooseFaults(text: string, targets: number): readonly InjectedFault[] {
  const asked = text.toLowerCase();
  const found = FAULTS.filter(({ kind, target }) => `${kind}: ${target}`.toLowerCase().includes(asked));
  return found.filter((fault) => found.filter(({ kind }) => kind === fault.kind).indexOf(fault) < targets);
}
