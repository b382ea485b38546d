import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { withDuckDb } from '../../duckdb/connection';

const nodeSchema = z.looseObject({
  resource_type: z.string(),
  schema: z.string(),
  name: z.string(),
  compiled_code: z.string().nullish(),
  config: z.looseObject({ materialized: z.string().nullish() }),
  depends_on: z.looseObject({ nodes: z.array(z.string()).default([]) }).default({ nodes: [] }),
});
const manifestSchema = z.object({ nodes: z.record(z.string(), nodeSchema) });

/** A model as dbt compiled it: for this project the same whatever the data, since no macro asks the warehouse. */
export interface CompiledModel {
  id: string;
  schema: string;
  name: string;
  kind: 'table' | 'view';
  select: string;
}

/**
 * The models of a build that dbt made, each after those that it reads.
 *
 * @param manifestFile dbt's manifest.json of that build.
 * @throws Error for a model that is no table or view, since it is then not rebuilt whole.
 */
export async function readCompiledModels(manifestFile: string): Promise<CompiledModel[]> {
  const { nodes } = manifestSchema.parse(JSON.parse(await readFile(manifestFile, 'utf8')));
  const ordered = new Map<string, CompiledModel>();
  const add = (id: string): void => {
    const node = nodes[id];
    if (node === undefined || node.resource_type !== 'model' || ordered.has(id)) return;
    node.depends_on.nodes.forEach(add);
    const { schema, name, compiled_code: select, config } = node;
    const kind = config.materialized;
    if ((kind !== 'table' && kind !== 'view') || typeof select !== 'string') {
      throw new Error(`${id} is '${kind}': only tables and views that dbt has compiled can be made again without it.`);
    }
    ordered.set(id, { id, schema, name, kind, select });
  };
  Object.keys(nodes).forEach(add);
  return [...ordered.values()];
}

/**
 * Makes the models in a database whose RAW views stand, as dbt would, without starting it: a hundred builds of one project differ in
 * their data only, and dbt's own start is most of a small build.
 */
export async function buildModels(database: string, models: readonly CompiledModel[], threads: number): Promise<void> {
  await withDuckDb({ path: database, settings: { threads: String(threads) } }, async (db) => {
    for (const schema of new Set(models.map(({ schema }) => schema)))
      await db.run(`create schema if not exists "${schema}"`);
    for (const { schema, name, kind, select } of models) {
      await db.run(`create or replace ${kind} "${schema}"."${name}" as (${select}\n)`);
    }
  });
}
