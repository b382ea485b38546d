import { createInterface } from 'node:readline/promises';

/** What is to become of a run whose command was interrupted. */
export type InterruptAnswer = 'cancel' | 'leave';

/** The terminal that is asked. */
interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream & { isTTY?: boolean };
}

/**
 * Asks whoever pressed Ctrl-C whether to cancel the run or to leave it; a second Ctrl-C, or the input's end, leaves it. Where nobody
 * can be asked, a run is left when its platform stays up, else cancelled.
 *
 * @param until takes the question away, when the run has ended by itself.
 */
export async function askOnInterrupt(
  staysUp: boolean,
  until: AbortSignal,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<InterruptAnswer> {
  if (input.isTTY !== true || output.isTTY !== true) return staysUp ? 'leave' : 'cancel';
  const asked = createInterface({ input, output, terminal: true });
  const left = new Promise<InterruptAnswer>((resolve) => {
    asked.once('SIGINT', () => resolve('leave')).once('close', () => resolve('leave'));
  });
  const goesOn = staysUp ? 'it goes on by itself' : 'it goes on when a platform is up again';
  try {
    for (;;) {
      const question = `\nThe run is under way. [c]ancel it, or [l]eave it (${goesOn})? `;
      const text = asked.question(question, { signal: until }).then(
        (answer) => answer.trim().toLowerCase(),
        () => 'leave',
      );
      const answer = await Promise.race([text, left]);
      if (answer !== '' && 'cancel'.startsWith(answer)) return 'cancel';
      if (answer !== '' && 'leave'.startsWith(answer)) return 'leave';
    }
  } finally {
    asked.close();
  }
}
