import type { Client } from '@temporalio/client';
import type { IncidentSummary } from '../contracts/incidents';

const TYPE = 'mfgIncident';

/** Open incidents, the newest first; with `all` also those that have been resolved and that Temporal still keeps. */
export async function listIncidents(client: Client, all: boolean): Promise<IncidentSummary[]> {
  const statuses = all ? ['Running', 'Completed'] : ['Running'];
  const query = `WorkflowType = '${TYPE}' and ExecutionStatus in (${statuses.map((status) => `'${status}'`).join(', ')})`;
  const found: IncidentSummary[] = [];
  for await (const { memo } of client.workflow.list({ query })) {
    // One that was started by hand, and refused, has none.
    const incident = memo?.incident as IncidentSummary | undefined;
    if (incident !== undefined) found.push(incident);
  }
  return found.sort((a, b) => (a.since < b.since ? 1 : -1));
}
