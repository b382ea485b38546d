import { z } from 'zod';

/** What dbt's own artifacts (manifest.json, run_results.json) say, as far as the platform asks. */

const metaSchema = z.looseObject({
  key: z.array(z.string()).optional(),
  kpi: z.string().optional(),
  headline: z.boolean().optional(),
  ratio_of: z.tuple([z.string(), z.string()]).optional(),
  product_of: z.array(z.string()).min(1).optional(),
  zero_without: z.string().optional(),
});

const columnSchema = z.looseObject({
  name: z.string(),
  description: z.string().default(''),
  meta: metaSchema.optional(),
});

const nodeSchema = z.looseObject({
  unique_id: z.string(),
  resource_type: z.string(),
  schema: z.string(),
  alias: z.string().optional(),
  columns: z.record(z.string(), columnSchema).default({}),
  attached_node: z.string().nullish(),
  test_metadata: z.looseObject({ name: z.string(), kwargs: z.record(z.string(), z.unknown()) }).nullish(),
  config: z.looseObject({ where: z.unknown() }).partial(),
});

const sourceSchema = z.looseObject({
  schema: z.string(),
  identifier: z.string(),
  config: z.looseObject({ meta: metaSchema.default({}) }).partial(),
});

const manifestSchema = z.looseObject({
  nodes: z.record(z.string(), nodeSchema).default({}),
  sources: z.record(z.string(), sourceSchema).default({}),
});

/** A column that people know as a KPI: a ratio, 1 is 100 %. */
export interface KpiColumn {
  /** As people call it: OEE. */
  name: string;
  /** One that a summary names before the others. */
  isHeadline: boolean;
}

/** A relation of a data set, as dbt's manifest describes it. */
export interface DescribedRelation {
  /** `<schema>.<relation>` */
  relation: string;
  /** Columns that identify a row; empty when the manifest names none. */
  key: string[];
  kpis: Record<string, KpiColumn>;
}

/**
 * The source tables and models of a manifest.json. A source's key is its contract's; a model's key is what its tests say is
 * unique (`unique`, `unique_combination`), the shortest of them.
 *
 * @throws Error when the text is no manifest.
 */
export function describedRelations(manifest: string): DescribedRelation[] {
  const { nodes, sources } = manifestSchema.parse(JSON.parse(manifest));
  const keys = new Map<string, string[]>();
  for (const { attached_node: model, test_metadata: test, config } of Object.values(nodes)) {
    const key = test ? uniqueColumns(test) : undefined;
    // A test on some of the rows says nothing of the others.
    if (key === undefined || !model || (config.where !== null && config.where !== undefined)) continue;
    const known = keys.get(model);
    if (known === undefined || key.length < known.length) keys.set(model, key);
  }
  const models = Object.values(nodes).filter((node) => node.resource_type === 'model');
  return [
    ...Object.values(sources).map(({ schema, identifier, config }) => ({
      ...{ relation: `${schema}.${identifier}`, key: config.meta?.key ?? [], kpis: {} },
    })),
    ...models.map(({ unique_id: id, schema, alias, columns }) => ({
      ...{ relation: `${schema}.${alias}`, key: keys.get(id) ?? [], kpis: kpisOf(Object.values(columns)) },
    })),
  ];
}

/** A column of a model as dbt's YAML defines it. */
export interface DescribedColumn {
  /** `<schema>.<relation>` */
  relation: string;
  name: string;
  description: string;
  /** As people call a ratio. */
  kpi: string | undefined;
  /** Columns whose sums the ratio divides. */
  ratioOf: [string, string] | undefined;
  /** Ratios that it multiplies; it is 0 while the sum `zeroWithout` is 0. */
  productOf: string[] | undefined;
  zeroWithout: string | undefined;
}

/**
 * The columns of a manifest.json's models.
 *
 * @throws Error when the text is no manifest.
 */
export function describedColumns(manifest: string): DescribedColumn[] {
  const { nodes } = manifestSchema.parse(JSON.parse(manifest));
  return Object.values(nodes)
    .filter((node) => node.resource_type === 'model')
    .flatMap(({ schema, alias, columns }) =>
      Object.values(columns).map(({ name, description, meta = {} }) => ({
        ...{ relation: `${schema}.${alias}`, name, description, kpi: meta.kpi },
        ...{ ratioOf: meta.ratio_of, productOf: meta.product_of, zeroWithout: meta.zero_without },
      })),
    );
}

function uniqueColumns(test: { name: string; kwargs: Record<string, unknown> }): string[] | undefined {
  const { column_name: column, columns } = test.kwargs;
  if (test.name === 'unique' && typeof column === 'string') return [column];
  if (test.name !== 'unique_combination') return undefined;
  return z.array(z.string()).min(1).safeParse(columns).data;
}

function kpisOf(columns: z.infer<typeof columnSchema>[]): Record<string, KpiColumn> {
  return Object.fromEntries(
    columns
      .filter(({ meta }) => meta?.kpi !== undefined)
      .map(({ name, meta }) => [name, { name: meta?.kpi ?? name, isHeadline: meta?.headline ?? false }]),
  );
}

const compiledResultsSchema = z.looseObject({
  results: z.array(
    z.looseObject({
      unique_id: z.string(),
      status: z.string(),
      compiled_code: z.string().nullish(),
    }),
  ),
});

/** A test that failed, and the query for the rows that it failed for. */
export interface FailedTest {
  /** Name of the node, as in RAW.DBT_RUN_AUDIT. */
  node: string;
  /** Compiled for the data set of the build: names are `"schema"."relation"`. */
  sql: string;
}

/**
 * The failed tests of a run_results.json that can be asked for their rows.
 *
 * @throws Error when the text is no such file.
 */
export function failedTests(runResults: string): FailedTest[] {
  return compiledResultsSchema.parse(JSON.parse(runResults)).results.flatMap((result) => {
    const [resourceType, , node = ''] = result.unique_id.split('.');
    const { status, compiled_code: sql } = result;
    return resourceType === 'test' && status === 'fail' && sql ? [{ node, sql }] : [];
  });
}
