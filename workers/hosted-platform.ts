import type { Config } from '../contracts/config';
import { PlatformError } from '../contracts/errors';
import { codeVersion } from '../contracts/installation';
import { startEmbeddedPlatform, type EmbeddedPlatform } from './embedded-platform';
import { LeaseServer } from './lease-server';
import { claimPlatform, releasePlatform } from './platform-record';

/** Another process is the platform of this state folder. */
export class PlatformRunsAlreadyError extends PlatformError {}

/** The embedded platform of a state folder, hosted by this process and open to commands that lease it. */
export interface HostedPlatform extends EmbeddedPlatform {
  /** Commands that use it now. */
  leaseCount(): number;
}

/**
 * Makes this process the embedded platform of the configured state folder.
 *
 * @param onIdle called when the last lease has ended, to end the platform; left out when it stays up without any.
 * @throws PlatformRunsAlreadyError when another process is; PlatformError when it cannot start, which those who wait
 * for a lease are told too.
 */
export async function hostPlatform(config: Config, onIdle?: () => void): Promise<HostedPlatform> {
  const version = codeVersion();
  const claim = claimPlatform(config.stateDir);
  if ('heldBy' in claim) {
    throw new PlatformRunsAlreadyError(`The platform of ${config.stateDir} runs already, as process ${claim.heldBy}.`);
  }
  process.once('exit', () => releasePlatform(config.stateDir));
  const leases = new LeaseServer(onIdle);
  await leases.listen(claim.socket);
  try {
    const platform = await startEmbeddedPlatform(config);
    const { address, uiUrl } = platform;
    const { sourceDir, dbtDir } = config;
    leases.answerAll({ address, uiUrl, pid: process.pid, version, sourceDir, dbtDir, staysUp: onIdle === undefined });
    const stop = async () => {
      leases.close();
      await platform.stop();
      releasePlatform(config.stateDir);
    };
    return { ...platform, stop, leaseCount: () => leases.count };
  } catch (error) {
    leases.answerAll({ error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}
