import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { LiveBench, shippedDates } from '../support/live-bench';
import { smallDbtProject } from '../support/small-dbt';

const dbtDir = smallDbtProject();
let bench: LiveBench;
let client: Client;

beforeAll(async () => {
  bench = new LiveBench(shippedDates().slice(0, 1), dbtDir);
  client = await bench.startServer();
  await bench.startWorker();
});

let runs = 0;

/** Runs an ingestion; a failure is returned as the cause that the Web UI shows. */
async function ingest(): Promise<{ type?: string; message?: string; publication?: number }> {
  const options = { taskQueue: TASK_QUEUE, workflowId: `gates-${++runs}`, args: [] };
  return client.workflow.execute('mfgRawIngestion', options).catch((error: Error) => error.cause as Error) as Promise<{
    type?: string;
    message?: string;
  }>;
}

describe('gates', () => {
  it('a broken model or a failing test leaves readers on the last publication and keeps the candidate', async () => {
    expect(await ingest()).toMatchObject({ publication: 1 });

    const model = path.join(dbtDir, 'models', 'core', 'dim_material.sql');
    const whole = readFileSync(model, 'utf8');
    writeFileSync(model, 'select no_such_column from {{ ref("stg_mes__materials") }}\n');
    const broken = await ingest();
    expect(broken.type).toBe('BuildFailedError');
    expect(broken.message).toMatch(/^a dbt node failed, candidate 2 is kept .*: dim_material: .*no_such_column/);
    expect(broken.message).not.toMatch(/Traceback|\n/);

    writeFileSync(model, whole);
    const test = path.join(dbtDir, 'tests', 'nothing_is_good_enough.sql');
    mkdirSync(path.dirname(test), { recursive: true });
    writeFileSync(test, "select material_id from {{ ref('dim_material') }}\n");
    const held = await ingest();
    expect(held.type).toBe('GateFailedError');
    expect(held.message).toMatch(/^a dbt test failed, candidate 3 is kept .*: nothing_is_good_enough: Got \d+ results/);

    writeFileSync(model, '{{ this is not jinja\n');
    const unparsable = await ingest();
    expect(unparsable.type).toBe('BuildFailedError');
    expect(unparsable.message).toMatch(/candidate 4 is kept .*: dbt: .*dim_material/);

    expect(await bench.warehouse.head()).toBe(1);
    expect(
      await bench.rows('select publication::int as n, status from raw.raw_publication order by publication'),
    ).toEqual([
      { n: 1, status: 'PUBLISHED' },
      { n: 2, status: 'FAILED' },
      { n: 3, status: 'HELD' },
      { n: 4, status: 'FAILED' },
    ]);
    for (const file of ['mfg.duckdb', 'target/run_results.json', 'logs/dbt.log']) {
      expect(existsSync(path.join(bench.stateDir, 'builds', '3', file))).toBe(true);
    }

    writeFileSync(model, whole);
    rmSync(test);
    expect(await ingest()).toMatchObject({ publication: 5 });
  });
});
