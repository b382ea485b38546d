import { explained } from '../definition';
import type { ReportData, ReportIncident } from '../../report-data';
import { folded, h, link, section, table } from '../dom';
import { count, time, words } from '../format';
import { runLink, source } from '../source';
import { rowsOf } from '../tables';

/** How far the figures below can be trusted. */
type Level = 'good' | 'unsure' | 'bad';

/** The banner: which publication, as of when, and what is known to be wrong with it. */
export function trust(data: ReportData): HTMLElement {
  const { publication, incidents, tables } = data;
  const loaded = rowsOf(tables.loaded);
  const asOf =
    loaded
      .map((row) => row.text('last_date'))
      .sort()
      .at(-1) ?? 'unknown';
  const checks = latestChecks(data);
  const { level, verdict } = judge(data, checks);
  const facts: [Node, Node | string][] = [
    [explained('Data as of', 'The newest logical date of the loads in this publication.'), asOf],
    [
      explained('Published', 'When readers came to see it.'),
      h('time', { datetime: publication.publishedAt }, time(publication.publishedAt)),
    ],
    [
      explained('Built by', 'The run that built it; the code that ran stands beside it.'),
      h('span', {}, runLink(data, publication.workflowId, publication.runId), ` (${publication.codeVersion})`),
    ],
    [
      explained('dbt', 'Models and tests of the build; warnings are known defects of the source data.'),
      `${count(publication.models)} models, ${count(publication.tests)} tests, ${count(publication.warnings)} warnings`,
    ],
    [
      explained('Quality checks', 'The newest look at this publication.'),
      checks === undefined
        ? 'not checked yet'
        : `${count(checks.passed)} passed, ${count(checks.warned)} warned, ${count(checks.failed)} failed`,
    ],
    [
      explained('Open incidents', 'When the page was written; they are Temporal workflows.'),
      incidents.asked ? count(incidents.open.length) : `could not ask: ${incidents.reason}`,
    ],
    [explained('Page written', 'What was published later is not on it.'), time(data.writtenAt)],
  ];
  const banner = section(
    'trust',
    `Publication ${publication.number}`,
    h('p', { class: `verdict ${level}` }, verdict),
    h('dl', { class: 'facts' }, ...facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
    incidents.asked && incidents.open.length > 0 ? openIncidents(data) : null,
    source(data, tables.loaded.sql),
  );
  return banner;
}

interface Checks {
  passed: number;
  warned: number;
  failed: number;
}

function latestChecks({ publication, tables }: ReportData): Checks | undefined {
  const ofThis = rowsOf(tables.checks).filter((row) => row.number('publication') === publication.number);
  const newest = ofThis.at(-1);
  if (newest === undefined) return undefined;
  const statuses = ofThis
    .filter((row) => row.text('run_id') === newest.text('run_id'))
    .map((row) => row.text('status'));
  const number = (...of: string[]) => statuses.filter((status) => of.includes(status)).length;
  return { passed: number('PASS'), warned: number('WARN'), failed: number('FAIL', 'ERROR') };
}

function judge({ publication, incidents }: ReportData, checks: Checks | undefined): { level: Level; verdict: string } {
  if (publication.head !== publication.number) {
    return { level: 'unsure', verdict: `Not what readers see now: that is publication ${publication.head}.` };
  }
  const errors = incidents.asked ? incidents.open.filter(({ severity }) => severity === 'ERROR').length : 0;
  if (errors > 0 || (checks?.failed ?? 0) > 0) {
    const said =
      errors > 0
        ? `${plural(errors, 'open incident')} of severity error`
        : `${plural(checks?.failed ?? 0, 'failed check')}`;
    return { level: 'bad', verdict: `Look before you rely on it: ${said}.` };
  }
  if (!incidents.asked) return { level: 'unsure', verdict: 'Incidents could not be asked for: see below.' };
  if (checks === undefined) return { level: 'unsure', verdict: 'Its quality has not been checked yet.' };
  if (incidents.open.length > 0) {
    return {
      level: 'unsure',
      verdict: `No check failed; ${plural(incidents.open.length, 'warning')} open as incidents.`,
    };
  }
  return { level: 'good', verdict: 'All checks passed or warned, and no incident is open.' };
}

/** Those of severity error are shown, the others on request. */
function openIncidents({ incidents }: ReportData): HTMLElement {
  const open = incidents.asked ? incidents.open : [];
  const errors = open.filter(({ severity }) => severity === 'ERROR');
  const others = open.filter(({ severity }) => severity !== 'ERROR');
  return h(
    'div',
    {},
    errors.length > 0 && incidentTable('Open incidents of severity error', errors),
    others.length > 0 &&
      folded(`${plural(others.length, 'warning')} that ${others.length === 1 ? 'is' : 'are'} open as incidents`, () => [
        incidentTable('Open incidents of lower severity', others),
      ]),
  );
}

function incidentTable(caption: string, open: ReportIncident[]): HTMLElement {
  return table(
    caption,
    ['Check', 'Table', 'Severity', 'State', 'Since', 'What was found'].map((title) => ({ title })),
    open.map(({ check, table: of, severity, state, since, found, url }) => [
      link(words(check), url),
      of,
      severity.toLowerCase(),
      state.toLowerCase(),
      time(since),
      found,
    ]),
  );
}

function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}
