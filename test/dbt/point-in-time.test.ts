import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withDuckDb } from '../../duckdb/connection';
import { buildDataSet, projectWithoutTests, runDbt, type DataSet } from '../support/data-set';
import { scratchDir } from '../support/scratch';
import { simulate } from '../support/simulated-export';

const DAYS = 24;
const DAYS_KNOWN = 16;

/** The feature tables, their keys and labels, and a leak for each: a feature that later deliveries change. */
const FEATURE_TABLES = [
  {
    mart: 'order_delay_features',
    key: 'order_id',
    labels: ['is_late', 'delay_hours'],
    leak: ['observed_orders.order_status,', 'outcomes.order_status,'],
  },
  {
    mart: 'work_unit_failure_features',
    key: 'equipment_id, observed_date',
    labels: ['has_failure_within_7_days'],
    leak: ["ref('stg_mes__sensor_readings_history')", "ref('stg_mes__sensor_readings')"],
  },
] as const;

type FeatureTable = (typeof FEATURE_TABLES)[number];
type Query = (sql: string) => Promise<Record<string, unknown>[]>;

let all: DataSet;
let known: DataSet;
/** The end of the last day known, UTC. */
let until: string;
/** The shipped project without and with the leaks planted in it. */
const [honest, leaky] = [projectWithoutTests(), projectWithoutTests()];

beforeAll(async () => {
  // With defects: late arrivals and corrections are what a feature must not know before its time.
  const folder = path.join(scratchDir(), 'export');
  const defects = ['--defect', 'late_arrival=0.05', '--defect', 'corrected_value=0.05'];
  await simulate(folder, '--days', String(DAYS), '--work-units', '3', '--sensor-interval', '7200', ...defects);
  const everything = path.join(folder, 'source_system');
  all = await buildDataSet(everything, scratchDir(), honest);

  const partly = path.join(scratchDir(), 'source_system');
  const dates = readdirSync(path.join(everything, 'mes')).sort();
  for (const date of dates.slice(0, DAYS_KNOWN)) {
    mkdirSync(path.join(partly, 'mes'), { recursive: true });
    cpSync(path.join(everything, 'mes', date), path.join(partly, 'mes', date), { recursive: true });
  }
  known = await buildDataSet(partly, scratchDir(), honest);
  const [newest] = await known.rows('select max(snapshot_at)::varchar as at from staging.stg_mes__production_orders');
  until = String(newest?.at);
});

/** The features, without labels, of rows that were observed by the end of the last day known. */
function featuresOf({ mart, key, labels }: FeatureTable, query: Query) {
  return query(`select * exclude (${labels.join(', ')}) from marts.${mart}
    where observed_at <= timestamp '${until}' order by ${key}`);
}

describe.each(FEATURE_TABLES)('$mart', (table) => {
  it('is the same when everything that came later is taken away', async () => {
    const later = await featuresOf(table, (sql) => all.rows(sql));
    expect(later.length).toBeGreaterThan(80);
    expect(await featuresOf(table, (sql) => known.rows(sql))).toEqual(later);
  });

  it('has labels that only later deliveries tell, and none before', async () => {
    const labels = `select ${table.key}, ${table.labels[0]} as label from marts.${table.mart}
      where observed_at <= timestamp '${until}' order by ${table.key}`;
    const [before, after] = [await known.rows(labels), await all.rows(labels)];
    const unknown = before.filter((row) => row.label === null).length;
    expect(unknown).toBeGreaterThan(after.filter((row) => row.label === null).length);
  });

  it('does not pass this test with a leak planted in it', async () => {
    const [ofAll, ofKnown] = [await leakyFeatures(table, all), await leakyFeatures(table, known)];
    expect(ofAll.length).toBe(ofKnown.length);
    expect(ofAll).not.toEqual(ofKnown);
  });
});

/** Folders in which the leaky project has built the feature tables into a copy of a data set, by data set. */
const leakyFolders = new Map<DataSet, Promise<string>>();

async function leakyFeatures(table: FeatureTable, dataSet: DataSet) {
  if (!leakyFolders.has(dataSet)) leakyFolders.set(dataSet, buildLeaky(dataSet));
  const folder = await leakyFolders.get(dataSet);
  const settings = { access_mode: 'READ_ONLY' };
  return withDuckDb({ path: path.join(String(folder), 'mfg.duckdb'), settings }, (db) =>
    featuresOf(table, (sql) => db.rows(sql)),
  );
}

async function buildLeaky(dataSet: DataSet): Promise<string> {
  for (const { mart, leak } of FEATURE_TABLES) {
    const [sound, leaking] = leak;
    const sql = readFileSync(path.join(honest, 'models', 'marts', `${mart}.sql`), 'utf8');
    expect(sql).toContain(sound);
    writeFileSync(path.join(leaky, 'models', 'marts', `${mart}.sql`), sql.replace(sound, leaking));
  }
  const folder = dataSet.copy('leaky');
  const marts = FEATURE_TABLES.map(({ mart }) => mart);
  const { ok, output } = await runDbt(folder, ['run', '--select', ...marts], leaky);
  if (!ok) throw new Error(output);
  return folder;
}
