import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DeterminismViolationError } from '@temporalio/workflow';
import { bundleWorkflowCode, Worker, type WorkflowBundle } from '@temporalio/worker';
import { bundleWorkflows, installSilentRuntime, SILENT } from '../support/workflow-env';

const HISTORIES = path.join(__dirname, 'histories');
const recorded = readdirSync(HISTORIES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));

let current: WorkflowBundle;
let divergent: WorkflowBundle;

beforeAll(async () => {
  installSilentRuntime();
  const workflowsPath = path.join(__dirname, 'divergent-workflows.ts');
  [current, divergent] = await Promise.all([bundleWorkflows(), bundleWorkflowCode({ workflowsPath, logger: SILENT })]);
});

const history = (file: string): unknown => JSON.parse(readFileSync(path.join(HISTORIES, file), 'utf8'));
const replay = (workflowBundle: WorkflowBundle, file: string) =>
  Worker.runReplayHistory({ workflowBundle, replayName: file }, history(file), path.basename(file, '.json'));

describe('replay of recorded runs', () => {
  it('has histories of every workflow', () => {
    const types = recorded.map((file) => JSON.stringify(history(file)).match(/"workflowType":\{"name":"(\w+)"/)?.[1]);
    expect(new Set(types)).toEqual(new Set(['mfgRawIngestion', 'mfgDbtTransform', 'mfgDataQualityMonitoring']));
  });

  it.each(recorded)('%s replays with the workflows as they are now', async (file) => {
    await expect(replay(current, file)).resolves.toBeUndefined();
  });

  it('fails for a workflow that does something else than it did', async () => {
    const published = recorded.filter((file) => file.endsWith('ingestion-published.json'));
    expect(published.length).toBeGreaterThan(0);
    for (const file of published) await expect(replay(divergent, file)).rejects.toThrow(DeterminismViolationError);
  });
});
