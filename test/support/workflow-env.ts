import path from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { PROJECT_ROOT } from '../../contracts/config';
import { venvProgram } from '../../contracts/installation';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes';
import { TASK_QUEUE } from '../../contracts/task-queue';
import type { Activities } from '../../activities';

/** A logger that says nothing: these tests provoke failures on purpose. */
export const SILENT = {
  log: () => undefined,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Numbers of the API's IndexedValueType. */
const INDEXED_VALUE_TYPE = { Keyword: 2, Int: 3 } as const;

/** Bundles the real workflow code from its sources, once per test file. */
export function bundleWorkflows(): Promise<WorkflowBundle> {
  return bundleWorkflowCode({ workflowsPath: path.join(PROJECT_ROOT, 'workflows', 'index.ts'), logger: SILENT });
}

/** Once per test file, before anything that runs workflows. */
export function installSilentRuntime(): void {
  Runtime.install({
    logger: SILENT,
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
}

/** The time-skipping test server with the platform's search attributes. One workflow at a time runs on it. */
export async function timeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  installSilentRuntime();
  const executable = { type: 'existing-path', path: venvProgram('temporal-test-server') } as const;
  const env = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  await env.connection.operatorService.addSearchAttributes({
    namespace: env.namespace,
    searchAttributes: Object.fromEntries(
      Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, INDEXED_VALUE_TYPE[type]]),
    ),
  });
  return env;
}

/** No gate, nothing is found, nobody is told: what tests of other things want of gates and incidents. */
const NEITHER_GATES_NOR_INCIDENTS: Partial<Activities> = {
  checkGates: () => Promise.resolve({ checks: 0, failures: [] }),
  currentPublication: () => Promise.resolve(undefined),
  updateIncidents: () => Promise.resolve({ opened: 0, resolved: 0, changes: [], changeCount: 0 }),
  alertTargets: () => Promise.resolve([]),
  pingDeadMan: () => Promise.resolve({ pinged: false }),
  writeReportPage: () => Promise.resolve(null),
};

/** A worker with the real workflows and the given activities; those of gates and incidents do nothing unless given. */
export function stubWorker(
  env: Pick<TestWorkflowEnvironment, 'nativeConnection' | 'namespace'>,
  workflowBundle: WorkflowBundle,
  activities: Partial<Activities>,
): Promise<Worker> {
  return Worker.create({
    connection: env.nativeConnection,
    namespace: env.namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle,
    activities: { ...NEITHER_GATES_NOR_INCIDENTS, ...activities },
  });
}
