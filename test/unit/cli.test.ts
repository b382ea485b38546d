import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { DateTime } from 'luxon';
import { planIngestion } from '../../client/cli/ingestion-plan';
import { loadConfig } from '../../contracts/config';
import { readSourceContracts } from '../../contracts/source-contract';
import { withDuckDb } from '../../duckdb/connection';
import { loadBatch } from '../../ingestion/load-batch';
import { planRun } from '../../ingestion/plan-run';
import type { RejectedRecord } from '../../warehouse/warehouse';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { candidateRequest, NOTHING_KNOWN } from '../support/candidate-request';
import { mfg } from '../support/command-line';
import { deliver, scratchDir } from '../support/scratch';
import { SOURCES_YAML } from '../support/tables';

type RejectsPage = { total: number; records: RejectedRecord[] };

const savedEnvironment = { ...process.env };
let stateDir: string;
let sourceDir: string;
let dbtDir: string;

beforeEach(() => {
  const dir = scratchDir();
  stateDir = path.join(dir, 'state');
  sourceDir = path.join(dir, 'source');
  dbtDir = path.join(dir, 'dbt');
  mkdirSync(path.join(dbtDir, 'models', 'staging', 'mes'), { recursive: true });
  writeFileSync(path.join(dbtDir, 'models', 'staging', 'mes', '_mes__sources.yml'), SOURCES_YAML);
  deliverMaterials('2026-03-01');
  deliverMaterials('2026-03-02');
  deliver(sourceDir, 'mes/2026-03-02/notes.csv', 'anything\n');
  process.env = {
    ...savedEnvironment,
    MFG_STATE_DIR: stateDir,
    MFG_SOURCE_DIR: sourceDir,
    MFG_DBT_DIR: dbtDir,
  };
  delete process.env.MFG_DEBUG;
});

afterEach(() => {
  process.env = savedEnvironment;
  jest.restoreAllMocks();
});

describe('wrong usage ends with exit code 2 and one sentence', () => {
  it.each([
    ['an unknown command', ['ingst'], /unknown command 'ingst'\s+\(Did you mean ingest\?\)/],
    ['an unknown option', ['ingest', '--foo'], /unknown option '--foo'/],
    [
      'a date that does not exist',
      ['ingest', '--date', '2026-02-30'],
      /--date.*'2026-02-30' is invalid. It must be a date such as/,
    ],
    [
      'a date of another format',
      ['ingest', '--plan', '--date', '11.3.2026'],
      /'11.3.2026' is invalid. It must be a date such as/,
    ],
    ['no table name', ['ingest', '--table', 'A b'], /--table.*'A b' is invalid. It must be a table name/],
    ['a publication that is no number', ['quality', '--publication', '1e3'], /It must be a publication number/],
    ['a time without offset', ['quality', '--as-of', '2026-03-11 02:00'], /It must be 'now' or a time such as/],
    [
      'a number that is none',
      ['retention', '--keep-days', 'all'],
      /--keep-days.*'all' is invalid. It must be a number/,
    ],
    ['nothing to keep', ['retention', '--keep-publications', '0'], /It must be a number in bounds: .*>=1/],
    ['two formats', ['query', 'select 1', '--json', '--csv'], /--json and --csv cannot be combined/],
    ['a plan that is detached', ['ingest', '--plan', '--detach'], /--plan starts nothing/],
    ['no number of records', ['rejects', '--limit', '0'], /--limit.*'0' is invalid. It must be a whole number from 1/],
    ['one load and all', ['rejects', '--load', 'x::y', '--all'], /--load and --all cannot be combined/],
    [
      'no table to accept',
      ['ingest', '--accept-smaller', 'A b'],
      /--accept-smaller.*'A b' is invalid. It must be a table/,
    ],
    ['an unknown table to accept', ['ingest', '--plan', '--accept-smaller', 'x'], /^there is no table 'x' in mes/],
    [
      'a candidate and a publication',
      ['query', 'select 1', '--candidate', '1', '--publication', '2'],
      /--publication and --candidate cannot be combined/,
    ],
    ['a backfill without a range', ['backfill', '--from', '2026-03-01'], /^a backfill needs --from and --to/],
    [
      'a range the wrong way round',
      ['backfill', '--from', '2026-03-02', '--to', '2026-03-01'],
      /from: 2026-03-02 is after to, 2026-03-01/,
    ],
    [
      'a range and a run',
      ['backfill', '--from', '2026-03-01', '--to', '2026-03-02', '--failed-of', 'x'],
      /^--failed-of knows its dates already/,
    ],
    ['too many loads at once', ['backfill', '--parallel', '65'], /--parallel.*It must be a number from 1 to 64/],
    ['an unknown strategy', ['ingest', '--strategy', 'merge'], /Allowed choices are run_partitioned, truncate_reload/],
    [
      'a silence without an end',
      ['incidents', 'silence', 'a/b'],
      /^a silence has an end: give either --until or --for/,
    ],
    [
      'a silence with two ends',
      ['incidents', 'silence', 'a/b', '--for', '2d', '--until', '2030-01-01T00:00:00Z'],
      /^a silence has an end/,
    ],
    ['a silence of no length', ['incidents', 'silence', 'a/b', '--for', '2 days'], /such as 2d/],
    ['a resolution without a reason', ['incidents', 'resolve', 'a/b'], /required option '-r, --reason <text>'/],
    ['a query in several words', ['query', 'select', '1'], /too many arguments/],
    ['no query', ['query', ' '], /^there is no query/],
    [
      'an unknown table',
      ['ingest', '--plan', '--table', 'material'],
      /^there is no table 'material' in mes: described are materials, readings\.$/,
    ],
    ['an unknown system', ['ingest', '--plan', '--system', 'erp'], /^there is no source system 'erp'/],
    [
      'a date without delivery',
      ['ingest', '--plan', '--date', '2026-04-01'],
      /delivered are 2 dates from 2026-03-01 to 2026-03-02\.$/,
    ],
    ['a query before the first publication', ['query', 'select 1'], /^nothing is published yet/],
    [
      'an export before it',
      ['export', 'kpis', '--out', 'kpis.csv'],
      /^nothing is published yet: run `npx mfg ingest` first\.$/,
    ],
  ])('%s', async (_what, args, sentence) => {
    const { code, out, err } = await mfg(...args);
    expect(err.trim()).toMatch(sentence);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it('a wrong variable, and a source folder that does not exist', async () => {
    process.env.MFG_THREADS = 'many';
    expect(await mfg('status')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^MFG_THREADS is 'many'/) as string,
    });
    delete process.env.MFG_THREADS;
    process.env.MFG_SOURCE_DIR = '/nowhere';
    expect(await mfg('ingest', '--plan')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^\/nowhere\/mes does not exist: put .+ or set MFG_SOURCE_DIR/) as string,
    });
  });
});

describe('help', () => {
  it('names every command, with examples, and exits 0', async () => {
    const { code, out } = await mfg('--help');
    expect(code).toBe(0);
    for (const word of [
      'start',
      'ingest',
      'transform',
      'quality',
      'incidents',
      'status',
      'publications',
      'rollback',
      'pin',
      'unpin',
      'query',
      'rejects',
      'export',
      'retention',
      'reconcile',
      'dev',
      'worker',
      'temporal',
      'dbt',
    ]) {
      expect(out).toMatch(new RegExp(`^  ${word}\\b`, 'm'));
      expect((await mfg('help', word)).out).toContain('Examples:');
    }
  });

  it('has a version', async () => {
    expect(await mfg('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+/) as string });
  });
});

describe('an unexpected error', () => {
  it('is one sentence, without a stack, and exit code 1', async () => {
    rmSync(sourceDir, { recursive: true });
    writeFileSync(stateDir, 'a file where the state folder should be');
    const { code, err } = await mfg('query', 'select 1');
    expect(code).toBe(1);
    expect(err).toMatch(/^Unexpected error: .+: run the same command with MFG_DEBUG=1 for details\.\n$/);
  });

  it('is shown in full with MFG_DEBUG', async () => {
    writeFileSync(stateDir, '');
    process.env.MFG_DEBUG = '1';
    expect((await mfg('query', 'select 1')).err).toMatch(/\n +at /);
  });
});

describe('mfg ingest --plan', () => {
  it('shows each delivery, what would be done with it and why, and loads nothing', async () => {
    const { code, out } = await mfg('ingest', '--plan');
    expect(code).toBe(0);
    expect(out).toMatch(/^2026-03-01 +materials +\d+ B +loaded: pending, new +mes\/2026-03-01\/materials\.csv$/m);
    expect(out).toContain('mes/2026-03-02/notes.csv');
    expect(out).toContain('would load 2 partitions of 2 dates');
    expect((await mfg('ingest', '--plan')).out).toBe(out);
  });

  it('tells new, changed, unchanged, repeated, later and not wanted deliveries apart', async () => {
    await publishAll();
    deliverMaterials('2026-03-01', 'corrected');
    deliverMaterials('2026-03-03');
    deliver(sourceDir, 'mes/2026-03-02/readings.csv', 'reading_id,value\nr1,1\n');
    const config = loadConfig();
    const states = async (input: Parameters<typeof planIngestion>[1]) =>
      (await planIngestion(config, input)).deliveries.map((d) => `${d.logicalDate} ${d.table} ${d.state}`);

    expect(await states({})).toEqual([
      '2026-03-01 materials changed',
      '2026-03-02 materials unchanged',
      '2026-03-02 readings new',
      '2026-03-03 materials new',
    ]);
    expect((await states({ logicalDate: '2026-03-02', onUnchanged: 'reuse' })).slice(0, 2)).toEqual([
      '2026-03-01 materials changed',
      '2026-03-02 materials reused',
    ]);
    expect(await states({ logicalDate: '2026-03-02', exact: true, tables: ['materials'] })).toEqual([
      '2026-03-01 materials left out',
      '2026-03-02 materials again',
      '2026-03-02 readings left out',
      '2026-03-03 materials later',
    ]);
    expect(await states({ from: '2026-03-01', to: '2026-03-02' })).toEqual([
      '2026-03-01 materials changed',
      '2026-03-02 materials unchanged',
      '2026-03-02 readings new',
    ]);
    expect(await states({ from: '2026-03-02', to: '2026-03-02', reload: true })).toEqual([
      '2026-03-02 materials again',
      '2026-03-02 readings new',
    ]);
  });

  it('says what a run that starts now would wait for', async () => {
    const sources = path.join(dbtDir, 'models', 'staging', 'mes', '_mes__sources.yml');
    writeFileSync(sources, SOURCES_YAML.replace('key: [reading_id]', 'key: [reading_id], wait_until: "12:00"'));
    // Whatever the time, the next noon is less than a day ahead, and is that of the day after this one.
    const now = DateTime.now().setZone('Europe/Berlin');
    deliverMaterials(now.minus({ hours: 12 }).toISODate() ?? '');
    const { out } = await mfg('ingest', '--plan');
    expect(out).toMatch(/A run that starts now would wait for readings \(not delivered for .*\) until /);
    expect((await mfg('ingest', '--plan', '--date', now.plus({ days: 2 }).toISODate() ?? '')).code).toBe(2);
  });

  it('is one object with --json', async () => {
    const { out } = await mfg('ingest', '--plan', '--json', '--date', '2026-03-01');
    expect(JSON.parse(out)).toMatchObject({
      sourceSystem: 'mes',
      logicalDate: '2026-03-01',
      deliveries: [
        { table: 'materials', logicalDate: '2026-03-01', state: 'new', files: ['mes/2026-03-01/materials.csv'] },
        { table: 'materials', logicalDate: '2026-03-02', state: 'later' },
      ],
    });
  });
});

describe('mfg query', () => {
  const SQL = `select '=1+1' as formula, 'a,"b"' as quoted, null as nothing, [1, 2] as list, 1::bigint as big`;

  it('prints a table, at most a hundred rows of it', async () => {
    await publishAll();
    const { code, out } = await mfg('query', 'from range(250)');
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(1 + 100 + 1);
    expect(out).toContain('250 rows (100 shown; --json and --csv give all)');
    expect((await mfg('query', 'select null as x')).out).toMatch(/^x *\nnull\n1 row\n$/);
  });

  it('cannot be steered by what the data holds', async () => {
    await publishAll();
    expect((await mfg('query', "select chr(27) || '[31m' || chr(10) as x")).out).toContain('\\u001b[31m\\n');
  });

  it('gives JSON', async () => {
    await publishAll();
    const { out } = await mfg('query', SQL, '--json');
    expect(JSON.parse(out)).toEqual([{ formula: '=1+1', quoted: 'a,"b"', nothing: null, list: [1, 2], big: '1' }]);
    expect(JSON.parse((await mfg('query', '--json', 'select 1 where false')).out)).toEqual([]);
  });

  it('gives CSV with a header, also without rows; cells stay as they are', async () => {
    await publishAll();
    expect((await mfg('query', SQL, '--csv')).out).toBe('formula,quoted,nothing,list,big\n=1+1,"a,""b""",,"[1,2]",1\n');
    expect((await mfg('query', '--csv', 'select 1 as a, 2 as b where false')).out).toBe('a,b\n');
  });

  it('reads stdin, and an older publication', async () => {
    await publishAll();
    jest.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from(['select 7 as seven']) as typeof process.stdin);
    expect((await mfg('query', '-', '--csv')).out).toBe('seven\n7\n');
    expect((await mfg('query', '--publication', '1', '--csv', 'select count(*) from raw.materials')).out).toContain(
      '\n2\n',
    );
    expect(await mfg('query', '--publication', '9', 'select 1')).toMatchObject({
      code: 2,
      err: 'there is no publication 9: `npx mfg publications` lists them.\n',
    });
  });

  it.each([
    [
      'a wrong name',
      'select *\nfrom raw.nope',
      /^the query failed: Catalog Error: Table with name nope does not exist!.*\n$/,
    ],
    ['a wrong word', 'selec 1', /^the query failed: .*syntax error at or near "selec"\n$/],
    ['a change', 'create table raw.x as select 1', /^only queries .+ may be run here/],
    ['two statements', 'select 1; select 2', /^a query is exactly one SQL statement/],
  ])('refuses %s in one line', async (_what, sql, sentence) => {
    await publishAll();
    const { code, err } = await mfg('query', sql);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
  });
});

describe('mfg rejects', () => {
  beforeEach(async () => {
    deliver(
      sourceDir,
      'mes/2026-03-01/materials.csv',
      `material_id,material_name,quantity\nM-1,zinc,1\nM-2,\u001b[31m\n`,
    );
    deliver(
      sourceDir,
      'mes/2026-03-02/materials.csv',
      `material_id,material_name,quantity\nM-1,zinc,1\n${'x'.repeat(300)}\n`,
    );
    await publishAll();
  });

  it('shows file, record, reason and raw text, which cannot steer the terminal', async () => {
    const { code, out } = await mfg('rejects');
    expect(code).toBe(0);
    expect(out).toMatch(
      /materials +mes\/2026-03-01\/materials\.csv +2 +missing columns: .* +M-2,\\u001b\[31m +current +run-1::1/,
    );
    expect(out).toMatch(/ x{200} … +current/);
    expect(out).toMatch(/^2 rejected records in what readers see; --all looks at every load$/m);
  });

  it('filters by load and table, cuts at the limit, and gives all of it as JSON', async () => {
    expect((await mfg('rejects', '--load', 'run-1::1', '--limit', '1')).out).toMatch(
      /^2 rejected records \(1 shown; --limit gives more\)$/m,
    );
    expect((await mfg('rejects', '--load', 'run-9::1')).out).toBe('0 rejected records\n');
    expect((await mfg('rejects', '--table', 'readings', '--all')).out).toBe('0 rejected records\n');
    const { total, records } = JSON.parse((await mfg('rejects', '--json', '--all')).out) as RejectsPage;
    expect(total).toBe(2);
    expect(records.map(({ raw, record, logicalDate }) => [raw.length, record, logicalDate])).toEqual([
      [300, 2, '2026-03-02'],
      [9, 2, '2026-03-01'],
    ]);
  });
});

describe('mfg export', () => {
  const MARTS = `create schema marts;
    create table marts.stock as select material_id, quantity::decimal(9, 1) as quantity from raw.materials;
    create view marts.broken as
      select case when i = 200000 then error('boom' || chr(27)) else i end as x from range(300000) as r(i)`;
  const workingFolder = process.cwd();
  let out: string;

  beforeEach(async () => {
    await publishAll(MARTS);
    out = scratchDir();
    process.chdir(out);
  });

  afterEach(() => process.chdir(workingFolder));

  it('writes Parquet or CSV by the ending of the file, and says so in one line', async () => {
    const parquet = path.join(out, 'stock.PARQUET');
    const { code, out: line } = await mfg('export', 'stock', '--out', parquet);
    expect({ code, line }).toEqual({
      code: 0,
      line: `marts.stock of publication 1: 2 rows, ${sizeOf(parquet)} B to ${parquet}\n`,
    });
    expect(readFileSync(parquet, 'latin1')).toMatch(/^PAR1[^]*mfg\.load_ids[^]*\["run-1::1"\][^]*PAR1$/);

    const csv = path.join(out, 'stock.csv');
    expect((await mfg('export', 'marts.stock', '--publication', '1', '--out', csv)).out).toBe(
      `marts.stock of publication 1: 2 rows, ${sizeOf(csv)} B to ${csv}, described in stock.csv-metadata.json\n`,
    );
    expect(readFileSync(csv, 'utf8')).toBe('material_id,quantity\r\nM-1,1.5\r\nM-2,2.0\r\n');
    expect(JSON.parse(readFileSync(`${csv}-metadata.json`, 'utf8'))).toMatchObject({
      url: 'stock.csv',
      tableSchema: {
        columns: [
          { name: 'material_id', datatype: { base: 'string', 'dc:title': 'VARCHAR' } },
          { name: 'quantity', datatype: { base: 'decimal', 'dc:title': 'DECIMAL(9,1)' } },
        ],
      },
      notes: [{ 'mfg.publication': 1, 'mfg.load_ids': ['run-1::1'], 'mfg.row_count': 2 }],
    });
  });

  it('takes the format from --format where the ending says nothing', async () => {
    const file = path.join(out, 'stock.pq');
    expect(await mfg('export', 'stock', '--format', 'parquet', '--out', file)).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'latin1')).toMatch(/^PAR1/);
    expect(await mfg('export', 'stock', '--format', 'csv', '--out', path.join(out, 'stock'))).toMatchObject({
      code: 0,
    });
    expect(readdirSync(out).sort()).toEqual(['stock', 'stock-metadata.json', 'stock.pq']);
  });

  it('takes a file of the working folder, and gives JSON', async () => {
    const { out: json } = await mfg('export', 'stock', '--out', 'stock.csv', '--json');
    expect(JSON.parse(json)).toEqual({
      ...{ file: 'stock.csv', relation: 'marts.stock', publication: 1, rows: 2, loadIds: ['run-1::1'] },
      bytes: sizeOf(path.join(out, 'stock.csv')),
    });
  });

  it.each([
    ['no file', ['stock'], /required option '-o, --out <file>' not specified/],
    ['no relation', ['--out', 'x.csv'], /missing required argument 'mart'/],
    ['another ending', ['stock', '--out', 'x.txt'], /'x\.txt' ends neither in \.parquet nor in \.csv: say --format/],
    ['another format', ['stock', '--format', 'xlsx', '--out', 'x.csv'], /Allowed choices are parquet, csv/],
    [
      'Parquet in a CSV file',
      ['stock', '--format', 'parquet', '--out', 'x.csv'],
      /^error: 'x\.csv' ends in \.csv, which --format parquet contradicts: leave one of them out\n$/,
    ],
    [
      'CSV in a Parquet file',
      ['stock', '--format', 'csv', '--out', 'x.Parquet'],
      /ends in \.parquet, which --format csv/,
    ],
    ['stdout', ['stock', '--format', 'csv', '--out', '-'], /--out is the name of a file/],
    ['no number', ['stock', '--publication', 'two', '--out', 'x.csv'], /It must be a publication number/],
    [
      'an unknown publication',
      ['stock', '--publication', '9', '--out', 'x.csv'],
      /^there is no publication 9: `npx mfg publications` lists them\.\n$/,
    ],
    [
      'an unknown mart',
      ['plant', '--out', 'x.csv'],
      /^there is no relation 'plant' in publication 1: the marts are broken, stock\.\n$/,
    ],
    [
      'a hostile name',
      ['x"; drop\ntable y; --\u001b[31m', '--out', 'x.csv'],
      /^there is no relation 'x"; drop\\ntable y; --\\u001b\[31m' in publication 1: the marts are broken, stock\.\n$/,
    ],
    ['a missing folder', ['stock', '--out', 'none/x.csv'], /^the folder \/.*\/none does not exist: make it first\.\n$/],
    ['a folder', ['stock', '--format', 'csv', '--out', '.'], /is a folder: name a file in it\.\n$/],
  ])('refuses %s with exit code 2 and one sentence', async (_what, args, sentence) => {
    const { code, out: printed, err } = await mfg('export', ...args);
    expect(err).toMatch(sentence);
    expect({ code, printed, files: readdirSync(out) }).toEqual({ code: 2, printed: '', files: [] });
  });

  it('keeps the file that was there when it fails, replaces it when it does not', async () => {
    const file = path.join(out, 'stock.csv');
    writeFileSync(file, 'from before');
    const { code, err } = await mfg('export', 'broken', '--out', file);
    expect(code).toBe(1);
    expect(err).toBe(`${file} was not written: Invalid Input Error: boom\\u001b.\n`);
    expect(readdirSync(out)).toEqual(['stock.csv']);
    expect(readFileSync(file, 'utf8')).toBe('from before');
    expect(await mfg('export', 'stock', '--out', file)).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8')).toMatch(/^material_id/);
    expect(readdirSync(out).sort()).toEqual(['stock.csv', 'stock.csv-metadata.json']);
  });

  it('leaves nothing on Ctrl-C, and exits 130', async () => {
    // What cleans up listens for as long as the export runs.
    const listened = jest.spyOn(process, 'on');
    const exporting = mfg('export', 'broken', '--out', path.join(out, 'x.csv'));
    const interrupt = listened.mock.calls.find(([event]) => event === 'SIGINT')?.[1];
    interrupt?.('SIGINT');
    expect(await exporting).toEqual({ code: 130, out: '', err: 'Left by Ctrl-C: nothing was written.\n' });
    expect(readdirSync(out)).toEqual([]);
    expect(process.listeners('SIGINT')).not.toContain(interrupt);
  });
});

describe('mfg status', () => {
  it('says that nothing is published yet, and where things are', async () => {
    const { code, out } = await mfg('status');
    expect(code).toBe(0);
    expect(out).toContain('nothing is published yet');
    expect(out).toContain('does not run');
    expect(out).toContain(stateDir);
  });

  it('lists publications and loads', async () => {
    await publishAll();
    expect((await mfg('status')).out).toMatch(/^→ +1 +build +PUBLISHED/m);
    expect(JSON.parse((await mfg('status', '--json')).out)).toMatchObject({
      publication: 1,
      publications: [{ publication: 1, status: 'PUBLISHED', kind: 'BUILD' }],
      loads: [{ load_id: 'run-1::1', partitions: '2', current_partitions: '2', rows_loaded: '4' }],
      platform: { state: 'does not run' },
    });
  });
});

describe('mfg reconcile', () => {
  it('is silent and ends well where all agree; names what does not, with what to do, and ends with 1', async () => {
    await publishAll();
    const checked = await mfg('reconcile', '--no-temporal', '--checksums');
    expect(checked).toEqual({ code: 0, out: 'All agree.\n', err: '' });
    rmSync(path.join(stateDir, 'raw', 'materials', '1.parquet'));
    const { code, out, err } = await mfg('reconcile', '--no-temporal');
    expect(out).toMatch(/^ERROR +partition 1 of materials, 2026-03-01: its file is missing +restore the file/m);
    expect({ code, err }).toEqual({ code: 1, err: '1 disagreement.\n' });
    const json = await mfg('reconcile', '--no-temporal', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ clean: false, disagreements: [{ severity: 'ERROR' }] });
    expect(json).toMatchObject({ code: 1, err: '' });
  });
});

function deliverMaterials(date: string, name = 'steel'): void {
  const csv = `material_id,material_name,quantity\nM-1,${name},1.5\nM-2,zinc,2\n`;
  deliver(sourceDir, `mes/${date}/materials.csv`, csv);
}

function sizeOf(file: string): number {
  return statSync(file).size;
}

/** Loads every delivery and publishes them without a dbt build, with `models` (SQL) in its place. */
async function publishAll(models?: string): Promise<void> {
  const warehouse = createDuckDbWarehouse(stateDir, 'test');
  const systems = await readSourceContracts(dbtDir);
  const tables = systems.flatMap((system) => system.tables);
  const run = { loadId: 'run-1::1', workflowId: 'run-1', runId: '1' };
  const plan = await planRun({
    ...{ run, input: {}, scheduledAt: undefined, systems, sourceDir, known: NOTHING_KNOWN, codeVersion: 'test' },
  });
  const manifest = await warehouse.saveManifest(plan.manifest);
  for (const batch of manifest.batches.keys()) {
    const stagingDir = path.join(stateDir, 'staging');
    await loadBatch(warehouse, { manifest, batch, attempt: 1, tables, sourceDir, stagingDir, threads: 1 });
  }
  const candidate = await warehouse.createCandidate(candidateRequest(run, tables));
  if (models !== undefined) {
    await withDuckDb({ path: path.join(candidate.folder, 'mfg.duckdb') }, (db) => db.run(models));
  }
  const counts = { models: 0, tests: 0, warnings: 0, seconds: 0 };
  await warehouse.finishCandidate(candidate, { status: 'BUILT', counts, nodes: [], failure: undefined, artifacts: [] });
  await warehouse.publish(candidate.publication);
}
