import { z } from 'zod';
import type { LayerCounts } from '../contracts/run';
import type { NodeResult, RelationName } from '../warehouse/warehouse';

const manifestSchema = z.object({
  nodes: z.record(z.string(), z.object({ schema: z.string(), alias: z.string(), relation_name: z.string().nullish() })),
});

/** Relations that a dbt project makes, from the manifest of a build: models, seeds, snapshots, failures that tests store. */
export function relationsOf(manifest: string): RelationName[] {
  return Object.values(manifestSchema.parse(JSON.parse(manifest)).nodes)
    .filter((node) => typeof node.relation_name === 'string')
    .map(({ schema, alias }) => ({ schema, name: alias }));
}

const layeredSchema = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      name: z.string(),
      resource_type: z.string(),
      schema: z.string(),
      depends_on: z.object({ nodes: z.array(z.string()).default([]) }).default({ nodes: [] }),
    }),
  ),
});

/** In the order of the data's way; other schemas come after. */
const LAYERS = ['raw', 'staging', 'core', 'marts'];

/**
 * What was built and tested in each layer. A test belongs to the layer of the first relation that it reads; tests of source tables
 * are RAW's.
 */
export function layersOf(manifest: string, results: NodeResult[]): LayerCounts[] {
  const { nodes } = layeredSchema.parse(JSON.parse(manifest));
  const layerOf = (id: string): string =>
    id.startsWith('source.') ? 'raw' : (nodes[id]?.schema.toLowerCase() ?? 'other');
  const layers = new Map<string, string>();
  for (const { name, resource_type: type, schema, depends_on: dependsOn } of Object.values(nodes)) {
    const [read] = dependsOn.nodes.filter((id) => !id.startsWith('macro.'));
    layers.set(`${type} ${name}`, type === 'test' && read !== undefined ? layerOf(read) : schema.toLowerCase());
  }
  const counts = new Map<string, LayerCounts>();
  for (const { node, resourceType, status } of results) {
    const layer = layers.get(`${resourceType} ${node}`);
    if (layer === undefined || !['model', 'test'].includes(resourceType)) continue;
    const before = counts.get(layer) ?? { layer, models: 0, tests: 0, warnings: 0, failures: 0 };
    counts.set(layer, {
      layer,
      models: before.models + Number(resourceType === 'model' && status === 'success'),
      tests: before.tests + Number(resourceType === 'test'),
      warnings: before.warnings + Number(status === 'warn'),
      failures: before.failures + Number(status === 'fail' || status === 'error'),
    });
  }
  const place = ({ layer }: LayerCounts) => (LAYERS.includes(layer) ? LAYERS.indexOf(layer) : LAYERS.length);
  return [...counts.values()].sort((a, b) => place(a) - place(b));
}
