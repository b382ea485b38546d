import { loadConfig, loadDotenvIntoProcess } from '../contracts/config';
import { TerminalError } from '../contracts/errors';
import { hostPlatform, PlatformRunsAlreadyError } from './hosted-platform';

/**
 * The embedded platform for commands that end: a process of its own, started by the first command that needs it, which
 * stays for as long as a command leases it.
 */

/** A command that starts the platform and is killed before it connects must not leave it running. */
const FIRST_LEASE_PATIENCE_MS = 10_000;

async function main(): Promise<void> {
  loadDotenvIntoProcess();
  const config = loadConfig();
  let end = (): void => undefined;
  const told = new Promise<void>((resolve) => (end = resolve));
  process.on('SIGTERM', end).on('SIGINT', end).on('SIGHUP', end);
  const platform = await hostPlatform(config, () => end());
  if (platform.leaseCount() === 0) {
    setTimeout(() => platform.leaseCount() === 0 && end(), FIRST_LEASE_PATIENCE_MS).unref();
  }
  await Promise.race([told, platform.ended]).catch((error: unknown) => console.error(error));
  await platform.stop();
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    if (error instanceof PlatformRunsAlreadyError) process.exit(0);
    console.error(error instanceof TerminalError ? error.message : error);
    process.exit(1);
  },
);
