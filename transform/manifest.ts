import { z } from 'zod';
import type { RelationName } from '../warehouse/warehouse';

const manifestSchema = z.object({
  nodes: z.record(z.string(), z.object({ schema: z.string(), alias: z.string(), relation_name: z.string().nullish() })),
});

/** Relations that a dbt project makes, from the manifest of a build: models, seeds, snapshots, failures that tests store. */
export function relationsOf(manifest: string): RelationName[] {
  return Object.values(manifestSchema.parse(JSON.parse(manifest)).nodes)
    .filter((node) => typeof node.relation_name === 'string')
    .map(({ schema, alias }) => ({ schema, name: alias }));
}
