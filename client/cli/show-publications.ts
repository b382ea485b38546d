import { colors, duration, fields, heading, number, plural, table, visible } from './print';
import type { PublicationEntry } from '../../contracts/publications';
import type { Contents, FailedNode } from './publication-facts';
import { rowsTable } from './show-results';

const ROWS_SHOWN = 10;

/** Entries of the publication log as a table, with what went wrong and what people said below it. */
export function publicationTable(entries: PublicationEntry[], head: number | null): string {
  return table(
    [
      '',
      'publication',
      'what',
      'status',
      'base',
      'data set',
      'pinned',
      'models',
      'tests',
      'warnings',
      'at (UTC)',
      'LOAD_ID',
    ],
    entries.map((entry) => [
      entry.publication === head ? '→' : '',
      String(entry.publication),
      whatOf(entry),
      `${entry.status}${entry.dropped ? ', dropped' : ''}`,
      text(entry.base),
      String(entry.dataSet),
      entry.pinned ? 'pinned' : '',
      ...[entry.models, entry.tests, entry.warnings].map(text),
      entry.at.slice(0, 19),
      entry.loadId,
    ]),
    { right: ['publication', 'base', 'data set', 'models', 'tests', 'warnings'], whole: ['LOAD_ID'] },
  ).concat(...entries.flatMap(remarks));
}

function remarks({ publication, status, failure, actor, reason }: PublicationEntry): string[] {
  const number = colors.dim(`${publication}:`);
  const failed = failure === null || status === 'CANCELLED' ? [] : [`\n${number} ${visible(failure)}`];
  const said =
    actor === null ? [] : [`\n${number} by ${visible(actor)}${reason === null ? '' : `: ${visible(reason)}`}`];
  return [...failed, ...said];
}

function whatOf({ kind, target, scope }: PublicationEntry): string {
  if (kind === 'ROLLBACK') return `rollback to ${target}`;
  if (kind === 'APPROVAL') return `approval of ${target}`;
  return scope === 'PARTIAL' ? 'partial build' : 'build';
}

/** One entry of the log, in full: which gate failed for which rows, what its data set holds. */
export function showEntry(
  entry: PublicationEntry,
  head: number | undefined,
  failed: FailedNode[],
  contents: Contents | { problem: string },
): void {
  const { publication, status, dropped, models, tests, warnings } = entry;
  console.log(heading(headline(entry, head)));
  console.log(
    fields([
      ['entry', `${publication}, ${whatOf(entry)}${entry.pinned ? ', pinned' : ''}`],
      ['status', dropped ? `${status}; its data set is no longer kept (retention)` : status],
      ['base', entry.base === null ? 'none: it is the first' : String(entry.base)],
      ['data set', String(entry.dataSet)],
      ['at (UTC)', entry.at.slice(0, 19)],
      ['LOAD_ID', visible(entry.loadId)],
      ['code version', visible(entry.codeVersion)],
      [
        'built',
        models === null
          ? undefined
          : `${plural(models, 'model')}, ${plural(tests ?? 0, 'test')}, ${plural(warnings ?? 0, 'warning')} in ${duration((entry.buildSeconds ?? 0) * 1000)}`,
      ],
      ['failure', entry.failure === null ? undefined : visible(entry.failure)],
      ['by', entry.actor === null ? undefined : visible(entry.actor)],
      ['reason', entry.reason === null ? undefined : visible(entry.reason)],
    ]),
  );
  if (failed.length > 0) showFailed(failed);
  if ('problem' in contents) {
    console.log(`\nWhat it holds cannot be shown: ${visible(contents.problem)}.`);
    return;
  }
  console.log(heading('Loads it holds'));
  console.log(
    table(
      ['LOAD_ID', 'tables', 'partitions', 'new here', 'dates'],
      contents.loads.map(({ loadId, firstDate, lastDate, ...load }) => [
        loadId,
        ...[load.tables, load.partitions, load.added].map(number),
        firstDate === lastDate ? firstDate : `${firstDate} to ${lastDate}`,
      ]),
      { right: ['tables', 'partitions', 'new here'], whole: ['LOAD_ID'] },
    ),
  );
  if (contents.relations.length === 0) return;
  console.log(heading('Rows'));
  console.log(
    table(
      ['relation', 'rows'],
      contents.relations.map(({ schema, relation, rows }) => [`${schema}.${relation}`, number(rows)]),
      { right: ['rows'] },
    ),
  );
}

function headline({ publication, status, kind, base }: PublicationEntry, head: number | undefined): string {
  const now = head === undefined ? 'nothing is published' : `readers are on publication ${head}`;
  if (publication === head) return `Publication ${publication} is what readers see.`;
  if (status === 'PUBLISHED') return `Publication ${publication}; ${now}.`;
  const candidate = kind === 'BUILD' ? `Candidate ${publication}` : `Entry ${publication}`;
  if (status !== 'HELD') return `${candidate} is ${status}; ${now}.`;
  const next =
    base === (head ?? null)
      ? `\`npx mfg publications approve ${publication} --reason …\` publishes it as it is`
      : `it was built on ${base === null ? 'nothing' : `publication ${base}`}, so start its run again`;
  return `${candidate} is held back since a gate failed; ${now}; ${next}.`;
}

function showFailed(failed: FailedNode[]): void {
  console.log(heading('What failed'));
  console.log(
    table(
      ['node', 'status', 'message'],
      failed.map(({ node, status, message }) => [node, status, message]),
      { whole: ['node'] },
    ),
  );
  for (const { node, failures, rows, problem } of failed) {
    if (problem !== null) console.log(`\nThe rows of ${visible(node)} cannot be shown: ${visible(problem)}.`);
    if (rows === null) continue;
    const all = failures === null ? '' : ` (${plural(failures, 'result')}, the first ${rows.rows.length})`;
    console.log(heading(`Rows of ${visible(node)}${all}`));
    console.log(rowsTable(rows.columns, rows.rows, ROWS_SHOWN));
  }
}

function text(value: number | null): string {
  return value === null ? '' : String(value);
}
