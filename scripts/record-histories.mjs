// Records the histories that test/replay replays: `node scripts/record-histories.mjs`. Run it when a workflow's shape is
// released, and keep the old ones: a changed workflow must still replay the runs that were in flight.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT, setUpOrExit } from './set-up.mjs';

await setUpOrExit({ python: ['run'] });
const require = createRequire(import.meta.url);
const { loadConfig } = require('../dist/contracts/config.js');
const { connectClient } = require('../dist/client/connection.js');
const { historyToJSON } = require('@temporalio/common/lib/proto-utils');
const { version } = require('../package.json');

const stateDir = mkdtempSync(path.join(tmpdir(), 'mfg-histories-'));
const sourceDir = path.join(stateDir, 'source');
const shipped = path.join(ROOT, 'data', 'raw', 'source_system', 'mes');
const [first, second] = readdirSync(shipped).sort();
const target = path.join(ROOT, 'test', 'replay', 'histories', version);
mkdirSync(target, { recursive: true });
cpSync(path.join(shipped, first), path.join(sourceDir, 'mes', first), { recursive: true });

const connected = await connectClient(loadConfig({ MFG_STATE_DIR: stateDir, MFG_SOURCE_DIR: sourceDir }));
try {
  await record('ingestion-published', 'mfgRawIngestion');
  await record('transform-published', 'mfgDbtTransform');
  await record('quality', 'mfgDataQualityMonitoring', { asOf: '2026-03-20T00:00:00Z' });
  await record('ingestion-wrong-input', 'mfgRawIngestion', { tables: ['nope'] });
  cpSync(path.join(shipped, second), path.join(sourceDir, 'mes', second), { recursive: true });
  // Two at once: the slower one finds its base moved and builds again.
  await Promise.all([
    record('ingestion-first-of-two', 'mfgRawIngestion', { logicalDate: second, exact: true }),
    record('ingestion-second-of-two', 'mfgRawIngestion', { logicalDate: first, exact: true }),
  ]);
  writeFileSync(path.join(sourceDir, 'mes', second, 'batches.csv'), 'nonsense\n');
  await record('ingestion-bad-header', 'mfgRawIngestion');
} finally {
  await connected.close();
  rmSync(stateDir, { recursive: true, force: true });
}

async function record(name, type, input) {
  const args = input === undefined ? [] : [input];
  const handle = await connected.client.workflow.start(type, {
    taskQueue: 'mfg-data-platform',
    workflowId: name,
    args,
  });
  await handle.result().catch(() => undefined);
  const history = JSON.parse(historyToJSON(await handle.fetchHistory()));
  writeFileSync(path.join(target, `${name}.json`), `${JSON.stringify(withoutMachine(history), null, 1)}\n`);
  console.log(`${name}: ${history.events.length} events`);
}

/** Host names and paths of the machine that recorded have no place in the repository. */
function withoutMachine(value) {
  if (Array.isArray(value)) return value.map(withoutMachine);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (key === 'identity') return [key, 'worker'];
      if (key === 'stackTrace') return [key, ''];
      return [key, withoutMachine(item)];
    }),
  );
}
