import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { failedNodes } from '../../client/cli/publication-facts';
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
async function ingest(...args: object[]): Promise<Outcome> {
  const options = { taskQueue: TASK_QUEUE, workflowId: `gates-${++runs}`, args };
  return client.workflow
    .execute('mfgRawIngestion', options)
    .catch((error: Error) => error.cause as Error) as Promise<Outcome>;
}

/** Of a run that ended well its outcome, of one that failed the type and the sentence. */
interface Outcome {
  outcome?: string;
  publication?: number;
  type?: string;
  message?: string;
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
    expect(held.message).toMatch(
      /^a dbt test failed, candidate 3 is kept .*: nothing_is_good_enough: Got \d+ results.*`npx mfg publications show 3`/,
    );

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

    // What a person does next: sees which rows, publishes it all the same, takes that back.
    const candidate = { kind: 'candidate', publication: 3 } as const;
    const [failed] = await failedNodes(bench.warehouse, 3);
    expect(failed).toMatchObject({ node: 'nothing_is_good_enough', status: 'fail' });
    const materials = await bench.warehouse.query(candidate, 'select material_id from core.dim_material');
    expect(failed?.rows?.rows).toHaveLength(Math.min(10, materials.rows.length));
    expect(materials.rows).toEqual(expect.arrayContaining(failed?.rows?.rows ?? []));
    const person = { actor: 'anna', reason: 'known' };
    expect(await bench.warehouse.approve(3, person)).toEqual({ publication: 5, dataSet: 3 });
    expect(await bench.rows('from raw.current_publication')).toEqual([{ publication: '3' }]);
    expect(await bench.warehouse.rollback(undefined, person)).toMatchObject({ publication: 6, to: 1 });

    writeFileSync(model, whole);
    rmSync(test);
    expect(await ingest()).toMatchObject({ publication: 7 });
  });

  it('a quality check that is marked as a gate holds the candidate back, with the rows that it is about', async () => {
    const file = path.join(dbtDir, 'models', '_small__models.yml');
    const whole = readFileSync(file, 'utf8');
    const rule = '{ name: no_material_is_good_enough, fails_when: material_id is not null, gate: true }';
    const quality = `    config: { meta: { quality: { key: [material_id], rules: [${rule}] } } }`;
    writeFileSync(file, `${whole}  - name: dim_material\n${quality}\n`);
    const held = await ingest();
    expect(held.type).toBe('GateFailedError');
    expect(held.message).toMatch(
      /^a quality gate did not hold, candidate 8 is kept .*: no_material_is_good_enough of dim_material: (\d+) of \1 rows/,
    );
    expect(await bench.warehouse.head()).toBe(7);
    expect(await bench.rows('select status, failure from raw.raw_publication where publication = 8')).toMatchObject([
      { status: 'HELD', failure: expect.stringMatching(/^no_material_is_good_enough/) as string },
    ]);
    expect(await failedNodes(bench.warehouse, 8)).toMatchObject([
      {
        node: 'no_material_is_good_enough of dim_material',
        message: expect.stringMatching(/for example M-/) as string,
      },
    ]);
    writeFileSync(file, whole);
    expect(await ingest()).toMatchObject({ publication: 9 });
  });

  it('two runs at once: the one that publishes second is built again on the first, and no load is lost', async () => {
    const [, one = '', other = ''] = shippedDates();
    bench.deliverShipped(one);
    bench.deliverShipped(other);
    const results = await Promise.all([one, other].map((logicalDate) => ingest({ logicalDate, exact: true })));
    expect(results.map((result) => result.outcome)).toEqual(['PUBLISHED', 'PUBLISHED']);
    const log = await bench.rows(
      `select publication::int as publication, base::int as base, status from raw.raw_publication
       where publication > 9 order by publication`,
    );
    expect(log.map((entry) => entry.status).sort()).toEqual(['PUBLISHED', 'PUBLISHED', 'SUPERSEDED']);
    const [first, second] = log.filter((entry) => entry.status === 'PUBLISHED');
    expect(first?.base).toBe(9);
    expect(second?.base).toBe(first?.publication);
    expect(await bench.rows('select distinct logical_date::varchar as d from raw.current_load order by d')).toEqual(
      shippedDates()
        .slice(0, 3)
        .map((d) => ({ d })),
    );
  });
});
