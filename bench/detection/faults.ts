import { CONTENT_FAULTS } from './faults-content';
import { FILE_FAULTS } from './faults-files';
import { RULE_FAULTS } from './faults-rules';
import { VOLUME_FAULTS } from './faults-volume';
import { type InjectedFault, nameOf } from './injected-fault';

/** Every fault of the bench, each under a name of its own. */
export const FAULTS: readonly InjectedFault[] = [...VOLUME_FAULTS, ...CONTENT_FAULTS, ...RULE_FAULTS, ...FILE_FAULTS];

/** Faults whose kind or target contains a text, the day without a fault first. */
export function faultsNamed(text: string): readonly InjectedFault[] {
  const asked = text.toLowerCase();
  const found = FAULTS.filter(({ kind, target }) => `${kind}: ${target}`.toLowerCase().includes(asked));
  if (new Set(found.map(nameOf)).size !== found.length) throw new Error('two faults have one name.');
  return found;
}
