import type { AlertMessage, IncidentChange, IncidentChangeKind, RunReference } from '../contracts/incidents';

/** A message in words for people. Everything from data stays on its line, in bounds, and is shown as what it is. */

/** Where a run is shown; undefined when nothing says where. */
export type Links = (run: RunReference) => string | undefined;

/** Incidents told in full, and the longest text: what comes beyond is counted. */
const SHOWN = 20;
const LONGEST = 3_500;
const LONGEST_VALUE = 160;
const LONGEST_NAME = 120;
const KEYS = 5;

/** How words and links are written for a receiver. */
interface Style {
  /** A word of the platform's own, or a name that it has checked. */
  plain(text: string): string;
  /** What data, people or errors say. */
  quoted(text: string): string;
  bold(text: string): string;
  link(url: string, text: string): string;
}

const PLAIN: Style = {
  plain: (text) => text,
  quoted: (text) => text,
  bold: (text) => text,
  link: (url, text) => `${text}: ${url}`,
};

/** Slack's mrkdwn: three characters are escaped; what stands in code is neither formatted nor made a link. */
const SLACK: Style = {
  plain: escaped,
  quoted: (text) => (text === '' ? '' : `\`${escaped(text.replaceAll('`', "'"))}\``),
  bold: (text) => `*${escaped(text.replaceAll('*', ''))}*`,
  link: (url, text) => `<${escaped(url.replaceAll('|', '%7C'))}|${escaped(text)}>`,
};

/** The message as plain text of at most 3,500 characters. */
export function alertText(message: AlertMessage, links: Links): string {
  return compose(message, links, PLAIN);
}

/** The message for a Slack-compatible webhook. */
export function slackText(message: AlertMessage, links: Links): string {
  return compose(message, links, SLACK);
}

function compose({ at, changes, changeCount, run }: AlertMessage, links: Links, style: Style): string {
  const title = style.bold(titleOf(changes, changeCount));
  const footer = [
    ...(run === null ? [] : [runLine(run, links, style)]),
    style.plain(`Told at ${time(at)}; \`npx mfg incidents\` lists what is open.`.replaceAll('`', '')),
  ];
  const lines: string[] = [];
  let left = LONGEST - title.length - footer.join('\n').length - 40;
  for (const change of changes.slice(0, SHOWN)) {
    const line = lineOf(change, links, style);
    if (line.length + 1 > left) break;
    lines.push(line);
    left -= line.length + 1;
  }
  const more = changeCount - lines.length;
  return [title, ...lines, ...(more > 0 ? [`and ${more} more`] : []), ...footer].join('\n');
}

/** `FAIL row_count on materials opened`, or `3 opened, 1 resolved`. */
function titleOf(changes: IncidentChange[], changeCount: number): string {
  const [first] = changes;
  if (changeCount === 1 && first !== undefined) {
    const { incident, kind } = first;
    return `${word(incident.check)} on ${word(incident.table)}: ${TITLES[kind]}`;
  }
  const counts = Object.entries(TITLES)
    .map(([kind, title]) => ({ title, count: changes.filter((change) => change.kind === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ title, count }) => `${count} ${title}`);
  const more = changeCount - changes.length;
  return `${changeCount} incidents: ${[...counts, ...(more > 0 ? [`${more} more`] : [])].join(', ')}`;
}

const TITLES: Record<IncidentChangeKind, string> = {
  OPENED: 'opened',
  WORSENED: 'worse than before',
  SILENCE_ENDED: 'still failing, the silence has ended',
  REMINDER: 'still failing',
  ACKNOWLEDGED: 'acknowledged',
  SILENCED: 'silenced',
  RESOLVED: 'resolved',
};

function lineOf({ kind, incident, actor, reason }: IncidentChange, links: Links, style: Style): string {
  const { check, table, severity, status, observed, expected, threshold, detail, sample, publication } = incident;
  const value = (text: string) => style.quoted(cut(oneLine(text), LONGEST_VALUE));
  const seen = incident.failingRuns === 1 ? 'seen by 1 run' : `seen by ${incident.failingRuns} runs`;
  const facts = [
    `found ${value(observed)}, expected ${value(expected)}${threshold === '' ? '' : ` (${value(threshold)})`}`,
    ...(detail === '' ? [] : [value(detail)]),
    `since ${time(incident.since)}, ${seen}`,
    ...(sample.length === 0 ? [] : [`sample ${sample.slice(0, KEYS).map(value).join(', ')}`]),
    ...(publication === null ? [] : [`publication ${publication}`]),
    ...byWhom(kind, actor, reason, incident.silencedUntil, style),
  ];
  const url = links({ workflowId: incident.id, runId: incident.firstRunId });
  const where = url === undefined ? '' : ` — ${style.link(url, 'incident')}`;
  const name = `${word(check)} on ${word(table)}`;
  const state = kind === 'RESOLVED' ? 'was ' : '';
  return `• ${style.bold(`${status} ${name}`)} ${style.plain(`${TITLES[kind]} (${state}severity ${severity})`)}: ${facts.join('; ')}${where}`;
}

function byWhom(
  kind: IncidentChangeKind,
  actor: string | null,
  reason: string | null,
  until: string | null,
  { quoted }: Style,
): string[] {
  if (actor === null) return [];
  const untilText = kind === 'SILENCED' && until !== null ? ` until ${time(until)}` : '';
  const why = reason === null || reason === '' ? '' : `: ${quoted(cut(oneLine(reason), LONGEST_VALUE))}`;
  return [`by ${quoted(cut(oneLine(actor), LONGEST_VALUE))}${untilText}${why}`];
}

function runLine(run: RunReference & { workflowType: string }, links: Links, style: Style): string {
  const url = links(run);
  const name = `${run.workflowType} ${word(run.workflowId)}`;
  return url === undefined ? `Run ${style.plain(name)}` : style.link(url, `Run ${name}`);
}

/** A name of a check, a table or a run: they may come from anywhere. */
function word(text: string): string {
  return cut(oneLine(text), LONGEST_NAME);
}

/** `2026-03-11 02:00 UTC` */
function time(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

/** Control characters, line ends and characters that turn the direction of writing become blanks. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

function cut(text: string, longest: number): string {
  const characters = [...text];
  return characters.length > longest ? `${characters.slice(0, longest).join('')}…` : text;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
