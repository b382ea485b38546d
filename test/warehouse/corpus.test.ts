import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from '../../contracts/config';
import type { Delivery } from '../../contracts/run';
import type { SourceTable } from '../../contracts/source-contract';
import { loadBatch } from '../../ingestion/load-batch';
import { fingerprintFile } from '../../ingestion/preflight';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import type { Warehouse } from '../../warehouse/warehouse';
import { corpusFile, corpusFiles } from '../support/corpus';
import { scratchDir } from '../support/scratch';
import { smallTable, SOURCES_YAML } from '../support/tables';

/** A row of the corpus table of docs/deliveries.md. */
interface Documented {
  file: string;
  encoding: string;
  /** `loaded`, or the error's name and a part of its sentence. */
  outcome: string;
  read: number | null;
  loaded: number | null;
  rejected: number | null;
}

/** What a load of a file came to. */
interface Outcome {
  error: string | undefined;
  audit: Record<string, unknown>;
  rejects: number;
}

const DOCUMENTED = documentedCorpus();
const outcomes = new Map<string, Outcome>();

/**
 * Loads every file of the corpus as a delivery of its own day: a run for each encoding of the contract, and in it those that
 * load as one batch, the others in one each.
 */
beforeAll(async () => {
  const stateDir = scratchDir();
  const warehouse = createDuckDbWarehouse(stateDir, 'test');
  for (const encoding of ['utf-8', 'latin-1']) {
    const table = smallTable('materials', SOURCES_YAML.replace('{ delimiter: "," }', `{ encoding: ${encoding} }`));
    await loadAll(warehouse, stateDir, table, encoding);
  }
}, 60_000);

describe('the corpus of deliveries that are hard to read', () => {
  it('is documented file by file', () => {
    expect(DOCUMENTED.map(({ file }) => file).sort()).toEqual(corpusFiles());
  });

  it.each(DOCUMENTED)('$file: $outcome', ({ file, outcome, read, loaded, rejected }) => {
    const found = outcomes.get(file);
    const { status, rows_read, rows_loaded, rows_rejected, error } = found?.audit ?? {};
    if (outcome === 'loaded') {
      expect(found?.error).toBeUndefined();
      expect({ status, rows_read, rows_loaded, rows_rejected }).toEqual({
        status: 'LOADED',
        rows_read: String(read),
        rows_loaded: String(loaded),
        rows_rejected: String(rejected),
      });
      expect(read).toBe((loaded ?? 0) + (rejected ?? 0));
    } else {
      const [name, says] = outcome.split(': ');
      expect(found?.error).toMatch(new RegExp(`^${name}: mes/corpus/${file.replaceAll('.', '[.]')}`));
      expect(found?.error).toContain(says);
      expect(found?.error?.split('\n')).toHaveLength(1);
      expect({ status, error, read: rows_read, loaded: rows_loaded }).toEqual({
        status: 'FAILED',
        error: found?.error,
        read: read === null ? null : String(read),
        loaded: null,
      });
    }
    expect(found?.rejects).toBe(rejected ?? 0);
  });
});

async function loadAll(warehouse: Warehouse, stateDir: string, table: SourceTable, encoding: string): Promise<void> {
  const documented = DOCUMENTED.filter((row) => row.encoding === encoding);
  const sourceDir = path.join(stateDir, 'source');
  mkdirSync(path.join(sourceDir, 'mes', 'corpus'), { recursive: true });
  const deliveries: Delivery[] = [];
  for (const [index, { file }] of documented.entries()) {
    const name = `mes/corpus/${file}`;
    writeFileSync(path.join(sourceDir, name), corpusFile(file));
    const fingerprint = await fingerprintFile(path.join(sourceDir, name));
    const logicalDate = new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10);
    deliveries.push({ table: table.name, logicalDate, files: [{ path: name, modifiedAt: '', ...fingerprint }] });
  }
  const loads = (index: number) => documented[index]?.outcome === 'loaded';
  const manifest = await warehouse.saveManifest({
    loadId: `${encoding}::r`,
    workflowId: encoding,
    runId: 'r',
    sourceSystem: 'mes',
    logicalDate: '2026-12-31',
    logicalDateOrigin: 'input',
    startedAt: '2026-12-31T00:00:00.000Z',
    contractDigests: { [table.name]: table.digest },
    codeVersion: 'test',
    reused: [],
    replacedTables: [],
    batches: [
      deliveries.filter((_delivery, index) => loads(index)),
      ...deliveries.filter((_delivery, index) => !loads(index)).map((delivery) => [delivery]),
    ],
  });
  const errors: string[] = [];
  for (const batch of manifest.batches.keys()) {
    const stagingDir = path.join(stateDir, 'staging');
    const load = { manifest, batch, attempt: 1, tables: [table], sourceDir, stagingDir, threads: 1 };
    await loadBatch(warehouse, load).catch((error: Error) => errors.push(`${error.name}: ${error.message}`));
  }
  const { rows } = await warehouse.query(
    { kind: 'head' },
    `select * from raw.raw_load_audit where load_id = '${manifest.loadId}' and status <> 'STARTED'`,
  );
  const load = { kind: 'load', loadId: manifest.loadId } as const;
  const { records } = await warehouse.rejectedRecords({ load, limit: 10_000 });
  for (const { file } of documented) {
    const isOf = (text: unknown) => String(text).includes(`mes/corpus/${file}`);
    const rejects = records.filter((record) => isOf(record.sourceFile) && record.reason !== '');
    const audit = rows.find((row) => isOf(row.source_files)) ?? {};
    outcomes.set(file, { error: errors.find(isOf), audit, rejects: rejects.length });
  }
}

/** Rows of the table of docs/deliveries.md whose first column is `file`. */
function documentedCorpus(): Documented[] {
  const lines = readFileSync(path.join(PROJECT_ROOT, 'docs', 'deliveries.md'), 'utf8').split('\n');
  const start = lines.findIndex((line) => /^\| file +\|/.test(line));
  const count = (text: string | undefined) => (text === undefined || text === '–' ? null : Number(text));
  const rows: Documented[] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    const [file = '', , encoding = '', outcome = '', read, loaded, rejected] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', ''));
    rows.push({ file, encoding, outcome, read: count(read), loaded: count(loaded), rejected: count(rejected) });
  }
  return rows;
}
