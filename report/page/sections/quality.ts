import type { ReportData } from '../../report-data';
import { explained } from '../definition';
import { h, section, unseen } from '../dom';
import { count, words } from '../format';
import { runLink, source } from '../source';
import { rowsOf, type Row } from '../tables';

/** A run that checked quality. */
interface Look {
  key: string;
  workflowId: string;
  runId: string;
  at: string;
  publication: string;
}

/** One check of one table, over the runs. */
interface Line {
  table: string;
  check: string;
  severity: string;
  statuses: Map<string, string>;
  newest: Row;
}

const SIGNS: Record<string, string> = { PASS: '✓', WARN: '!', FAIL: '✕', ERROR: '?' };

/** The quality heat map: checks by runs, the newest run to the right. */
export function quality(data: ReportData): HTMLElement {
  const rows = rowsOf(data.tables.checks);
  if (rows.length === 0) return section('quality', 'Quality checks', h('p', {}, 'No check has been recorded yet.'));
  const looks = looksOf(rows);
  const lines = linesOf(rows);
  const troubled = lines.filter(({ statuses }) => [...statuses.values()].some((status) => status !== 'PASS'));
  const map = h('div');
  const all = h('input', { type: 'checkbox' });
  const show = () => map.replaceChildren(heatMap(data, looks, all.checked ? lines : troubled));
  all.addEventListener('change', show);
  show();
  const passing = lines.length - troubled.length;
  return section(
    'quality',
    'Quality checks',
    h(
      'p',
      {},
      `${count(lines.length)} checks over ${count(looks.length)} ${looks.length === 1 ? 'run' : 'runs'}; ${count(passing)} always passed. `,
      h('label', { class: 'inline' }, all, 'Show those too'),
    ),
    h(
      'p',
      { class: 'key' },
      ...Object.entries(SIGNS).map(([status, sign]) =>
        h('span', {}, h('span', { class: `cell ${status}`, 'aria-hidden': 'true' }, sign), ` ${meaning(status)} `),
      ),
    ),
    map,
    source(data, data.tables.checks.sql),
  );
}

function meaning(status: string): string {
  const meanings: Record<string, string> = { PASS: 'passed', WARN: 'warned', FAIL: 'failed', ERROR: 'could not run' };
  return meanings[status] ?? 'not made';
}

function keyOf(row: Row): string {
  return `${row.text('workflow_id')} ${row.text('run_id')}`;
}

function looksOf(rows: Row[]): Look[] {
  const looks = new Map<string, Look>();
  for (const row of rows) {
    const key = keyOf(row);
    if (looks.has(key)) continue;
    const [workflowId, runId, at] = [row.text('workflow_id'), row.text('run_id'), row.text('looked_at')];
    looks.set(key, { key, workflowId, runId, at, publication: row.text('publication') });
  }
  return [...looks.values()];
}

function linesOf(rows: Row[]): Line[] {
  const lines = new Map<string, Line>();
  for (const row of rows) {
    const [table, check, severity] = [row.text('table_name'), row.text('check_name'), row.text('severity')];
    const line = lines.get(`${table} ${check}`) ?? {
      table,
      check,
      severity,
      statuses: new Map<string, string>(),
      newest: row,
    };
    line.statuses.set(keyOf(row), row.text('status'));
    line.newest = row;
    lines.set(`${table} ${check}`, line);
  }
  return [...lines.values()].sort((a, b) => a.table.localeCompare(b.table) || a.check.localeCompare(b.check));
}

function heatMap(data: ReportData, looks: Look[], lines: Line[]): HTMLElement {
  const head = looks.map(({ workflowId, runId, at, publication }) =>
    h(
      'th',
      { scope: 'col', class: 'run' },
      runLink(data, workflowId, runId, at.slice(5, 16)),
      h('small', {}, `no. ${publication}`),
    ),
  );
  const body = lines.map(({ table, check, severity, statuses, newest }) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, words(check), h('small', {}, `${table}, ${severity.toLowerCase()}`)),
      ...looks.map(({ key }) => {
        const status = statuses.get(key) ?? 'NONE';
        const sign = h('span', { 'aria-hidden': 'true' }, SIGNS[status] ?? '');
        return h('td', { class: `cell ${status}` }, sign, unseen(meaning(status)));
      }),
      h('td', {}, found(newest)),
    ),
  );
  return h(
    'div',
    { class: 'scroll tall', tabindex: 0, role: 'region', 'aria-label': 'Quality checks by run' },
    h(
      'table',
      { class: 'map' },
      h('caption', { class: 'unseen' }, 'Quality checks by run, the newest run to the right'),
      h(
        'thead',
        {},
        h('tr', {}, h('th', { scope: 'col' }, 'Check'), ...head, h('th', { scope: 'col' }, 'Newest look')),
      ),
      h('tbody', {}, ...body),
    ),
  );
}

/** What the newest look found. */
function found(row: Row): HTMLElement | string {
  if (row.text('status') === 'PASS') return 'passed';
  const detail = row.text('detail');
  return explained(
    row.text('observed'),
    `Expected: ${row.text('expected')}.`,
    detail === '' ? 'No more is known.' : detail,
  );
}
