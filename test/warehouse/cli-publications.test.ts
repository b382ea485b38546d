import { userInfo } from 'node:os';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { mfg } from '../support/command-line';
import { SMALL_MANIFEST } from '../support/small-manifest';
import { BUILT, WarehouseBench } from '../support/warehouse-bench';

const MART = (oee: number) =>
  `create table marts.line_kpis as select 'L3' as line, date '2026-03-10' as production_date, ${oee}::double as oee_index`;
const MANIFEST = { name: 'manifest.json', content: SMALL_MANIFEST };
/** As dbt writes it: the compiled test ends in a comment. */
const RUN_RESULTS = JSON.stringify({
  results: [
    {
      unique_id: 'test.mfg.oee_is_believable.abc',
      status: 'fail',
      compiled_code: `select *, '\u001b[31m' as hostile from "marts"."line_kpis" where oee_index > 1 -- all`,
    },
    { unique_id: 'test.mfg.broken', status: 'fail', compiled_code: 'select * from "marts"."nothing"' },
  ],
});
const test = (node: string, rows: number) => ({
  ...{ node, resourceType: 'test', status: 'fail', message: `Got ${rows} results`, rows, seconds: 0.1 },
});

let bench: WarehouseBench;
const actor = userInfo().username;
const savedEnvironment = { ...process.env };

/** Publication 1 (OEE 61 %), publication 2 (64 %, a correction), and 3, which a gate held back (640 %). */
beforeAll(async () => {
  bench = new WarehouseBench((stateDir) => createDuckDbWarehouse(stateDir, 'test'));
  process.env = { ...savedEnvironment, MFG_STATE_DIR: bench.stateDir, MFG_SOURCE_DIR: bench.sourceDir };
  expect(await mfg('publications')).toMatchObject({ code: 0, out: 'Nothing was built yet: run `npx mfg ingest`.\n' });
  await bench.runWithMarts('2026-03-10', 'm1,steel,1\n', MART(0.61), { ...BUILT, artifacts: [MANIFEST] });
  await bench.runWithMarts('2026-03-10', 'm1,steel,2\n', MART(0.64), { ...BUILT, artifacts: [MANIFEST] });
  await bench.runWithMarts('2026-03-11', 'm1,steel,3\n', MART(6.4), {
    ...BUILT,
    ...{ status: 'HELD', failure: 'oee_is_believable: Got 1 results' },
    nodes: [test('oee_is_believable', 1), test('broken', 2)],
    artifacts: [MANIFEST, { name: 'run_results.json', content: RUN_RESULTS }],
  });
});
afterAll(() => {
  process.env = savedEnvironment;
});

describe('mfg publications', () => {
  it('lists entries with the arrow at what readers see, and what went wrong', async () => {
    const { code, out } = await mfg('publications');
    expect(code).toBe(0);
    expect(out).toMatch(/^ +3 +build +HELD +2 +3 .* run-3::r$/m);
    expect(out).toMatch(/^→ +2 +build +PUBLISHED +1 +2 /m);
    expect(out).toContain('3: oee_is_believable: Got 1 results');
    expect(JSON.parse((await mfg('publications', '--json', '--limit', '1')).out)).toMatchObject({
      head: 2,
      publications: [{ publication: 3, kind: 'BUILD', status: 'HELD', base: 2, dataSet: 3, pinned: false }],
    });
  });

  it('show: which gate, for which rows, what it holds', async () => {
    const { code, out } = await mfg('publications', 'show', '3');
    expect(code).toBe(0);
    expect(out).toContain(
      'Candidate 3 is held back since a gate failed; readers are on publication 2; `npx mfg publications approve 3 --reason …` publishes it as it is.',
    );
    expect(out).toMatch(
      /^Rows of oee_is_believable \(1 result, the first 1\)\nline .*\nL3 +2026-03-10 +6.4 +\\u001b\[31m\n1 row$/m,
    );
    expect(out).toMatch(/^The rows of broken cannot be shown: the query failed: Catalog Error: .*nothing.*$/m);
    expect(out).toMatch(/^run-3::r +1 +1 +1 +2026-03-11$/m);
    expect(out).toMatch(/^marts.line_kpis +1$/m);
    expect(JSON.parse((await mfg('publications', 'show', '3', '--json')).out)).toMatchObject({
      ...{ head: 2, publication: 3, status: 'HELD' },
      failed: [
        { node: 'broken', rows: null },
        { node: 'oee_is_believable', failures: 1, rows: { rows: [{ line: 'L3', oee_index: 6.4 }] } },
      ],
      loads: [
        { loadId: 'run-3::r', added: 1 },
        { loadId: 'run-2::r', added: 0 },
      ],
    });
    expect((await mfg('publications', 'show', '2')).out).toContain('Publication 2 is what readers see.');
  });

  it('diff: the KPI that moved and the load that moved it', async () => {
    const { code, out } = await mfg('publications', 'diff', '1', '2');
    expect(code).toBe(0);
    expect(out).toMatch(/^corrected +1 +materials +1 date, 2026-03-10 +mes\/2026-03-10\/materials.csv +run-2::r$/m);
    expect(out).toMatch(/^raw.materials +1 +1 +0 +0 +1 +quantity \(1\)$/m);
    expect(out).toMatch(/^marts.line_kpis +OEE +line L3, production_date 2026-03-10 +61 → 64 %$/m);
    expect(out.trimEnd().split('\n').at(-1)).toBe(
      'OEE of L3 on Tuesday, 2026-03-10: 61 → 64 % (marts.line_kpis), correction load run-2::r.',
    );
    // With one number: from what readers see to that candidate.
    expect(JSON.parse((await mfg('publications', 'diff', '3', '--json')).out)).toMatchObject({
      ...{ before: { publication: 2 }, after: { publication: 3 } },
      sentences: ['OEE of L3 on Tuesday, 2026-03-10: 64 → 640 % (marts.line_kpis), load run-3::r.'],
    });
  });

  it('query --candidate reads what a gate held back', async () => {
    const query = ['query', '--csv', 'select oee_index from marts.line_kpis'];
    expect((await mfg(...query, '--candidate', '3')).out).toBe('oee_index\n6.4\n');
    expect((await mfg(...query)).out).toBe('oee_index\n0.64\n');
  });

  it.each([
    [['publications', 'show', '9'], /^there is no entry 9: `npx mfg publications` lists them\.\n$/],
    [['publications', 'show', 'x'], /It must be a publication number, such as 3/],
    [
      ['publications', 'diff', '1', '9'],
      /^there is no candidate 9 that has ended: `npx mfg publications` lists them\.\n$/,
    ],
    [['publications', 'approve', '3'], /required option '--reason <text>' not specified/],
    [['publications', 'approve', '3', '--reason', ' '], /It must say why/],
    [
      ['publications', 'approve', '2', '--reason', 'x'],
      /^candidate 2 is PUBLISHED, and only a HELD one can be approved/,
    ],
    [['publications', 'list'], /too many arguments/],
    [['publications', '--limit', '0'], /must be a number of entries/],
    [['rollback', '--to', '3'], /^there is no publication 3: `npx mfg publications` lists them\.\n$/],
    [['rollback', '--to', '2'], /^publication 2 is what readers see already: nothing was changed\.\n$/],
    [['pin', '3'], /^there is no publication 3/],
    [['pin'], /missing required argument 'number'/],
    [['query', '--candidate', '9', 'select 1'], /^there is no candidate 9 that has ended/],
  ])('%j ends with exit code 2 and one sentence', async (args, sentence) => {
    const { code, out, err } = await mfg(...args);
    expect(err).toMatch(sentence);
    expect({ code, out, lines: err.trim().split('\n').length }).toEqual({ code: 2, out: '', lines: 1 });
  });

  it('pins, rolls back and approves, each as an entry that says who and why', async () => {
    expect((await mfg('pin', '1', '--reason', 'year-end')).out).toBe('Publication 1 is pinned: retention keeps it.\n');
    expect((await mfg('publications')).out).toMatch(/^ +1 +build +PUBLISHED +1 +pinned /m);
    expect(JSON.parse((await mfg('unpin', '1', '--json')).out)).toEqual({ publication: 1, pinned: false, actor });

    expect((await mfg('publications', 'approve', '3', '--reason', 'agreed\nwith QA')).out).toContain(
      `Readers now see publication 4: candidate 3, approved by ${actor}.`,
    );
    const { out } = await mfg('rollback', '--reason', 'doubled');
    expect(out).toBe(
      'Readers now see publication 5: the data set of publication 2, instead of 4.\n' +
        '1 loaded table day is withdrawn: not loaded again until the files change or `npx mfg ingest --date` asks for them.\n',
    );
    const listed = (await mfg('publications')).out;
    expect(listed).toMatch(/^→ +5 +rollback to 2 +PUBLISHED +4 +2 /m);
    expect(listed).toMatch(/^ +4 +approval of 3 +PUBLISHED +2 +3 /m);
    expect(listed).toContain(`5: by ${actor}: doubled`);
    expect(listed).toContain(`4: by ${actor}: agreed\\nwith QA`);
    expect((await mfg('publications', 'diff', '2', '5')).out).toContain(
      'Publications 2 and 5 show the same data set, 2.',
    );
    expect((await mfg('publications', 'diff', '4', '5')).out).toContain(
      ': 640 → 64 % (marts.line_kpis), without load run-3::r.',
    );
  });
});
