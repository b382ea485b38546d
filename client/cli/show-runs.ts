import type { RunSummary } from '../runs/find-runs';
import type { QueryResult } from '../../warehouse/warehouse';
import type { LogLine, Phase } from './run-words';
import { colors, duration, fields, heading, number, table, visible } from './print';

/** A run as `mfg runs show` tells of it. */
export interface ShownRun extends RunSummary {
  /** One sentence, when it failed. */
  failure: string | null;
  url: string | null;
  input: unknown;
  phases: Phase[];
  /** What it loaded, by table; empty where this machine does not reach the warehouse's audit. */
  tables: QueryResult['rows'];
  /** Runs that it started. */
  parts: { workflowId: string; outcome: string; url: string | null }[];
}

/** A table of runs, newest first. Times in UTC. */
export function runsText(runs: RunSummary[]): string {
  if (runs.length === 0)
    return 'There is no such run: `npx mfg ingest` starts one, `npx mfg runs list` without filters lists all.';
  return table(
    ['started (UTC)', 'workflow', 'status', 'date', 'outcome', 'rows', 'took', 'workflow id'],
    runs.map((run) => [
      timeText(Date.parse(run.startedAt)),
      run.type,
      run.status,
      run.logicalDate ?? '',
      run.status === 'running' ? (run.stage ?? '') : (run.outcome ?? ''),
      run.rows === null ? '' : number(run.rows),
      duration(run.seconds * 1000),
      run.workflowId,
    ]),
    { right: ['rows', 'took'], whole: ['workflow id', 'started (UTC)', 'workflow'] },
  );
}

/** One run with its phases, tables and parts. */
export function runText(run: ShownRun): string {
  const paint = STATUS_COLORS[run.status] ?? ((text: string) => text);
  const facts = fields([
    ['workflow', run.type],
    ['status', paint([run.status, run.status === 'running' ? run.stage : run.outcome].filter(Boolean).join(', '))],
    ['failure', run.failure === null ? undefined : visible(run.failure)],
    ['logical date', run.logicalDate ?? undefined],
    ['publication', run.publication === null ? undefined : String(run.publication)],
    ['rows loaded', run.rows === null ? undefined : number(run.rows)],
    ['input', JSON.stringify(run.input) === '{}' ? undefined : visible(JSON.stringify(run.input))],
    ['schedule', run.schedule ?? undefined],
    ['started', `${timeText(Date.parse(run.startedAt))} UTC`],
    ['took', `${duration(run.seconds * 1000)}${run.status === 'running' ? ' so far' : ''}`],
    ['LOAD_ID', run.loadId ?? undefined],
    ['run id', run.runId],
    ['Web UI', run.url ?? undefined],
  ]);
  const parts = [facts];
  if (run.phases.length > 0) parts.push(`${heading('Phases')}\n${phaseTable(run.phases)}`);
  if (run.tables.length > 0) parts.push(`${heading('Tables')}\n${loadTable(run.tables)}`);
  if (run.parts.length > 0) {
    const columns = ['run', 'outcome', 'Web UI'];
    const rows = run.parts.map(({ workflowId, outcome, url }) => [workflowId, outcome, url ?? '']);
    parts.push(`${heading('Runs that it started')}\n${table(columns, rows, { whole: columns })}`);
  }
  return parts.join('\n');
}

/** Log lines with their time, UTC to the millisecond. */
export function logText(lines: LogLine[]): string {
  return lines.map(({ at, text }) => `${new Date(at).toISOString().replace('T', ' ')}  ${visible(text)}`).join('\n');
}

const STATUS_COLORS: Record<string, (text: string) => string> = {
  completed: colors.green,
  failed: colors.red,
  terminated: colors.red,
  timed_out: colors.red,
  cancelled: colors.yellow,
};

function phaseTable(phases: Phase[]): string {
  return table(
    ['began (UTC)', 'phase', 'took', 'steps', 'retries', 'outcome'],
    phases.map(({ phase, startedAt, endedAt, steps, retries, outcome }) => [
      timeText(startedAt).slice(11),
      phase,
      endedAt === undefined ? '' : duration(endedAt - startedAt),
      number(steps),
      number(retries),
      outcome,
    ]),
    { right: ['took', 'steps', 'retries'] },
  );
}

function loadTable(tables: QueryResult['rows']): string {
  const columns = ['table', 'partitions', 'read', 'loaded', 'rejected'];
  return table(
    columns,
    tables.map((row) => [
      String(row.table_name),
      ...[row.partitions, row.rows_read, row.rows_loaded, row.rows_rejected].map(number),
    ]),
    { right: columns.slice(1) },
  );
}

function timeText(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
