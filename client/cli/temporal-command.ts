import { TASK_QUEUE } from '../../contracts/task-queue';

/** Where a command of Temporal's own command line is to go. */
export interface TemporalAddress {
  address: string;
  namespace: string;
}

/** The `temporal workflow start` that does the same, for a POSIX shell. Credentials stay in the environment. */
export function startCommand(
  server: TemporalAddress,
  run: { workflowType: string; workflowId: string; input: object },
): string {
  return temporalCommand(server, [
    ...['workflow', 'start', '--task-queue', TASK_QUEUE, '--type', run.workflowType],
    ...['--workflow-id', run.workflowId, '--input', JSON.stringify(run.input)],
  ]);
}

/** The `temporal workflow cancel` for a run. */
export function cancelCommand(server: TemporalAddress, workflowId: string): string {
  return temporalCommand(server, ['workflow', 'cancel', '--workflow-id', workflowId]);
}

/** The `temporal workflow reset` that sets a run back to a workflow task. */
export function resetCommand(
  server: TemporalAddress,
  { run, eventId }: { run: { workflowId: string; runId: string }; eventId: { toString(): string } },
): string {
  return temporalCommand(server, [
    ...['workflow', 'reset', '--workflow-id', run.workflowId, '--run-id', run.runId, '--event-id', String(eventId)],
    ...['--reapply-exclude', 'All', '--reason', 'set back to its build'],
  ]);
}

/** One word of a POSIX shell, whatever it holds. */
export function shellQuote(word: string): string {
  return /^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** `npx mfg temporal` is the bundled tool; one that is installed takes the same arguments. */
function temporalCommand({ address, namespace }: TemporalAddress, args: string[]): string {
  const where = ['--address', address, ...(namespace === 'default' ? [] : ['--namespace', namespace])];
  return ['npx mfg temporal', ...[...args, ...where].map(shellQuote)].join(' ');
}
