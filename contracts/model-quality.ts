import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ContractError } from './errors';
import {
  modelColumnQualitySchema,
  modelQualitySchema,
  type ModelColumnQuality,
  type ModelQuality,
} from './quality-rules';

/** A file that says the same of many columns by aliases is no attack. */
export const MAX_ALIASES = 10_000;

const metaOf = <T extends z.ZodType>(quality: T) =>
  z.looseObject({ meta: z.looseObject({ quality: quality.optional() }).optional() }).optional();

const modelsFileSchema = z.looseObject({
  models: z
    .array(
      z.looseObject({
        name: z.string(),
        config: metaOf(modelQualitySchema),
        columns: z.array(z.looseObject({ name: z.string(), config: metaOf(modelColumnQualitySchema) })).default([]),
      }),
    )
    .default([]),
});

/** A model and what is checked of it. */
export interface CheckedModel extends ModelQuality {
  name: string;
  /** STAGING, CORE or MARTS: the folder below `models` that it lies in. */
  schema: string;
  columns: Record<string, ModelColumnQuality>;
}

/** What the dbt project declares to be checked. */
export interface CheckedModels {
  models: CheckedModel[];
  /** Schema of a model, also of one that is not checked. @throws ContractError when the project has no such model. */
  schemaOf: (model: string) => string;
}

/**
 * Reads what the dbt project declares to be checked of its models: every `config.meta.quality` below `models`.
 *
 * @throws ContractError naming the file and the field.
 */
export async function readModelQuality(dbtDir: string): Promise<CheckedModels> {
  const folder = path.join(dbtDir, 'models');
  const files = (await readdir(folder, { recursive: true }).catch(() => [])).sort();
  const schemas = new Map<string, string>();
  const declared: Omit<CheckedModel, 'schema'>[] = [];
  for (const file of files) {
    if (file.endsWith('.sql')) schemas.set(path.basename(file, '.sql'), file.split(path.sep)[0] ?? '');
    if (!/\.ya?ml$/.test(file)) continue;
    const text = await readFile(path.join(folder, file), 'utf8');
    declared.push(...parseModelsFile(text, path.join(folder, file)));
  }
  const schemaOf = (model: string) => {
    const schema = schemas.get(model);
    if (schema !== undefined) return schema;
    throw new ContractError(`there is no model ${model} in ${folder}: a quality check there names it.`);
  };
  const models = declared.map((model) => ({ ...model, schema: schemaOf(model.name) }));
  for (const { columns, reconciliations } of models) {
    for (const { of } of reconciliations) schemaOf(of);
    for (const { references } of Object.values(columns)) {
      if (references !== undefined) schemaOf(references.to.split('.')[0] ?? '');
    }
  }
  return { models, schemaOf };
}

/** The checked models of one file. @throws ContractError naming the file and the field. */
export function parseModelsFile(text: string, file: string): Omit<CheckedModel, 'schema'>[] {
  let yaml: unknown;
  try {
    yaml = parseYaml(text, { maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw new ContractError(`${file} is not valid YAML: ${(error as Error).message.split('\n')[0]}`, { cause: error });
  }
  const parsed = modelsFileSchema.safeParse(yaml ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ContractError(`${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message}.`);
  }
  return parsed.data.models.flatMap((model) => {
    const quality = model.config?.meta?.quality;
    const columns = Object.fromEntries(
      model.columns.flatMap(({ name, config }) => (config?.meta?.quality ? [[name, config.meta.quality]] : [])),
    );
    if (quality === undefined) {
      const [column] = Object.keys(columns);
      if (column === undefined) return [];
      throw new ContractError(
        `${file}: ${model.name}.${column} has a quality check, but ${model.name} has no config.meta.quality with the key that ` +
          `names its rows: add \`quality: { key: [...] }\`.`,
      );
    }
    refuseSharedNames(file, model.name, quality);
    for (const [column, { shift, scale }] of Object.entries(columns)) {
      if ((shift ?? scale) !== undefined && quality.dated_by !== '_logical_date') {
        throw new ContractError(
          `${file}: ${model.name}.${column} is compared with earlier deliveries, which needs \`dated_by: _logical_date\` in the ` +
            `model's quality.`,
        );
      }
    }
    return [{ ...quality, name: model.name, columns }];
  });
}

/** Checks are told apart by their names. */
function refuseSharedNames(file: string, model: string, { rules, reconciliations }: ModelQuality): void {
  const names = [...rules, ...reconciliations].map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new ContractError(`${file}: ${model} has two checks that are called ${twice}.`);
}
