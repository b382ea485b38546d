import { isAscii, isUtf8 } from 'node:buffer';

const EMPTY = Buffer.alloc(0);

/**
 * Tells from the bytes of a text whether it is UTF-8 rather than Latin-1: it has bytes beyond ASCII, and all of them are UTF-8
 * sequences, which a Latin-1 text of some length never is by chance.
 */
export class Utf8Evidence {
  private isValid = true;
  private hasMore = false;
  /** The beginning of a sequence that the next chunk goes on with. */
  private carried = EMPTY;

  /** Takes the next bytes. */
  add(chunk: Buffer): void {
    if (!this.isValid || (this.carried.length === 0 && isAscii(chunk))) return;
    this.hasMore = true;
    const bytes = Buffer.concat([this.carried, chunk]);
    const whole = bytes.length - unfinished(bytes);
    this.isValid = isUtf8(bytes.subarray(0, whole));
    this.carried = Buffer.from(bytes.subarray(whole));
  }

  /** Whether all that was taken is UTF-8 and not plain ASCII. */
  isUtf8(): boolean {
    return this.hasMore && this.isValid && this.carried.length === 0;
  }
}

/** Length of a sequence at the end that lacks bytes: its first byte says how many it has. */
function unfinished(bytes: Buffer): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const byte = bytes[bytes.length - length] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return length < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? length : 0;
  }
  return 0;
}
