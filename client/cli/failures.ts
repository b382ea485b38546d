import { inspect } from 'node:util';
import { ConfigurationError, InvalidInputError, TerminalError } from '../../contracts/errors';
import { SnowflakeUnavailableError } from '../../warehouse/snowflake/errors';

/** What the command line's exit codes mean. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Ends a command: `message` goes to stderr as it is (nothing, when empty), `exitCode` to the shell. */
export class CommandFailure extends Error {
  constructor(
    message: string,
    readonly exitCode: number = EXIT.failed,
  ) {
    super(message);
  }
}

/** The command's exit code for an error that ended it. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailure) return error.exitCode;
  return error instanceof InvalidInputError || error instanceof ConfigurationError ? EXIT.usage : EXIT.failed;
}

/** One sentence for people; with MFG_DEBUG set, all there is. */
export function sentenceOf(error: unknown, env: NodeJS.ProcessEnv = process.env): string {
  if (env.MFG_DEBUG) return inspect(error);
  if (error instanceof CommandFailure || error instanceof TerminalError) return error.message;
  if (error instanceof SnowflakeUnavailableError) {
    return `${error.message.replace(/\.$/, '')}: try it again; \`npx mfg doctor\` says what is wrong if that goes on.`;
  }
  const text = error instanceof Error ? error.message : String(error);
  const [sentence = 'no message'] = text.split('\n');
  return `Unexpected error: ${sentence.replace(/\.$/, '')}: run the same command with MFG_DEBUG=1 for details.`;
}
