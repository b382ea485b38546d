import type { Incident, IncidentSummary } from '../../contracts/incidents';
import type { UndeliveredAlert } from '../incidents';
import { colors, fields, heading, plural, table, visible } from './print';

/** Shows incidents, and alerts that nobody has got. */
export function showIncidents(incidents: IncidentSummary[], undelivered: UndeliveredAlert[]): void {
  if (incidents.length === 0) console.log('No incident is open.');
  else {
    const columns = ['incident', 'status', 'state', 'since (UTC)', 'runs', 'publication', 'found', 'expected'];
    console.log(
      table(
        columns,
        incidents.map((incident) => [
          `${incident.check}/${incident.table}`,
          incident.status,
          stateOf(incident),
          time(incident.since),
          String(incident.failingRuns),
          incident.publication === null ? '' : String(incident.publication),
          incident.observed,
          incident.expected,
        ]),
        { right: ['runs', 'publication'], whole: ['incident'] },
      ),
    );
  }
  if (undelivered.length === 0) return;
  console.log(heading('Alerts that were not delivered'));
  console.log(
    table(
      ['target', 'since (UTC)', 'state', 'last answer', 'workflow id'],
      undelivered.map(({ target, since, isTried, attempts, reason, workflowId }) => [
        target,
        time(since),
        isTried ? `tried again, attempt ${attempts}` : 'given up',
        reason,
        workflowId,
      ]),
      { whole: ['workflow id'] },
    ),
  );
}

/** Shows one incident whole. @param url of its workflow in the Web UI. */
export function showIncident(incident: Incident, url: string | undefined): void {
  const { check, table: name, sample, acts, resolved, run } = incident;
  console.log(heading(visible(`${check} on ${name}: ${incident.status}, ${stateOf(incident)}`)));
  console.log(
    fields(
      (
        [
          ['incident', incident.id],
          ['severity', `${incident.severity}, at worst ${incident.worst}`],
          ['found', incident.observed],
          ['expected', `${incident.expected}${incident.threshold === '' ? '' : ` (${incident.threshold})`}`],
          ['detail', incident.detail || undefined],
          ['sample', sample.length === 0 ? undefined : sample.join(', ')],
          ['since', `${time(incident.since)} UTC, ${plural(incident.failingRuns, 'run')}`],
          ['last seen', `${time(incident.lastSeenAt)} UTC by ${run.workflowId}`],
          ['publication', incident.publication === null ? undefined : String(incident.publication)],
          ['resolved', resolved === null ? undefined : `${time(resolved.at)} UTC by a ${resolved.by.toLowerCase()}`],
          ['Web UI', url],
        ] as [string, string | undefined][]
      ).map(([label, value]) => [label, value === undefined ? undefined : visible(value)]),
    ),
  );
  if (acts.length === 0) return;
  console.log(heading('Who did what'));
  console.log(
    table(
      ['when (UTC)', 'who', 'what', 'why'],
      acts.map(({ at, actor, act, reason, until }) => [
        time(at),
        actor,
        `${act.toLowerCase()}${until === null ? '' : ` until ${time(until)}`}`,
        reason ?? '',
      ]),
    ),
  );
}

function stateOf({ state, silencedUntil }: IncidentSummary): string {
  const text = state.toLowerCase() + (silencedUntil === null ? '' : ` until ${time(silencedUntil)}`);
  return state === 'OPEN' ? colors.red(text) : text;
}

function time(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}
