import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a receiver does with a request. */
export type Answer = { status: number; headers?: Record<string, string> } | 'hang';

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** By the test's clock, milliseconds since the epoch. */
  at: number;
}

/** A receiver of alerts and pings as they are: a real HTTP server, which answers as a test tells it. */
export class Receiver {
  readonly requests: ReceivedRequest[] = [];
  private readonly hanging = new Set<ServerResponse>();
  private server: Server | undefined;

  /**
   * @param answers to the first requests, in order; `otherwise` to all later ones.
   * @param clock the time of the server under test, which may skip.
   */
  constructor(
    private readonly clock: () => number | Promise<number> = Date.now,
    public answers: Answer[] = [],
    public otherwise: Answer = { status: 200 },
  ) {}

  /** @returns its address, with a path that is a secret as those of chat services are. */
  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        void (async () => {
          const { method = '', url = '', headers } = request;
          this.requests.push({ method, path: url, headers, body, at: await this.clock() });
          const answer = this.answers.shift() ?? this.otherwise;
          if (answer === 'hang') this.hanging.add(response);
          else response.writeHead(answer.status, answer.headers).end('thank you');
        })();
      });
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${SECRET_PATH}`;
  }

  async close(): Promise<void> {
    for (const response of this.hanging) response.destroy();
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}

/** Must be found in no history, message or log. */
export const SECRET_PATH = 'services/T0/secret-path';
