import { runUrl } from '../../contracts/run-url';
import type { QueriedTable, ReportData } from '../report-data';
import { button, folded, h, link } from './dom';

/** A run's page in Temporal's Web UI; its id alone where nothing says where that is. */
export function runLink({ webUi }: ReportData, workflowId: string, runId: string, text = workflowId): HTMLElement {
  const url = webUi === null ? undefined : runUrl(webUi.url, webUi.namespace, { workflowId, runId });
  return link(text, url ?? null);
}

/** Where the figures above come from: the run that built them, and the query that gives them. */
export function source(data: ReportData, sql: string): HTMLElement {
  const { publication } = data;
  return h(
    'footer',
    { class: 'source' },
    h('span', {}, `Publication ${publication.number}, run `, runLink(data, publication.workflowId, publication.runId)),
    folded('SQL', () => [sqlText(sql)]),
  );
}

function sqlText(sql: string): HTMLElement {
  const code = h('pre', { tabindex: 0, 'aria-label': 'SQL' }, h('code', {}, sql));
  const copy = button('Copy', () => {
    void copyText(sql, code).then((copied) => (copy.textContent = copied ? 'Copied' : 'Selected: press Ctrl-C'));
  });
  return h('div', { class: 'sql' }, copy, code, h('p', {}, 'Run it with `npx mfg query`.'));
}

/** Without a clipboard, as on some browsers for a local file, the text is selected instead. */
async function copyText(text: string, shown: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(shown);
    return false;
  }
}

/** Says why a part has no figures. */
export function missing(table: QueriedTable): HTMLElement | null {
  return table.missing === null ? null : h('p', { class: 'missing' }, `Not shown: ${table.missing}.`);
}
