import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { InvalidInputError } from '../contracts/errors';
import { runDbt, type DbtProcess } from './dbt-process';

/** Names in a selection that dbt is asked about: where it may run, and what. */
export interface SelectionRequest extends Omit<DbtProcess, 'folder'> {
  /** dbt selectors, valid as a workflow's input. Their union is meant. */
  select: string[];
  /** Scratch folder below which dbt runs. */
  scratchDir: string;
}

const listedNodeSchema = z.object({
  name: z.string(),
  resource_type: z.string(),
  source_name: z.string().optional(),
});

/**
 * Asks dbt which nodes a selection names, before anything is loaded or built.
 *
 * @returns selectors of single nodes, to each of which `+` may be appended: everything downstream. That could not be appended to
 * what was asked for: of `a,b+` dbt would take what is in both a and b's descendants. Tests only when nothing else is named:
 * tests come with their models.
 * @throws InvalidInputError when dbt refuses a selector, when one matches nothing, or when all of them together do.
 */
export async function resolveSelection({ select, scratchDir, ...dbt }: SelectionRequest): Promise<string[]> {
  await mkdir(scratchDir, { recursive: true });
  const folder = await mkdtemp(path.join(scratchDir, 'select-'));
  try {
    const nodes: z.infer<typeof listedNodeSchema>[] = [];
    const unmatched: string[] = [];
    const keys = ['--output', 'json', '--output-keys', ...Object.keys(listedNodeSchema.shape)];
    const end = await runDbt({ ...dbt, folder }, ['ls', ...keys, '--select', ...select], ({ info, data }) => {
      if (info.name === 'NoNodesForSelectionCriteria') unmatched.push(data.spec_raw ?? info.msg);
      else if (info.name === LISTED) nodes.push(listedNodeSchema.parse(JSON.parse(info.msg)));
    });
    if (end.code !== 0) {
      throw new InvalidInputError(
        `select: dbt cannot tell what it names: ${end.errors.join(' ').replace(/\s+/g, ' ')}`,
      );
    }
    if (unmatched.length > 0) {
      const names = unmatched.map((name) => `'${name}'`).join(', ');
      throw new InvalidInputError(
        `select: ${names} ${unmatched.length === 1 ? 'matches' : 'match'} nothing in the dbt project: name a model, or select as dbt does (path:, tag:, source:).`,
      );
    }
    return toSelectors(nodes, select);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Name of the log event that carries a listed node. */
const LISTED = 'PrintEvent';

function toSelectors(nodes: z.infer<typeof listedNodeSchema>[], select: string[]): string[] {
  const named = (...types: string[]) => nodes.filter((node) => types.includes(node.resource_type));
  const relations = [...named('model', 'seed', 'snapshot'), ...named('source')];
  const chosen = relations.length > 0 ? relations : named('test');
  if (chosen.length === 0) {
    throw new InvalidInputError(
      `select: nothing of the dbt project is in ${select.join(' ')}: no model, source or test.`,
    );
  }
  return chosen.map(({ name, source_name }) => (source_name === undefined ? name : `source:${source_name}.${name}`));
}
