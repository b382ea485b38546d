import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Deliveries } from './detection/delivery';
import { exportOf } from './detection/exports';
import { Platform } from './detection/platform';
import { SHIPPED_PROJECT } from './detection/projects';

/**
 * What a monitoring run costs at a million RAW rows, beside the job that it watches: load, build with all of dbt's tests, publish.
 *
 * Run with `npm run bench -- quality-cost`. Prints seconds of wall time and of CPU time (dbt's process included), the share that
 * the checks have of the whole, and the checks' seconds by table.
 */

const DAYS = 44;
const HISTORY = ['--no-defects', '--seed', '1', '--days', String(DAYS), '--sensor-interval', '80'];
/** What a second of CPU time is counted in by the kernel: `getconf CLK_TCK` is 100 wherever Node runs on Linux. */
const TICKS_PER_SECOND = 100;

interface Cost {
  wall: number;
  cpu: number;
}

async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'mfg-bench-'));
  try {
    const source = await exportOf(path.join(folder, 'export'), ...HISTORY);
    const platform = await Platform.open(path.join(folder, 'state'), SHIPPED_PROJECT);
    const [job, outcome] = await measured(() => platform.ingest(source));
    if ('refused' in outcome) throw new Error(`the export is refused: ${outcome.refused}`);
    const last = (await new Deliveries(source).dates()).at(-1) ?? '';
    const began: { table: string; at: number }[] = [];
    const onTable = (table: string) => began.push({ table, at: performance.now() });
    const [check, outcomes] = await measured(() => platform.check(outcome.publication, platform.endOf(last), onTable));
    const ended = performance.now();
    const rows = await rowsByTable(platform, outcome.publication);
    const total = [...rows.values()].reduce((sum, count) => sum + count, 0);
    console.log(`${total} RAW rows, ${DAYS} deliveries of ${rows.size} tables, ${outcomes.length} outcomes`);
    console.log(`load, build with tests, publish: ${describe(job)}`);
    console.log(`check: ${describe(check)}`);
    console.log(
      `the checks' share of the whole: ${share(check.wall, job.wall)} of wall time, ${share(check.cpu, job.cpu)} of CPU time`,
    );
    for (const [index, { table, at }] of began.entries()) {
      const seconds = ((began[index + 1]?.at ?? ended) - at) / 1000;
      const count = rows.get(table);
      const of = count === undefined ? 'model' : `${count} rows`;
      console.log(`${table.padEnd(36)}${of.padStart(14)} ${seconds.toFixed(2).padStart(7)} s`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measured<T>(work: () => Promise<T>): Promise<[Cost, T]> {
  const [cpu, wall] = [cpuSeconds(), performance.now()];
  const result = await work();
  return [{ cpu: cpuSeconds() - cpu, wall: (performance.now() - wall) / 1000 }, result];
}

/** CPU time of this process and of the children that it waited for: Node itself tells of its own only. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6 + childSeconds();
}

/** @throws Error where there is no /proc, since a figure without dbt's part would mislead. */
function childSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  // Fields are counted from behind the program's name, which may hold blanks: cutime and cstime are the 16th and 17th of all.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

async function rowsByTable(platform: Platform, publication: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { name } of platform.tables) {
    const [row] = await platform.rows(publication, `select count(*) as row_count from raw."${name}_history"`);
    counts.set(name, Number(row?.row_count));
  }
  return counts;
}

function share(part: number, rest: number): string {
  return `${((100 * part) / (part + rest)).toFixed(1)} %`;
}

function describe({ wall, cpu }: Cost): string {
  return `wall ${wall.toFixed(1)} s, CPU ${cpu.toFixed(1)} s`;
}

void main();
