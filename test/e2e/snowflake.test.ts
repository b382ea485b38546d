import type { Client } from '@temporalio/client';
import type { RawIngestionResult } from '../../contracts/run';
import { readSourceContracts } from '../../contracts/source-contract';
import { collectReport } from '../../report/collect-report';
import type { ReportData } from '../../report/report-data';
import type { Warehouse } from '../../warehouse/warehouse';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { buildDataSet, DBT_DIR, projectWithoutTests } from '../support/data-set';
import { delivered, seen } from '../support/exact-counts';
import { shippedDates } from '../support/live-bench';
import { disagreements } from '../support/reconciled';
import { scratchDir } from '../support/scratch';
import { SnowflakeLiveBench } from '../support/snowflake-live-bench';
import { startPeer, type Peer } from '../support/snowflake-peer';

let peer: Peer;
let bench: SnowflakeLiveBench;
let client: Client;
let result: RawIngestionResult;
const dates = shippedDates().slice(0, 3);

beforeAll(async () => {
  peer = await startPeer();
  bench = new SnowflakeLiveBench(peer, dates, DBT_DIR);
  client = await bench.startServer();
  await bench.startWorker();
  const options = { taskQueue: TASK_QUEUE, workflowId: 'snowflake-1', args: [] };
  result = (await client.workflow.execute('mfgRawIngestion', options)) as RawIngestionResult;
});

type Rows = Record<string, unknown>[];

/** Rows that can be compared: lineage left out, numbers to ten digits whatever their type, in an order of their own. */
function comparable(rows: Rows): string[] {
  const cell = (value: unknown) => {
    const isNumber =
      typeof value === 'number' || (typeof value === 'string' && /^-?\d+([.]\d+)?(e-?\d+)?$/.test(value));
    return isNumber ? Number(Number(value).toPrecision(10)) : value;
  };
  return rows
    .map((row) => {
      const cells = Object.entries(row).filter(([column]) => !/^_|load_id|publication/.test(column));
      return JSON.stringify(cells.map(([column, value]) => [column, cell(value)]));
    })
    .sort();
}

function reportOn(warehouse: Warehouse): Promise<ReportData> {
  const webUi = { url: undefined, namespace: 'default' };
  return collectReport(warehouse, { publication: undefined, webUi, openIncidents: () => Promise.resolve([]) });
}

/** A table of the report page, row by row. */
function rowsOf({ tables }: ReportData, name: keyof ReportData['tables']): string[] {
  const { rows, columns } = tables[name];
  const cell = (column: (typeof columns)[string], row: number) =>
    'numbers' in column ? column.numbers[row] : column.texts[column.codes[row] ?? -1];
  return comparable(
    Array.from({ length: rows }, (_, row) =>
      Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, cell(column, row)])),
    ),
  );
}

describe('the main job on the Snowflake peer', () => {
  it('loads all days, builds all models and tests with dbt-snowflake, publishes and monitors', async () => {
    const tables = (await readSourceContracts(DBT_DIR)).flatMap((system) => system.tables.map(({ name }) => name));
    expect(result).toMatchObject({
      ...{ outcome: 'PUBLISHED', logicalDates: dates, loads: { partitions: 3 * tables.length } },
      quality: { failed: 0 },
    });
    expect(await seen(bench, tables)).toEqual(delivered(bench, dates, tables));
    expect(await disagreements(bench.warehouse, client)).toEqual([]);
  });

  it('tags every statement of the load and of dbt with the run that it serves', async () => {
    const statements = (await peer.statements()).filter(({ sql }) => /^(copy into|create .*table .*core)/is.test(sql));
    expect(statements.length).toBeGreaterThan(20);
    for (const { queryTag } of statements) {
      const tag = JSON.parse(queryTag) as Record<string, string>;
      expect(tag).toMatchObject({ app: 'mfg', workflow: 'snowflake-1', load: result.loadId });
      expect(tag.node).toMatch(/^(load |model[.])/);
    }
  });

  it('gives the rows of CORE and MARTS that DuckDB gives for the same deliveries', async () => {
    const onDuckDb = await buildDataSet(bench.sourceDir, scratchDir(), projectWithoutTests());
    const relations = await onDuckDb.rows(
      "select schema_name as s, table_name as t from duckdb_tables() where schema_name in ('core', 'marts') order by 1, 2",
    );
    expect(relations.length).toBeGreaterThan(15);
    for (const { s, t } of relations) {
      const sql = `select * from ${String(s)}.${String(t)}`;
      const [here, there] = [await bench.rows(sql), await onDuckDb.rows(sql)].map(comparable);
      expect([t, here]).toEqual([t, there]);
    }
    // The report page asks both the same.
    const [here, there] = [await reportOn(bench.warehouse), await reportOn(onDuckDb.warehouse)];
    for (const table of ['shifts', 'delays', 'plantDays', 'orderStates', 'openOrders', 'rejects'] as const) {
      expect([table, rowsOf(here, table)]).toEqual([table, rowsOf(there, table)]);
      expect(here.tables[table].rows).toBeGreaterThan(0);
    }
    expect(here.definitions).toEqual(there.definitions);
    expect(here.tables.publications.rows).toBe(1);
    expect(here.tables.loads.rows).toBe(1);
    expect(here.tables.checks.rows).toBe(result.quality?.checks);
    expect(here.tables.models.rows).toBe(result.build?.models);
  });
});
