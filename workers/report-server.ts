import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { collectReport, type ReportRequest } from '../report/collect-report';
import { renderReport } from '../report/write-report';
import type { Warehouse } from '../warehouse/warehouse';

/** The report page, served on this machine. */
export interface ReportServer {
  url: string;
  close(): Promise<void>;
}

interface RenderedPage {
  head: number | undefined;
  at: number;
  html: string;
}

/** A page older than this is made anew: incidents and checks change without a publication. */
const FRESH_MS = 30_000;

/**
 * Serves the report page on the loopback address: made when it is asked for, and anew once something was published.
 *
 * @param port preferred; another is taken when it is not free.
 */
export async function serveReport(
  warehouse: Warehouse,
  request: Omit<ReportRequest, 'publication'>,
  port: number,
): Promise<ReportServer> {
  let latest: Promise<RenderedPage> | undefined;
  const page = async (): Promise<string> => {
    const head = await warehouse.head();
    const known = await latest?.catch(() => undefined);
    if (known === undefined || known.head !== head || Date.now() - known.at > FRESH_MS) latest = render(head);
    return (await (latest ?? render(head))).html;
  };
  const render = async (head: number | undefined): Promise<RenderedPage> => {
    const data = await collectReport(warehouse, { ...request, publication: head });
    return { head, at: Date.now(), html: await renderReport(data) };
  };
  const server = createServer((asked, answer) => {
    // A page elsewhere that names this machine by a host of its own must not read it.
    const isLocal = /^(127[.]0[.]0[.]1|localhost)(:\d+)?$/.test(asked.headers.host ?? '');
    if (!isLocal || asked.method !== 'GET' || asked.url !== '/') {
      answer.writeHead(isLocal ? 404 : 403, { 'content-type': 'text/plain' }).end('The report is at /.\n');
      return;
    }
    const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
    page().then(
      (html) => answer.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' }).end(html),
      (error: unknown) => {
        const said = error instanceof Error ? error.message : String(error);
        answer.writeHead(503, { ...headers, 'content-type': 'text/plain; charset=utf-8' }).end(`${said}\n`);
      },
    );
  });
  const { port: taken } = await listen(server, port);
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close').catch(() => undefined);
  };
  return { url: `http://127.0.0.1:${taken}/`, close };
}

async function listen(server: Server, port: number): Promise<AddressInfo> {
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  return server.address() as AddressInfo;
}
