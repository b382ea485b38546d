import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { LeaseAnswer } from './platform-record';

/**
 * Gives out leases on a Unix socket: a connection is a lease, from the answer until the client's end closes, which the
 * kernel sees to even when the client is killed. Clients that come while the platform starts wait for the answer.
 */
export class LeaseServer {
  private readonly leases = new Set<Socket>();
  private readonly server: Server;
  private answer: string | undefined;

  /** @param onIdle called when the last lease has ended, to end the platform; undefined when it stays up without any. */
  constructor(private readonly onIdle: (() => void) | undefined) {
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.admit(socket));
  }

  /** Only the process that holds the platform's record listens, so a socket file that stands there is a leftover. */
  async listen(socketFile: string): Promise<void> {
    rmSync(socketFile, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(socketFile, resolve);
    });
  }

  get count(): number {
    return this.leases.size;
  }

  /** Answers those who wait and all who come later. */
  answerAll(answer: LeaseAnswer): void {
    this.answer = `${JSON.stringify(answer)}\n`;
    for (const socket of this.leases) socket.write(this.answer);
  }

  /** Takes no more clients. Those that hold a lease see it end when this process does. */
  close(): void {
    this.server.close();
  }

  private admit(socket: Socket): void {
    this.leases.add(socket);
    socket.on('error', () => undefined);
    const end = (): void => {
      if (!this.leases.delete(socket)) return;
      // The last client's socket stays half open until this process ends: that is how it knows that all has stopped.
      if (this.leases.size > 0 || this.onIdle === undefined) socket.end();
      else this.onIdle();
    };
    socket.once('end', end).once('close', end).resume();
    if (this.answer !== undefined) socket.write(this.answer);
  }
}
