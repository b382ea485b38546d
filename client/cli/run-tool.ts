import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

/**
 * Runs a bundled tool on this terminal and waits for it. Ctrl-C reaches it by itself, since it shares the terminal.
 *
 * @returns its exit code; 128 + n when signal n ended it, as a shell reports it.
 */
export async function runTool(
  program: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', ...options });
  const ignore = () => undefined;
  const passOn = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', ignore).on('SIGTERM', passOn);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', passOn);
  }
}
