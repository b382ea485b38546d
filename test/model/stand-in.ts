import path from 'node:path';
import type { BuildRecord, Candidate } from '../../warehouse/warehouse';
import type { OpenDuckDb } from './open-duckdb';

/** A model of the stand-in: what it reads, and the SQL that makes it. */
interface Model {
  sources: string[];
  parents: string[];
  /** Models whose code changes with the project's version. */
  isVersioned: boolean;
  sql: (code: number) => string;
}

const MODELS: Record<string, Model> = {
  material_totals: {
    sources: ['materials'],
    parents: [],
    isVersioned: true,
    sql: (code) => `select ${code} * coalesce((select sum(quantity::bigint) from raw.materials), 0) as total,
      ${code} * coalesce((select sum(quantity::bigint) from raw.materials_history), 0) as history_total`,
  },
  reading_totals: {
    sources: ['readings'],
    parents: [],
    isVersioned: false,
    sql: () => 'select coalesce(sum(value::bigint), 0) as total from raw.readings',
  },
  plant_totals: {
    sources: [],
    parents: ['material_totals', 'reading_totals'],
    isVersioned: false,
    sql: () => 'select m.total + r.total as total from marts.material_totals as m, marts.reading_totals as r',
  },
};

/** Gate: rows that must not be published, as a dbt test names them. */
const GATE = `select count(*) as rows from (
  select quantity as value from raw.materials union all select value from raw.readings) where value::bigint < 0`;

/**
 * Stands in for dbt: builds a candidate's marts from its RAW views, all of them or, in a partial build, the descendants of
 * changed tables and of changed code; then one gate.
 *
 * @param code version of the models' code. @param isBroken a model fails.
 */
export async function buildMarts(
  duckDb: OpenDuckDb,
  candidate: Candidate,
  code: number,
  isBroken: boolean,
): Promise<BuildRecord> {
  const manifest = manifestOf(code);
  const built: string[] = [];
  const failing = await duckDb.attached(path.join(candidate.folder, 'mfg.duckdb'), 'read_write', async (db) => {
    await db.run('create schema if not exists marts');
    for (const [name, model] of Object.entries(MODELS)) {
      const isSelected =
        candidate.scope === 'FULL' ||
        model.sources.some((source) => candidate.changedTables.includes(source)) ||
        model.parents.some((parent) => built.includes(parent)) ||
        manifest[name] !== parse(candidate.baseManifest)[name];
      if (!isSelected) continue;
      await db.run(`create or replace table marts.${name} as ${model.sql(code)}`);
      built.push(name);
    }
    const [row] = await db.rows(GATE);
    return Number(row?.rows);
  });
  const status = isBroken ? 'FAILED' : failing > 0 ? 'HELD' : 'BUILT';
  return {
    status,
    counts: { models: built.length, tests: 1, warnings: 0, seconds: 0 },
    nodes: [
      ...built.map((node) => ({ node, resourceType: 'model', status: 'success', message: 'OK', rows: 1, seconds: 0 })),
      { node: 'no_negative', resourceType: 'test', status: status, message: '', rows: failing, seconds: 0 },
    ],
    failure: status === 'BUILT' ? undefined : `no_negative: ${failing} rows`,
    artifacts: [{ name: 'manifest.json', content: JSON.stringify(manifest) }],
  };
}

/** Hash of the stand-in's code. */
export function projectDigest(code: number): string {
  return `code-${code}`;
}

function manifestOf(code: number): Record<string, string> {
  return Object.fromEntries(
    Object.entries(MODELS).map(([name, { isVersioned }]) => [name, isVersioned ? `${name} ${code}` : name]),
  );
}

function parse(manifest: string | undefined): Record<string, string> {
  return JSON.parse(manifest ?? '{}') as Record<string, string>;
}
