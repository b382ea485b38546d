import { failedTests } from '../../contracts/dbt-artifacts';
import type { QueryResult, QueryTarget, Warehouse } from '../../warehouse/warehouse';
import { relationRows, type RelationRows } from './warehouse-facts';

/** What the command line shows of the publication log, asked of the live audits and of candidates. */

const HEAD: QueryTarget = { kind: 'head' };
const ROWS_PER_TEST = 10;

/** What a gate found: a node of the build that did not end well. */
export interface FailedNode {
  node: string;
  status: string;
  message: string;
  /** Failing rows of a test; null when dbt does not say. */
  failures: number | null;
  /** The first of these rows; null when they cannot be asked for, with the reason in `problem`. */
  rows: QueryResult | null;
  problem: string | null;
}

/** The nodes that failed in the build of a data set, each test with the first rows that it failed for, and the quality gates. */
export async function failedNodes(warehouse: Warehouse, dataSet: number): Promise<FailedNode[]> {
  const { rows } = await warehouse.query(
    HEAD,
    `select node, status, message, rows_affected from raw.dbt_run_audit
     where publication = ${dataSet} and status in ('fail', 'error') order by status, node`,
  );
  const results = rows.length === 0 ? undefined : await warehouse.buildArtifact(dataSet, 'run_results.json');
  const queries = new Map((results === undefined ? [] : failedTests(results)).map(({ node, sql }) => [node, sql]));
  const found: FailedNode[] = [];
  for (const row of rows) {
    const node = String(row.node);
    const sql = queries.get(node);
    const status = String(row.status);
    const asked = sql === undefined ? { rows: null, problem: null } : await firstRows(warehouse, dataSet, sql);
    found.push({ node, status, message: String(row.message), failures: numberOrNull(row.rows_affected), ...asked });
  }
  return [...found, ...(await failedGates(warehouse, dataSet))];
}

/** Quality gates that did not hold, with the keys of the first rows. */
async function failedGates(warehouse: Warehouse, dataSet: number): Promise<FailedNode[]> {
  const { rows } = await warehouse.query(
    HEAD,
    `select check_name, table_name, status, observed, expected, detail from raw.data_quality_audit
     where publication = ${dataSet} and is_gate and status <> 'PASS' order by ordinal`,
  );
  return rows.map((row) => {
    const [check, table, status, observed, expected, detail] = Object.values(row).map(String);
    const message = `${observed}, expected ${expected}${detail === '' ? '' : `; ${detail}`}`;
    return { node: `${check} of ${table}`, status: status ?? '', message, failures: null, rows: null, problem: null };
  });
}

async function firstRows(
  warehouse: Warehouse,
  dataSet: number,
  sql: string,
): Promise<Pick<FailedNode, 'rows' | 'problem'>> {
  try {
    // A compiled test may end in a comment.
    const rows = await warehouse.query(
      { kind: 'candidate', publication: dataSet },
      `select * from (\n${sql}\n) as failing_rows limit ${ROWS_PER_TEST}`,
    );
    return { rows, problem: null };
  } catch (error) {
    return { rows: null, problem: firstLine(error) };
  }
}

/** A load that a data set holds. */
export interface HeldLoad {
  loadId: string;
  partitions: number;
  tables: number;
  firstDate: string;
  lastDate: string;
  /** Partitions that this data set has and its base has not. */
  added: number;
}

/** What a data set holds: its loads, the rows of CORE and MARTS. */
export interface Contents {
  loads: HeldLoad[];
  relations: RelationRows[];
}

/** What a data set holds; a sentence when its database cannot be opened. */
export async function contentsOf(warehouse: Warehouse, dataSet: number): Promise<Contents | { problem: string }> {
  const target: QueryTarget = { kind: 'candidate', publication: dataSet };
  try {
    const { rows: added } = await warehouse.query(
      HEAD,
      `select load_id, count(*) as partitions from raw.raw_published_load
       where data_set = ${dataSet} and action = 'ADDED' group by load_id`,
    );
    const addedBy = new Map(added.map((row) => [String(row.load_id), Number(row.partitions)]));
    const { rows } = await warehouse.query(
      target,
      `select load_id, count(*) as partitions, count(distinct table_name) as tables,
         min(logical_date)::varchar as first_date, max(logical_date)::varchar as last_date
       from raw.current_load group by load_id order by last_date desc, load_id`,
    );
    const loads = rows.map((row) => ({
      loadId: String(row.load_id),
      partitions: Number(row.partitions),
      tables: Number(row.tables),
      firstDate: String(row.first_date),
      lastDate: String(row.last_date),
      added: addedBy.get(String(row.load_id)) ?? 0,
    }));
    return { loads, relations: await relationRows(warehouse, target) };
  } catch (error) {
    return { problem: firstLine(error) };
  }
}

function firstLine(error: unknown): string {
  return ((error as Error).message.split('\n')[0] ?? '').replace(/\.$/, '');
}

function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
