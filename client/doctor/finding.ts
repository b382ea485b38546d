import { TerminalError } from '../../contracts/errors';

/** What a check found: fine; worth knowing; or something without which the platform does not work. */
export type Verdict = 'ok' | 'warning' | 'failed';

/** One line of the doctor's report. */
export interface Finding {
  check: string;
  verdict: Verdict;
  /** What was found, in a few words or one sentence. */
  detail: string;
  /** What to do, unless all is well. */
  remedy?: string;
}

/** A group of checks: tells its findings one by one, as soon as each is known. */
export type Check = (tell: Tell) => Promise<void>;

/** How a check tells what it found. */
export interface Tell {
  ok(check: string, detail: string): void;
  warning(check: string, detail: string, remedy: string): void;
  failed(check: string, detail: string, remedy: string): void;
}

/**
 * Runs checks one after another. One that breaks is a finding itself and stops no other.
 *
 * @param onFinding told at once: some checks take seconds.
 */
export async function examine(checks: [name: string, Check][], onFinding: (finding: Finding) => void): Promise<void> {
  for (const [name, check] of checks) {
    const tell: Tell = {
      ok: (what, detail) => onFinding({ check: what, verdict: 'ok', detail }),
      warning: (what, detail, remedy) => onFinding({ check: what, verdict: 'warning', detail, remedy }),
      failed: (what, detail, remedy) => onFinding({ check: what, verdict: 'failed', detail, remedy }),
    };
    await check(tell).catch((error: unknown) => tell.failed(name, ...sentences(error)));
  }
}

/** What an error says and what it advises: our errors name the fault first and what to do after the last colon. */
export function sentences(error: unknown): [detail: string, remedy: string] {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
  const colon = text.lastIndexOf(': ');
  // What somebody else said has colons of its own: in other errors, and in the brackets of ours.
  if (!(error instanceof TerminalError) || colon < text.lastIndexOf(')'))
    return [text, 'run the same command with MFG_DEBUG=1 for details'];
  return [text.slice(0, colon), text.slice(colon + 2).replace(/\.$/, '')];
}
