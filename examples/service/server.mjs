// A service that loads a delivery when it is told that one has arrived, and streams what becomes of it.
//
//   POST /deliveries {"system": "mes", "date": "2026-03-11"}   starts its run, or finds the one that there is: 202 or 200
//   GET  /runs/<key>                                           its progress, then its result: one JSON object per line
//   GET  /publication                                          what readers see
import { createServer } from 'node:http';
import { connectPlatform, InvalidInputError, RunFailedError } from 'mfg-data-platform/client';

const MAX_BODY_BYTES = 10_000;

const platform = await connectPlatform({
  address: process.env.TEMPORAL_ADDRESS || '127.0.0.1:7233',
  namespace: process.env.TEMPORAL_NAMESPACE || 'default',
  apiKey: process.env.TEMPORAL_API_KEY,
  payloadKeys: process.env.MFG_PAYLOAD_KEYS,
});

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    const status = error instanceof InvalidInputError ? 400 : 502;
    if (response.headersSent) response.end(line({ error: { kind: error.name, sentence: error.message } }));
    else sendJson(response, status, { error: error.message });
  });
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (request.method === 'POST' && pathname === '/deliveries') return announce(await readJson(request), response);
  if (request.method === 'GET' && pathname.startsWith('/runs/'))
    return follow(pathname.slice('/runs/'.length), response);
  if (request.method === 'GET' && pathname === '/publication') {
    const { head } = await platform.publications({ limit: 1 });
    return sendJson(response, 200, { publication: head });
  }
  return sendJson(response, 404, { error: 'not found' });
}

/** A source system that announces a delivery twice gets the same run twice: the key is made of what has arrived. */
async function announce({ system, date }, response) {
  if (typeof system !== 'string' || typeof date !== 'string')
    throw new InvalidInputError('the body needs system and date.');
  const key = `delivery-${system}-${date}`;
  const run = await platform.startOrAttach('mfgRawIngestion', { sourceSystem: system, logicalDate: date }, key);
  return sendJson(response, run.isNew ? 202 : 200, { run: `/runs/${key}`, loadId: run.loadId, isNew: run.isNew });
}

async function follow(key, response) {
  const run = await platform.attach('mfgRawIngestion', key);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for await (const { run: progress, pending } of run.progress({ signal: gone.signal })) {
    if (progress === undefined) continue;
    const { stage, batchesDone, batches, loads } = progress;
    const [work] = pending.filter((activity) => activity.progress);
    response.write(line({ stage, batchesDone, batches, rowsLoaded: loads.rowsLoaded, at: work?.progress.at }));
  }
  if (gone.signal.aborted) return;
  try {
    const { outcome, publication, loads, quality } = await run.result();
    response.end(line({ result: { outcome, publication, loads, failedChecks: quality?.failed, loadId: run.loadId } }));
  } catch (error) {
    if (!(error instanceof RunFailedError)) throw error;
    const { kind, message: sentence, isRetryable } = error;
    response.end(line({ error: { kind, sentence, isRetryable } }));
  }
}

async function readJson(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) throw new InvalidInputError('the body is longer than 10,000 characters.');
  }
  try {
    return Object(JSON.parse(text));
  } catch {
    throw new InvalidInputError('the body must be a JSON object with system and date.');
  }
}

function sendJson(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(line(body));
}

function line(value) {
  return `${JSON.stringify(value)}\n`;
}

async function stop() {
  server.close();
  server.closeAllConnections();
  await platform.close();
}
