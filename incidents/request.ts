/** A receiver did not take a message: it is tried again. Names the variable and the host, never the address, which may be a secret. */
export class NotDeliveredError extends Error {
  override readonly name = 'NotDeliveredError';

  constructor(
    message: string,
    /** When the receiver wants to be asked again. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** A request to a receiver. */
export interface ReceiverRequest {
  /** The variable that `url` comes from. */
  variable: string;
  url: string;
  method: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  /** How long it may take to answer; default ten seconds. */
  patienceMs?: number;
}

const PATIENCE_MS = 10_000;
/** A receiver that asks for more is asked again after this: three days are all that there is. */
const LONGEST_RETRY_AFTER_MS = 60 * 60 * 1000;

/**
 * Sends a request, and is content with a 2xx answer in time. Redirections are not followed: they would carry a message, and
 * a token, to somebody else.
 *
 * @throws NotDeliveredError in one sentence.
 */
export async function send(request: ReceiverRequest, signal?: AbortSignal): Promise<void> {
  const { variable, url, patienceMs = PATIENCE_MS, ...init } = request;
  const receiver = `${variable} (${new URL(url).hostname})`;
  const patience = AbortSignal.timeout(patienceMs);
  let response: Response;
  try {
    response = await fetch(url, {
      ...init,
      redirect: 'manual',
      signal: signal === undefined ? patience : AbortSignal.any([patience, signal]),
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (patience.aborted)
      throw new NotDeliveredError(`${receiver} has not answered within ${patienceMs / 1000} seconds`);
    // The error's own message may hold the address.
    const { cause } = error as { cause?: { code?: unknown } };
    throw new NotDeliveredError(
      `${receiver} cannot be reached (${typeof cause?.code === 'string' ? cause.code : 'no connection'})`,
    );
  }
  await response.body?.cancel();
  if (response.ok) return;
  const isBusy = response.status === 429 || response.status === 503;
  throw new NotDeliveredError(
    `${receiver} answered ${response.status}`,
    isBusy ? retryAfterMs(response.headers.get('retry-after'), Date.now()) : undefined,
  );
}

/**
 * What a Retry-After header asks for: seconds or a date, at most an hour.
 *
 * @param now milliseconds since the epoch.
 * @returns undefined when it says nothing that can be understood.
 */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? '';
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (Number.isNaN(ms)) return undefined;
  return Math.min(Math.max(ms, 1000), LONGEST_RETRY_AFTER_MS);
}
