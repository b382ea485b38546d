import { spawn } from 'node:child_process';

/**
 * Runs a program with this terminal and waits for it. A Ctrl-C reaches the program by itself, since it shares the
 * terminal; other signals are passed on. Either way it is the program that decides when to end.
 *
 * @returns its exit code; 128 + n when signal n ended it, as a shell reports it.
 */
export async function runChild(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  const ignore = () => {};
  const passOn = (signal) => child.kill(signal);
  process.on('SIGINT', ignore).on('SIGTERM', passOn).on('SIGHUP', passOn);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(code === null ? (signal === 'SIGINT' ? 130 : 143) : code));
    });
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', passOn).off('SIGHUP', passOn);
  }
}
