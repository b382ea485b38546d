import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { venvProgram } from '../../contracts/installation';
import { runDbt, targetPathOf } from '../../transform/dbt-process';
import { SHIPPED_PROJECT } from './projects';

const resultsSchema = z.object({
  results: z.array(z.looseObject({ unique_id: z.string(), status: z.string() })),
});

/**
 * Runs the shipped project's tests on a copy of a published database, as `dbt build` would after its models: which of them warn or
 * fail. Unit tests say nothing of the data and are left out.
 *
 * @param scratch a folder of this call's own; it is removed.
 * @param parseCacheDir keeps dbt's parse state from call to call.
 */
export async function failingDbtTests(database: string, scratch: string, parseCacheDir: string): Promise<Set<string>> {
  await mkdir(scratch, { recursive: true });
  try {
    await cp(database, path.join(scratch, path.basename(database)));
    const dbt = { dbt: venvProgram('dbt'), dbtDir: SHIPPED_PROJECT, folder: scratch, target: 'duckdb', threads: 2 };
    const command = ['test', '--threads', '2', '--exclude-resource-type', 'unit_test'];
    const end = await runDbt({ ...dbt, parseCacheDir }, command);
    const text = await readFile(path.join(targetPathOf(scratch), 'run_results.json'), 'utf8').catch(() => undefined);
    if (text === undefined) throw new Error(`dbt test wrote no results: ${end.errors.at(-1) ?? 'no reason given'}`);
    const { results } = resultsSchema.parse(JSON.parse(text));
    return new Set(results.filter(({ status }) => status !== 'pass').map(({ unique_id: id }) => nameOf(id)));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** `test.<package>.<name>.<hash>` → the name. */
function nameOf(uniqueId: string): string {
  return uniqueId.split('.')[2] ?? uniqueId;
}
