import { userInfo } from 'node:os';
import type { PersonalAct } from '../../warehouse/warehouse';

/** Who gives this command, as the machine knows the person, and why. */
export function personalAct(reason: string | undefined): PersonalAct {
  return { actor: userName(), reason };
}

/** The person at this machine. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have a number only.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
