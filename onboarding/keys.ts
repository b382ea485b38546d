import type { DuckDb } from '../duckdb/connection';
import { parquet, sqlIdentifier } from '../duckdb/sql-text';
import type { Sureness } from './column-finding';

/** A set of columns that tells the rows of a delivery apart. */
export interface KeyFinding {
  columns: string[];
  sureness: Sureness;
  evidence: string;
  /** Rows that share their key with another row of their delivery. */
  repeated: number;
}

/** A column that may be part of a key, the likelier the smaller its rank. */
export interface KeyCandidate {
  name: string;
  /** 0 for one that is named like a key; the place in the table decides among equals. */
  rank: number;
}

/** More candidates than this are not combined: their pairs alone would be hundreds. */
const COMBINED = 14;
const LARGEST_KEY = 4;

/**
 * Finds the smallest set of columns without an empty cell whose values differ in every row of a delivery.
 *
 * @param rows Parquet files of staged rows. @param candidates columns that have a value in every row.
 * @param all every column, for when nothing tells the rows apart.
 */
export async function findKey(
  db: DuckDb,
  rows: string[],
  candidates: KeyCandidate[],
  all: string[],
): Promise<KeyFinding> {
  const ranked = [...candidates].sort((a, b) => a.rank - b.rank);
  const [counted] = await db.rows(`select count(*) as n from ${parquet(rows)}`);
  const total = Number(counted?.n);
  if (total === 0)
    return { columns: all.slice(0, 1), sureness: 'guess', evidence: 'no rows to tell it from', repeated: 0 };
  const singles = await repeatsOf(
    db,
    rows,
    ranked.map(({ name }) => [name]),
    total,
  );
  const single = ranked.find((_, index) => singles[index] === 0);
  if (single !== undefined) {
    const others = ranked.filter((candidate, index) => singles[index] === 0 && candidate !== single);
    const also =
      others.length === 0
        ? ''
        : `; also unique: ${others
            .slice(0, 3)
            .map(({ name }) => name)
            .join(', ')}`;
    const sureness = single.rank < 1 && total > 1 ? 'sure' : 'likely';
    return { columns: [single.name], sureness, evidence: `differs in all ${show(total)} rows${also}`, repeated: 0 };
  }
  // The column with the fewest repeats tells most; combine that with the others.
  const combined = ranked.slice(0, COMBINED).map(({ name }) => name);
  for (let size = 2; size <= Math.min(LARGEST_KEY, combined.length); size++) {
    const sets = combinations(combined, size);
    const repeats = await repeatsOf(db, rows, sets, total);
    const unique = sets[repeats.indexOf(0)];
    if (unique !== undefined) {
      const evidence = `together differ in all ${show(total)} rows; no smaller set does`;
      return { columns: unique, sureness: size === 2 ? 'likely' : 'guess', evidence, repeated: 0 };
    }
  }
  return nearest(singles, ranked, total) ?? wholeRow(db, rows, ranked, all, total);
}

/** A column named like a key that a few rows repeat: exports hold duplicates. */
function nearest(repeats: number[], ranked: KeyCandidate[], total: number): KeyFinding | undefined {
  const index = ranked.findIndex(({ rank }, place) => rank < 1 && (repeats[place] ?? total) <= total * 0.05);
  const found = ranked[index];
  if (found === undefined) return undefined;
  const repeated = repeats[index] ?? 0;
  const evidence = `${show(repeated)} of ${show(total)} rows repeat it: duplicates in the export, or a column is missing here`;
  return { columns: [found.name], sureness: 'guess', evidence, repeated };
}

async function wholeRow(
  db: DuckDb,
  rows: string[],
  ranked: KeyCandidate[],
  all: string[],
  total: number,
): Promise<KeyFinding> {
  const columns = ranked.length === 0 ? all.slice(0, 1) : ranked.map(({ name }) => name);
  const [repeated = 0] = await repeatsOf(db, rows, [columns], total);
  const empty = ranked.length === 0 ? ', and rows without a value there are left out' : '';
  const evidence = `nothing tells the rows apart: rows that agree in all of these count as one (${show(repeated)} of ${show(total)} would go)${empty}`;
  return { columns, sureness: 'guess', evidence, repeated };
}

/** For each set of columns, how many rows repeat those of another row of their delivery. */
async function repeatsOf(db: DuckDb, rows: string[], sets: string[][], total: number): Promise<number[]> {
  const repeats: number[] = [];
  for (let at = 0; at < sets.length; at += 100) {
    const terms = sets.slice(at, at + 100).map((set, index) => {
      return `count(distinct hash(${['_logical_date', ...set.map(sqlIdentifier)].join(', ')})) as n${index}`;
    });
    const [row] = await db.rows(`select ${terms.join(', ')} from ${parquet(rows)}`);
    repeats.push(...terms.map((_, index) => total - Number(row?.[`n${index}`])));
  }
  return repeats;
}

function combinations(names: string[], size: number): string[][] {
  if (size === 0) return [[]];
  return names.flatMap((name, index) => combinations(names.slice(index + 1), size - 1).map((rest) => [name, ...rest]));
}

function show(count: number): string {
  return count.toLocaleString('en-US');
}
