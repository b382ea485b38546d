import path from 'node:path';
import { withDuckDb } from '../../duckdb/connection';
import { loadBatch } from '../../ingestion/load-batch';
import { planRun } from '../../ingestion/plan-run';
import { checkPublication, type QualityRequest } from '../../quality/checks';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import type { CheckOutcome } from '../../contracts/quality';
import type { CheckedModels } from '../../contracts/model-quality';
import type { SourceSystem } from '../../contracts/source-contract';
import type { Warehouse } from '../../warehouse/warehouse';
import { candidateRequest, NOTHING_KNOWN } from '../support/candidate-request';
import { deliver, scratchDir } from '../support/scratch';
import { smallSystem, SOURCES_YAML } from '../support/tables';
import { qualityContract } from './quality-contract';

const YAML = SOURCES_YAML.replace(
  'meta: { mode: snapshot, key: [material_id] }',
  `meta: { mode: snapshot, key: [material_id], event_time: made_on,
             event_freshness: { warn_after: { count: 1, period: day }, error_after: { count: 3, period: day } } }`,
).replace('{ name: quantity, data_type: decimal }', '{ name: made_on, data_type: date }');
const NO_MODELS: CheckedModels = { models: [], schemaOf: (model) => model };
const HEADER = 'material_id,material_name,made_on\n';

/** Loads all deliveries of the source folder, with staging views by `staging`, and publishes them. */
async function publish(
  warehouse: Warehouse,
  systems: SourceSystem[],
  sourceDir: string,
  stateDir: string,
  staging: string,
): Promise<number> {
  const run = { loadId: 'w::r', workflowId: 'w', runId: 'r' };
  const request = {
    run,
    input: {},
    scheduledAt: undefined,
    systems,
    sourceDir,
    known: NOTHING_KNOWN,
    codeVersion: 'test',
  };
  const { manifest } = await planRun(request);
  await warehouse.saveManifest(manifest);
  const tables = systems.flatMap((system) => system.tables);
  const stagingDir = path.join(stateDir, 'staging');
  await loadBatch(warehouse, { manifest, batch: 0, attempt: 1, tables, sourceDir, stagingDir, threads: 1 });
  const candidate = await warehouse.createCandidate(candidateRequest(run, tables));
  await withDuckDb({ path: path.join(candidate.folder, 'mfg.duckdb') }, (db) =>
    db.run(`create schema staging;
      create view staging.stg_mes__materials as select * replace (try_cast(made_on as date) as made_on) from (${staging});
      create view staging.stg_mes__readings as from raw.readings`),
  );
  const counts = { models: 0, tests: 0, warnings: 0, seconds: 0 };
  await warehouse.finishCandidate(candidate, { status: 'BUILT', counts, nodes: [], failure: undefined, artifacts: [] });
  await warehouse.publish(candidate.publication);
  return candidate.publication;
}

/** Publishes a delivery of `materials` for 2026-03-01 with staging views by `staging`, and runs the checks. */
async function check(
  csv: string,
  asOf?: string,
  staging = 'select distinct on (material_id) * from raw.materials',
  yaml = YAML,
  options: Partial<QualityRequest> = {},
) {
  const stateDir = scratchDir();
  const sourceDir = path.join(stateDir, 'source');
  const systems = [smallSystem(yaml)];
  const warehouse = createDuckDbWarehouse(stateDir, 'test');
  deliver(sourceDir, 'mes/2026-03-01/materials.csv', HEADER + csv);
  const publication = await publish(warehouse, systems, sourceDir, stateDir, staging);
  const { asOf: newest, outcomes } = await checkPublication(warehouse, {
    ...{ target: { kind: 'publication', publication }, systems, models: NO_MODELS },
    asOf: asOf === undefined ? undefined : new Date(asOf),
    ...options,
  });
  const find = (name: string, table = 'materials') =>
    outcomes.find((outcome) => outcome.check === name && outcome.table === table) as CheckOutcome;
  return { outcomes, find, newest };
}

describe('quality checks', () => {
  it('pass on clean data, with freshness as of the end of the newest logical date', async () => {
    const { outcomes, newest } = await check('m1,a,2026-03-01\nm2,b,2026-02-28\n');
    expect(newest.toISOString()).toBe('2026-03-01T23:00:00.000Z');
    expect(outcomes.filter((outcome) => outcome.status !== 'PASS')).toEqual([]);
    expect(outcomes.map((outcome) => outcome.check)).toEqual(
      expect.arrayContaining([
        'row_count_source_raw',
        'row_count_raw_staging',
        'freshness_delivery',
        'freshness_event',
      ]),
    );
  });

  it('count identical and conflicting duplicates and rejected records', async () => {
    const { find } = await check('m1,a,\nm1,a,\nm2,b,\nm2,c,\nshort\n');
    expect(find('duplicates_identical')).toMatchObject({ status: 'WARN', observed: 'repeated rows: 1' });
    expect(find('duplicates_conflicting')).toMatchObject({
      status: 'WARN',
      observed: 'conflicting keys: 1',
      detail: 'for example m2',
    });
    expect(find('rejected_records')).toMatchObject({ status: 'WARN', observed: 'rejected records: 1' });
    expect(find('row_count_source_raw')).toMatchObject({ status: 'PASS', observed: '4 rows + 1 rejected' });
  });

  it('count rows without a key apart: STAGING leaves them out, and that is no loss', async () => {
    const staging = "select distinct on (material_id) * from raw.materials where trim(material_id) not in ('', 'N/A')";
    const { find } = await check('m1,a,\n,b,\n  ,c,\nN/A,d,\n', undefined, staging);
    expect(find('rows_without_key')).toMatchObject({ status: 'WARN', observed: 'rows without a key: 3' });
    expect(find('row_count_raw_staging')).toMatchObject({ status: 'PASS', observed: '1 rows in STAGING' });
    expect(find('duplicates_identical').status).toBe('PASS');
  });

  it('fail when rows are lost on the way to STAGING', async () => {
    const { find } = await check('m1,a,\nm2,b,\n', undefined, "select * from raw.materials where material_id <> 'm2'");
    expect(find('row_count_raw_staging')).toMatchObject({
      status: 'FAIL',
      severity: 'ERROR',
      observed: '1 rows in STAGING',
    });
  });

  it('fail when nothing is delivered for too long, by delivery and by event time', async () => {
    const at = async (asOf: string) => (await check('m1,a,2026-03-01\n', asOf)).find;
    expect((await at('2026-03-03T12:00:00Z'))('freshness_delivery').status).toBe('PASS');
    expect((await at('2026-03-04T12:00:00Z'))('freshness_delivery').status).toBe('WARN');
    const late = await at('2026-03-09T00:00:00Z');
    expect(late('freshness_delivery')).toMatchObject({
      status: 'FAIL',
      observed: expect.stringMatching(/^7.0 days old/) as string,
    });
    expect(late('freshness_event').status).toBe('FAIL');
  });

  it('measure load time against the clock, once something had been loaded by then', async () => {
    const inAWeek = new Date(Date.now() + 7 * 86_400_000).toISOString();
    expect((await check('m1,a,2026-03-01\n', inAWeek)).find('freshness_load').status).toBe('FAIL');
    const now = new Date(Date.now() + 60_000).toISOString();
    expect((await check('m1,a,2026-03-01\n', now)).find('freshness_load').status).toBe('PASS');
    expect((await check('m1,a,2026-03-01\n')).find('freshness_load')).toBeUndefined();
  });

  it('count by days where the plant is: a delivery of tomorrow does not hide that of today', async () => {
    const stateDir = scratchDir();
    const sourceDir = path.join(stateDir, 'source');
    const systems = [smallSystem(YAML.replace('Europe/Berlin', 'America/New_York'))];
    const warehouse = createDuckDbWarehouse(stateDir, 'test');
    for (const day of ['2026-03-11', '2026-03-12']) deliver(sourceDir, `mes/${day}/materials.csv`, `${HEADER}m1,a,\n`);
    const publication = await publish(warehouse, systems, sourceDir, stateDir, 'select * from raw.materials');
    // The evening of the 11th in New York.
    const { outcomes } = await checkPublication(warehouse, {
      ...{ target: { kind: 'publication', publication }, systems, models: NO_MODELS },
      asOf: new Date('2026-03-12T02:00:00Z'),
    });
    expect(outcomes.find((outcome) => outcome.check === 'freshness_delivery')).toMatchObject({
      status: 'PASS',
      observed: '0.0 hours old (2026-03-12T02:00:00.000Z)',
    });
  });

  it('are not fooled by dates in the future', async () => {
    const { find } = await check('m1,a,2026-02-20\nm2,a,2027-01-01\n');
    expect(find('freshness_event')).toMatchObject({
      status: 'FAIL',
      observed: expect.stringMatching(/2026-02-20/) as string,
    });
    const onlyFuture = await check('m2,a,2027-01-01\n');
    expect(onlyFuture.find('freshness_event')).toMatchObject({ status: 'FAIL', observed: 'nothing up to that time' });
  });

  it('are as severe as the table says, or its system, or are not run', async () => {
    const yaml = YAML.replace(
      'time_zone: Europe/Berlin',
      'quality: { rejected_records: false, duplicates_identical: { severity: info } }\n        time_zone: Europe/Berlin',
    ).replace(
      'key: [material_id], event_time',
      'key: [material_id], quality: { duplicates_conflicting: { severity: error, max_ratio: 0.6 }, rows_without_key: { severity: error } }, event_time',
    );
    const { find } = await check('m1,a,\nm1,a,\nm2,b,\nm2,c,\n,d,\nshort\n', undefined, undefined, yaml);
    expect(find('rejected_records')).toBeUndefined();
    expect(find('duplicates_identical')).toMatchObject({ status: 'WARN', severity: 'INFO' });
    expect(find('duplicates_conflicting')).toMatchObject({ status: 'PASS', threshold: 'more than 60 %' });
    expect(find('rows_without_key')).toMatchObject({ status: 'FAIL', severity: 'ERROR' });
  });

  it('judge freshness also when all else that reads the rows is switched off', async () => {
    const off = ['row_count_source_raw', 'row_count_raw_staging', 'duplicates_identical', 'duplicates_conflicting'];
    const checks = [...off, 'rows_without_key'].map((name) => `${name}: false`).join(', ');
    const yaml = YAML.replace('key: [material_id]', `key: [material_id], quality: { ${checks} }`);
    const { find } = await check('m1,a,2026-03-01\n', '2026-03-09T00:00:00Z', undefined, yaml);
    expect(find('row_count_source_raw')).toBeUndefined();
    expect(find('freshness_delivery')).toMatchObject({ status: 'FAIL' });
    expect(find('freshness_event')).toMatchObject({ status: 'FAIL' });
  });

  it('fail a column that must be filled, whatever was usual before', async () => {
    const yaml = YAML.replace(
      '{ name: material_name, data_type: text }',
      '{ name: material_name, data_type: text, config: { meta: { quality: { max_null_ratio: 0.3 } } } }',
    );
    const ratio = async (csv: string) => (await check(csv, undefined, undefined, yaml)).find('null_ratio');
    expect(await ratio('m1,a,\nm2, N/A ,\nm3,c,\nm4,d,\n')).toMatchObject({ status: 'PASS' });
    expect(await ratio('m1,a,\nm2, N/A ,\nm3,,\nm4,d,\n')).toMatchObject({
      status: 'WARN',
      observed: 'material_name empty in 50 % of 2026-03-01',
      threshold: 'above 30 %',
      sample: ['material_name 2026-03-01'],
    });
  });

  it('tell of columns that are not those of the contract', async () => {
    const yaml = YAML.replace('key: [material_id]', 'key: [material_id], drift: { new_column: evolve }');
    const stateDir = scratchDir();
    const sourceDir = path.join(stateDir, 'source');
    const systems = [smallSystem(yaml)];
    const warehouse = createDuckDbWarehouse(stateDir, 'test');
    deliver(sourceDir, 'mes/2026-03-01/materials.csv', 'material_id,material_name,made_on,colour\nm1,a,,red\n');
    const publication = await publish(warehouse, systems, sourceDir, stateDir, 'select * from raw.materials');
    const { outcomes } = await checkPublication(warehouse, {
      ...{ target: { kind: 'publication', publication }, systems, models: NO_MODELS, asOf: undefined },
    });
    expect(outcomes.find(({ check }) => check === 'schema_drift')).toMatchObject({
      status: 'WARN',
      observed: 'new_column colour',
      detail: expect.stringMatching(/^mes\/2026-03-01\/materials\.csv: /) as string,
    });
  });

  it('tell of a publication that is overdue, in delivery days, and never by a time before it', async () => {
    const yaml = YAML.replace(
      'time_zone: Europe/Berlin',
      `calendar: { delivery_days: [mon, tue, wed, thu, fri] }
        quality: { publication_overdue: { after: { count: 36, period: hour } } }
        time_zone: Europe/Berlin`,
    );
    const overdue = async (asOf: string) =>
      (await check('m1,a,\n', asOf, undefined, yaml, { publishedAt: new Date('2026-03-06T05:00:00Z') })).find(
        'publication_overdue',
        '(mes)',
      );
    expect(await overdue('2026-03-05T12:00:00Z')).toBeUndefined();
    // Friday morning to Monday noon: a weekend lies between.
    expect(await overdue('2026-03-09T11:00:00Z')).toMatchObject({ status: 'PASS' });
    expect(await overdue('2026-03-10T11:00:00Z')).toMatchObject({ status: 'FAIL', severity: 'ERROR' });
  });

  it('say of a check that broke that it broke, and go on with the other tables', async () => {
    const broken = await check('m1,a,\n', undefined, "select * from raw.materials where error('broken view') is null");
    expect(broken.find('table_checks')).toMatchObject({
      status: 'ERROR',
      severity: 'ERROR',
      detail: expect.stringMatching(/broken view/) as string,
    });
    expect(broken.find('row_count_source_raw', 'readings').status).toBe('PASS');
  });
});

qualityContract('DuckDB', (stateDir) => createDuckDbWarehouse(stateDir, 'test'));
