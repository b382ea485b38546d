import type { Connection, ConnectionOptions } from '@temporalio/client';
import { TemporalUnreachableError } from '../contracts/errors';

const CONNECT_TIMEOUT = '6s';

/**
 * Opens a connection to a Temporal server. The caller closes it.
 *
 * @param remedy what to correct, for the sentence of the error.
 * @throws TemporalUnreachableError when nobody answers within six seconds, or the server refuses.
 */
export async function openConnection(
  options: ConnectionOptions & { address: string },
  remedy: string,
): Promise<Connection> {
  // Loaded only now, since it takes as long as the embedded platform needs to start.
  const { Connection } = await import('@temporalio/client');
  try {
    return await Connection.connect({ connectTimeout: CONNECT_TIMEOUT, ...options });
  } catch (error) {
    throw new TemporalUnreachableError(
      `No Temporal server answers at ${options.address} (${serverReason(error)}): start it, or correct ${remedy}.`,
      { cause: error },
    );
  }
}

/** The server's own words for an error of a call to it. */
export function serverReason(error: unknown): string {
  const { details, message } = error as { details?: unknown; message?: unknown };
  return String(details || message || error).replace(/\.$/, '');
}
