import { describedColumns } from '../contracts/dbt-artifacts';
import { InvalidInputError } from '../contracts/errors';
import { runUrl } from '../contracts/run-url';
import type { IncidentSummary } from '../contracts/incidents';
import type { QueryResult, RunQuery, Warehouse } from '../warehouse/warehouse';
import { columnar } from './columnar';
import { definitionsOf } from './definitions';
import { joinDelays } from './join-delays';
import { auditQueries, DATA_SET_QUERIES, type ReportQuery } from './queries';
import type { QueriedTable, ReportData, ReportIncident, TableName } from './report-data';

/** What a report is asked of besides the warehouse. */
export interface ReportRequest {
  /** Default: the publication that readers see. */
  publication: number | undefined;
  /** Base address and namespace of Temporal's Web UI. */
  webUi: { url: string | undefined; namespace: string };
  /** Open incidents; rejects with one sentence when Temporal cannot be asked. */
  openIncidents: () => Promise<IncidentSummary[]>;
}

/**
 * Collects what the report page of a publication shows: its marts by queries on the publication's own data set, the audit tables as they
 * are now, definitions from the manifest that it was built with. A part whose relations the publication does not have, as with another dbt
 * project, is told to be missing.
 *
 * @throws InvalidInputError when nothing is published, or there is no such publication.
 */
export async function collectReport(warehouse: Warehouse, request: ReportRequest): Promise<ReportData> {
  const head = (await warehouse.head()) ?? null;
  const number = request.publication ?? head;
  if (number === null) throw new InvalidInputError('nothing is published yet: run `npx mfg ingest` first.');
  const target = { kind: 'publication', publication: number } as const;
  const ofDataSet = await warehouse.queries(target, async (query) => {
    const relations = await relationsOf(query);
    return joinDelays(await askAll(DATA_SET_QUERIES, query, relations));
  });
  // Live, by number: the data set has the audits as of its build, before its own checks.
  const live: RunQuery = (sql) => warehouse.query({ kind: 'head' }, sql);
  const audits = await askAll(auditQueries(number, number === head), live, new Set());
  const webUi = webUiOf(request.webUi);
  const { dataSet, ...publication } = await publicationOf(live, number);
  const manifest = await warehouse.buildArtifact(dataSet, 'manifest.json');
  return {
    publication: { number, head, ...publication },
    writtenAt: new Date().toISOString(),
    webUi,
    incidents: await incidentsOf(request.openIncidents, webUi),
    definitions: manifest === undefined ? {} : definitionsOf(describedColumns(manifest)),
    tables: { ...ofDataSet, ...audits },
  };
}

async function relationsOf(query: RunQuery): Promise<Set<string>> {
  const { rows } = await query(
    `select lower(table_schema) as table_schema, lower(table_name) as table_name from information_schema.tables
     where table_catalog = current_database()`,
  );
  return new Set(rows.map((row) => `${String(row.table_schema)}.${String(row.table_name)}`));
}

async function askAll<N extends TableName>(
  queries: Record<N, ReportQuery>,
  query: RunQuery,
  relations: ReadonlySet<string>,
): Promise<Record<N, QueriedTable>> {
  const found: [string, QueriedTable][] = [];
  for (const [name, { sql, reads, numeric }] of Object.entries<ReportQuery>(queries)) {
    const absent = reads.find((relation) => !relations.has(relation));
    const missing = absent === undefined ? null : `this publication has no ${absent}`;
    const result: QueryResult = absent === undefined ? await query(sql) : { columns: [], rows: [] };
    found.push([name, { ...columnar(result, numeric), sql, missing }]);
  }
  return Object.fromEntries(found) as Record<N, QueriedTable>;
}

async function publicationOf(live: RunQuery, number: number) {
  const { rows } = await live(
    `select data_set, code_version, load_id, workflow_id, run_id, models, tests, warnings,
       cast(published_at as varchar) as published_at
     from raw.raw_publication where publication = ${number}`,
  );
  const [row = {}] = rows;
  const count = (value: unknown) => (value === null || value === undefined ? null : Number(value));
  return {
    dataSet: Number(row.data_set),
    publishedAt: String(row.published_at),
    codeVersion: String(row.code_version),
    loadId: String(row.load_id),
    workflowId: String(row.workflow_id),
    runId: String(row.run_id),
    models: count(row.models),
    tests: count(row.tests),
    warnings: count(row.warnings),
  };
}

/** A link of the page leads to http or https only: the configured address may be anything. */
function webUiOf({ url, namespace }: ReportRequest['webUi']): ReportData['webUi'] {
  return url !== undefined && /^https?:/i.test(url) ? { url, namespace } : null;
}

async function incidentsOf(
  ask: ReportRequest['openIncidents'],
  webUi: ReportData['webUi'],
): Promise<ReportData['incidents']> {
  let open: IncidentSummary[];
  try {
    open = await ask();
  } catch (error) {
    return { asked: false, reason: (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '' };
  }
  return { asked: true, open: open.map((incident) => shown(incident, webUi)) };
}

function shown(incident: IncidentSummary, webUi: ReportData['webUi']): ReportIncident {
  const { id, firstRunId, check, table, severity, state, since, observed, detail } = incident;
  const run = { workflowId: id, runId: firstRunId };
  const url = webUi === null ? null : (runUrl(webUi.url, webUi.namespace, run) ?? null);
  return { check, table, severity, state, since, found: [observed, detail].filter(Boolean).join('; '), url };
}
