import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { writeToString } from 'fast-csv';
import { loadConfig } from '../../../contracts/config';
import { InvalidInputError } from '../../../contracts/errors';
import type { QueryResult, QueryTarget } from '../../../warehouse/warehouse';
import { configuredWarehouse } from '../configured-warehouse';
import { asPublication } from '../options';
import { cellText, rowsTable } from '../show-results';

interface QueryOptions {
  publication?: number;
  candidate?: number;
  json?: true;
  csv?: true;
}

const ROWS_SHOWN = 100;

/** `mfg query`: one read-only query on published data. */
export function addQuery(program: Command): void {
  program
    .command('query')
    .summary('one SQL query on the published data')
    .description(
      'Runs one read-only query on what is published: schemas raw, staging, core and marts. The audit tables (raw.raw_load_audit, raw.schema_drift_event, raw.raw_publication, raw.raw_published_load, raw.raw_publication_pin, raw.dbt_run_audit, raw.data_quality_audit) are live.',
    )
    .argument('<sql>', 'one SELECT or WITH (DuckDB: FROM or DESCRIBE too); - reads it from stdin')
    .option('-p, --publication <number>', 'an older publication; default: the one that readers see', asPublication)
    .option('-c, --candidate <number>', 'a candidate that has ended, such as a held one', asPublication)
    .option('--json', 'an array of objects; 64-bit integers, decimals, dates and times are text')
    .option(
      '--csv',
      'CSV with a header; null is empty; cells are not escaped for spreadsheets: = + - @ stay as they are',
    )
    .addHelpText(
      'after',
      `
Examples:
  npx mfg query "select * from marts.plant_day_kpis limit 10"
  npx mfg query "select table_name, count(*) from raw.raw_load_audit group by table_name"
  npx mfg query --csv "select * from core.fct_production_orders" > orders.csv
  npx mfg query "select table_schema, table_name from information_schema.tables"     what there is
  npx mfg query - < report.sql
  npx mfg query --candidate 12 "select * from marts.plant_day_kpis"     what a gate held back

At most ${ROWS_SHOWN} rows are printed as a table; --json and --csv give all.`,
    )
    .action(query);
}

async function query(sql: string, options: QueryOptions, command: Command): Promise<void> {
  if (options.json && options.csv) command.error('error: --json and --csv cannot be combined');
  const { publication, candidate } = options;
  if (publication !== undefined && candidate !== undefined)
    command.error('error: --publication and --candidate cannot be combined');
  const target = queryTarget(publication, candidate);
  const statement = sql === '-' ? await text(process.stdin) : sql;
  if (statement.trim() === '')
    throw new InvalidInputError('there is no query: give one SQL statement, or - and one on stdin.');
  const result = await (
    await configuredWarehouse(loadConfig())
  )
    .query(target, statement)
    .catch((error: unknown): never => {
      throw error instanceof InvalidInputError ? new InvalidInputError(inOneLine(error.message)) : error;
    });
  if (options.json) console.log(JSON.stringify(result.rows, null, 2));
  else if (options.csv) process.stdout.write(await csvText(result));
  else console.log(rowsTable(result.columns, result.rows, ROWS_SHOWN));
}

function queryTarget(publication: number | undefined, candidate: number | undefined): QueryTarget {
  if (candidate !== undefined) return { kind: 'candidate', publication: candidate };
  return publication === undefined ? { kind: 'head' } : { kind: 'publication', publication };
}

async function csvText({ columns, rows }: QueryResult): Promise<string> {
  const records = rows.map((row) => columns.map((column) => cellText(row[column])));
  return writeToString([columns, ...records], { includeEndRowDelimiter: true });
}

/** DuckDB's messages go on with the statement and an arrow below it. */
function inOneLine(message: string): string {
  return message
    .replace(/\n+LINE \d+:[\s\S]*$/, '')
    .replace(/\s+/g, ' ')
    .trim();
}
