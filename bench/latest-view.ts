import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { withDuckDb } from '../duckdb/connection';
import { loadBatch } from '../ingestion/load-batch';
import { planRun } from '../ingestion/plan-run';
import { parseSourcesFile } from '../contracts/source-contract';
import { createDuckDbWarehouse } from '../warehouse/duckdb/duckdb-warehouse';

/**
 * What the readers' views cost when many loads are kept: a snapshot table of one size, loaded once and loaded 100 times (each
 * load a day of its own), asked through `raw.<table>` (the newest day) and `raw.<table>_history` (all days).
 *
 * Run with `npm run bench -- latest-view`. Prints milliseconds of CPU time and of wall time, medians of 15, side by side.
 */

const ROWS = 50_000;
const LOADS = 100;
const REPEATS = 15;

const SOURCES = `
sources:
  - name: mes
    config: { meta: { time_zone: UTC } }
    tables:
      - name: readings
        config: { meta: { mode: snapshot, key: [id] } }
        columns: [{ name: id, data_type: integer }, { name: value, data_type: decimal }]
`;

async function main(): Promise<void> {
  const stateDir = mkdtempSync(path.join(os.tmpdir(), 'mfg-bench-'));
  try {
    const sourceDir = path.join(stateDir, 'source');
    const tables = parseSourcesFile(SOURCES, 'sources', 'mes').tables;
    const one = await publish(stateDir, sourceDir, 1);
    const many = await publish(stateDir, sourceDir, LOADS);
    const cases = [
      { what: 'raw.readings, 1 load kept', file: one, relation: 'raw.readings' },
      { what: `raw.readings, ${LOADS} loads kept`, file: many, relation: 'raw.readings' },
      { what: `raw.readings_history, ${LOADS} loads kept`, file: many, relation: 'raw.readings_history' },
    ];
    console.log(`${tables.length} table of ${ROWS} rows per load; medians of ${REPEATS} queries each, taken in turn`);
    const samples = cases.map(() => ({ cpu: [] as number[], wall: [] as number[] }));
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      for (const [index, { file, relation }] of cases.entries()) {
        const { cpu, wall } = await time(file, `select count(*), max(value) from ${relation}`);
        samples[index]?.cpu.push(cpu);
        samples[index]?.wall.push(wall);
      }
    }
    const base = median(samples[0]?.cpu ?? []);
    for (const [index, { what }] of cases.entries()) {
      const cpu = median(samples[index]?.cpu ?? []);
      const wall = median(samples[index]?.wall ?? []);
      console.log(
        `${what.padEnd(40)} CPU ${cpu.toFixed(1)} ms  wall ${wall.toFixed(1)} ms  ratio ${(cpu / base).toFixed(2)}`,
      );
    }
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** Loads one day per load, publishes after the last, and gives the published file. */
async function publish(stateDir: string, sourceDir: string, loads: number): Promise<string> {
  const state = path.join(stateDir, `state-${loads}`);
  const source = path.join(sourceDir, String(loads));
  const warehouse = createDuckDbWarehouse(state, 'bench');
  const systems = [parseSourcesFile(SOURCES, 'sources', 'mes')];
  const tables = systems.flatMap((system) => system.tables);
  let last = 0;
  for (let load = 0; load < loads; load++) {
    const date = new Date(Date.UTC(2026, 0, 1 + load)).toISOString().slice(0, 10);
    mkdirSync(path.join(source, 'mes', date), { recursive: true });
    const rows = Array.from({ length: ROWS }, (_, row) => `${row},${row * load}.5`).join('\n');
    writeFileSync(path.join(source, 'mes', date, 'readings.csv'), `id,value\n${rows}\n`);
    const run = { loadId: `load-${load}::r`, workflowId: `load-${load}`, runId: 'r' };
    const plan = await planRun({
      ...{
        run,
        input: { logicalDate: date },
        scheduledAt: undefined,
        systems,
        sourceDir: source,
        codeVersion: 'bench',
      },
      known: await warehouse.knownDeliveries(),
    });
    const manifest = await warehouse.saveManifest(plan.manifest);
    for (const batch of manifest.batches.keys()) {
      const stagingDir = path.join(state, 'staging');
      await loadBatch(warehouse, { manifest, batch, attempt: 1, tables, sourceDir: source, stagingDir, threads: 2 });
    }
    const candidate = await warehouse.createCandidate({
      ...{ run, tables, attempt: 1, scope: 'FULL', projectDigest: 'bench', settingsDigest: 'bench' },
      ...{ withoutDates: [], replacedTables: [] },
    });
    const counts = { models: 0, tests: 0, warnings: 0, seconds: 0 };
    await warehouse.finishCandidate(candidate, {
      ...{ status: 'BUILT', counts, nodes: [], failure: undefined, artifacts: [] },
    });
    await warehouse.publish(candidate.publication);
    last = candidate.publication;
  }
  return path.join(state, 'builds', String(last), 'mfg.duckdb');
}

/** One query in a database that was opened just now, as a reader meets it: binding the view is part of it. */
async function time(file: string, sql: string): Promise<{ cpu: number; wall: number }> {
  return withDuckDb({ path: ':memory:', settings: { threads: '1' } }, async (db) => {
    await db.run(`attach '${file.replaceAll("'", "''")}' as mfg (read_only); use mfg`);
    const cpu = process.cpuUsage();
    const wall = performance.now();
    await db.rows(sql);
    const used = process.cpuUsage(cpu);
    return { cpu: (used.user + used.system) / 1000, wall: performance.now() - wall };
  });
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

void main();
