import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TerminalError, UnreadableFileError } from '../contracts/errors';
import { withDuckDb, type DuckDb } from '../duckdb/connection';
import { parquet, sqlIdentifier } from '../duckdb/sql-text';
import { findColumn, habitsOf, type ColumnFinding, type Habits, type Sureness } from './column-finding';
import type { FoundFolder } from './folder';
import { inspectTable, type InspectedTable } from './inspect-table';
import { findKey, type KeyCandidate, type KeyFinding } from './keys';
import { tableName } from './names';

/** A column as it was found. */
export interface SurveyedColumn extends ColumnFinding {
  name: string;
  /** As in the file's header. */
  header: string;
  /** The values of a column that seems to have a closed list of them. */
  words: string[] | undefined;
  /** Texts that mean nothing in any column. */
  nothing: string[];
}

/** A table as it was found. */
export interface SurveyedTable {
  name: string;
  stem: string;
  files: InspectedTable['files'];
  written: InspectedTable['written'];
  columns: SurveyedColumn[];
  key: KeyFinding;
  mode: { is: 'snapshot' | 'append'; sureness: Sureness; evidence: string };
  /** The column that seems to tell when a row came about. */
  eventTime: string | undefined;
  /** False when a date was delivered without it. */
  isRequired: boolean;
  rowCount: number;
  rejected: number;
  deliveries: (string | undefined)[];
  problems: string[];
}

/** A folder as it was found. */
export interface Survey {
  system: string;
  tables: SurveyedTable[];
  /** Files that the loader could not read, with one sentence each. */
  refused: { path: string; problem: string }[];
  ignored: string[];
}

const KEY_NAME = /(^|_)(id|ids|nr|no|nummer|numero|number|code|key|uuid|guid)$/;
const EVENT_NAME =
  /(created|changed|modified|updated|booked|posted|event|time|zeit|stamp|erstellt|geaendert|gebucht|angelegt|date|datum|fecha|data|am|at|on)/;
/** A list of words has at most so many, each on average in so many cells. */
const LISTED_WORDS = 12;
const CELLS_PER_WORD = 10;

/**
 * Reads a folder's tables and decides what they hold. What one column's cells leave open (the day or the month first, a point
 * for decimals or thousands) is decided by the other columns of its table, then by the other tables.
 *
 * @param takenTables names of tables that other systems have. @param onTable called as each table begins.
 * @throws UnreadableFileError when no table can be read.
 */
export async function surveyFolder(
  folder: FoundFolder,
  system: string,
  takenTables: ReadonlySet<string>,
  onTable?: (stem: string) => void,
): Promise<Survey> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'mfg-source-init-'));
  const refused: Survey['refused'] = [];
  const taken = new Set(takenTables);
  try {
    return await withDuckDb({ path: ':memory:' }, async (db) => {
      const inspected: InspectedTable[] = [];
      for (const found of folder.tables) {
        onTable?.(found.stem);
        const name = tableName(found.stem, system, taken);
        try {
          inspected.push(await inspectTable(db, system, name, found, scratch));
          taken.add(name);
        } catch (error) {
          if (!(error instanceof TerminalError)) throw error;
          refused.push({ path: found.files.at(-1)?.path ?? found.stem, problem: error.message });
        }
      }
      if (inspected.length === 0) throw new UnreadableFileError(refused.map(({ problem }) => problem).join('\n'));
      const habits = inspected.map((table) => commonHabits([table]));
      const ofAll = commonHabits(inspected);
      const dates = new Set(folder.tables.flatMap(({ files }) => files.map(({ logicalDate }) => logicalDate ?? '')));
      const tables: SurveyedTable[] = [];
      for (const [index, table] of inspected.entries()) {
        tables.push(await surveyTable(db, table, { ...ofAll, ...habits[index] }, dates.size));
      }
      return { system, tables, refused, ignored: folder.ignored };
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function surveyTable(db: DuckDb, table: InspectedTable, habits: Habits, dates: number): Promise<SurveyedTable> {
  const columns = table.columns.map(({ name, header, cells }): SurveyedColumn => {
    const finding = findColumn(name, cells, habits);
    const nothing = [...cells.nothing.always.keys()];
    return { ...finding, name, header, nothing, words: listedWords(finding, table, name) };
  });
  const key = await findKey(
    db,
    table.rows,
    keyCandidates(table, columns),
    columns.map(({ name }) => name),
  );
  const { name, stem, files, written, rowCount, rejected, deliveries, problems } = table;
  return {
    ...{ name, stem, files, written, columns, key, rowCount, rejected, deliveries, problems },
    mode: await findMode(db, table, key),
    eventTime: eventTimeOf(columns),
    isRequired: new Set(files.map(({ logicalDate }) => logicalDate)).size === dates,
  };
}

/** What most of the columns that leave nothing open say. */
function commonHabits(tables: InspectedTable[]): Habits {
  const found = tables.flatMap(({ columns }) =>
    columns.map(({ name, cells }) => habitsOf(findColumn(name, cells, {}))),
  );
  const most = <Name extends keyof Habits>(name: Name): Pick<Habits, Name> => {
    const votes = new Map<Habits[Name], number>();
    for (const { [name]: value } of found) if (value !== undefined) votes.set(value, (votes.get(value) ?? 0) + 1);
    const [winner] = [...votes].sort((a, b) => b[1] - a[1]);
    return (winner === undefined ? {} : { [name]: winner[0] }) as Pick<Habits, Name>;
  };
  return { ...most('decimalMark'), ...most('order'), ...most('language') };
}

function listedWords(
  { type }: ColumnFinding,
  { columns, rowCount }: InspectedTable,
  name: string,
): string[] | undefined {
  const cells = columns.find((column) => column.name === name)?.cells;
  if (type !== 'text' || cells?.words === undefined || cells.longest > 40) return undefined;
  const words = [...cells.words.keys()];
  const isList = words.length > 1 && words.length <= LISTED_WORDS && rowCount >= words.length * CELLS_PER_WORD;
  // dbt would run a word that looks like Jinja, and puts words between quotes as they are.
  return isList && !words.some((word) => /\{[{%#]|['\\]/.test(word)) ? words.sort() : undefined;
}

/** Columns with a value in every row, whose values are names of things or moments rather than measurements. */
function keyCandidates(table: InspectedTable, columns: SurveyedColumn[]): KeyCandidate[] {
  return columns.flatMap(({ name, type, nothing, format }, index) => {
    const cells = table.columns[index]?.cells;
    if (
      cells === undefined ||
      cells.empty > 0 ||
      nothing.length > 0 ||
      format.nothing !== undefined ||
      cells.longest > 200
    )
      return [];
    if (type === 'decimal' || type === 'boolean') return [];
    const place = index / columns.length;
    if (type === 'text' || type === 'integer') return [{ name, rank: (KEY_NAME.test(name) ? 0 : 1) + place }];
    return [{ name, rank: 2 + place }];
  });
}

/** A table whose keys come again in the next delivery is delivered whole; one whose keys do not is delivered in pieces. */
async function findMode(db: DuckDb, table: InspectedTable, key: KeyFinding): Promise<SurveyedTable['mode']> {
  const { deliveries, rows } = table;
  if (new Set(deliveries).size < 2) {
    const evidence = 'one delivery only: it is taken for the whole table';
    return { is: 'snapshot', sureness: 'guess', evidence };
  }
  const columns = key.columns.map(sqlIdentifier).join(', ');
  const [row] = await db.rows(
    `with keys as (select distinct _logical_date, hash(${columns}) as k from ${parquet(rows)}),
       dates as (select distinct _logical_date from keys),
       later as (select _logical_date, lead(_logical_date) over (order by _logical_date) as next from dates)
     select count(*) as n, count(b.k) as again from keys as a inner join later on a._logical_date = later._logical_date
       and later.next is not null left join keys as b on b.k = a.k and b._logical_date = later.next`,
  );
  const [n, again] = [Number(row?.n), Number(row?.again)];
  const share = n === 0 ? 0 : again / n;
  const evidence = `${Math.round(share * 100)} % of a delivery's keys come again in the next one`;
  if (share >= 0.5) return { is: 'snapshot', sureness: share >= 0.8 ? 'sure' : 'likely', evidence };
  return { is: 'append', sureness: share <= 0.1 ? 'sure' : 'likely', evidence };
}

/** The timestamp, else the date, that is named like one of an event; filled ones first. */
function eventTimeOf(columns: SurveyedColumn[]): string | undefined {
  const named = (type: string) => columns.find((column) => column.type === type && EVENT_NAME.test(column.name));
  return (named('timestamp') ?? named('date') ?? columns.find(({ type }) => type === 'timestamp'))?.name;
}
