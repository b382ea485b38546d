import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createCheckLoad } from '../../activities/check-load';
import { createDiscoverDeliveries, type DiscoverDeliveriesInput } from '../../activities/discover-deliveries';
import { createLoadPartitions } from '../../activities/load-partitions';
import { loadConfig } from '../../contracts/config';
import type { ArrivalLook, IngestionPlan, Waiting } from '../../contracts/run';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { deliver, scratchDir } from '../support/scratch';
import { SOURCES_YAML } from '../support/tables';
import { MATERIALS } from '../support/warehouse-bench';
import { SILENT } from '../support/workflow-env';

const RUN = { loadId: 'w::r', workflowId: 'w', runId: 'r' };

/** The real activities of an ingestion's first half, on a scratch state folder; `meta` goes to the system's. */
function platform(meta: string) {
  const dir = scratchDir();
  const dbtDir = path.join(dir, 'dbt');
  const staging = path.join(dbtDir, 'models', 'staging', 'mes');
  mkdirSync(staging, { recursive: true });
  const yaml = SOURCES_YAML.replace('csv: { delimiter: "," }', `csv: { delimiter: "," }\n        ${meta}`);
  writeFileSync(path.join(staging, '_mes__sources.yml'), yaml);
  const sourceDir = path.join(dir, 'source');
  const config = loadConfig({ MFG_STATE_DIR: dir, MFG_SOURCE_DIR: sourceDir, MFG_DBT_DIR: dbtDir });
  const warehouse = createDuckDbWarehouse(dir, 'test');
  const dependencies = { config, warehouse, codeVersion: 'test', dbt: 'none' };
  const environment = new MockActivityEnvironment({}, { logger: SILENT });
  const put = (day: string, quantity: number) =>
    deliver(sourceDir, `mes/${day}/materials.csv`, `${MATERIALS}m1,steel,${quantity}\n`);
  const discover = (input: object, look?: ArrivalLook) =>
    environment.run<[DiscoverDeliveriesInput], IngestionPlan | Waiting, ReturnType<typeof createDiscoverDeliveries>>(
      createDiscoverDeliveries(dependencies),
      {
        ...{ run: RUN, input, scheduledAt: undefined },
        ...(look && { look }),
      },
    );
  const load = (batch: number) => environment.run(createLoadPartitions(dependencies), { run: RUN, batch });
  const checkLoad = () => environment.run(createCheckLoad(dependencies), RUN);
  return { put, discover, load, checkLoad, warehouse };
}

describe('discovery', () => {
  it('fixes nothing while a file is being written, and from its manifest on nothing can change the plan', async () => {
    const { put, discover, warehouse } = platform('arrival: { settle_seconds: 600 }');
    const file = put('2026-03-01', 1);
    const waiting = await discover({});
    expect(waiting).toMatchObject({ logicalDate: '2026-03-01', waitingFor: [{ kind: 'file' }] });
    expect(await warehouse.readManifest(RUN.loadId)).toBeUndefined();
    utimesSync(file, new Date(0), new Date(0));
    const plan = await discover({}, 'look' in waiting ? waiting.look : undefined);
    expect(plan).toMatchObject({ batches: 1, logicalDates: ['2026-03-01'], asOf: '2026-03-01T23:00:00.000Z' });
    put('2026-03-02', 2);
    expect(await discover({})).toEqual(plan);
  });

  it('lands the bytes that it fingerprinted, so that a later attempt has them still', async () => {
    const { put, discover, load, checkLoad } = platform('landing: copy');
    put('2026-03-01', 1);
    await discover({});
    put('2026-03-01', 2);
    expect(await load(0)).toMatchObject({ partitions: 1, rowsLoaded: 1 });
    expect(await checkLoad()).toMatchObject({ rowsLoaded: 1 });
    const inPlace = platform('landing: in_place');
    inPlace.put('2026-03-01', 1);
    await inPlace.discover({});
    inPlace.put('2026-03-01', 2);
    await expect(inPlace.load(0)).rejects.toThrow(/has changed since the run recorded it/);
  });

  it('of a backfill that publishes each day tells the days, and has no manifest of its own', async () => {
    const { put, discover, warehouse } = platform('');
    put('2026-03-01', 1);
    put('2026-03-02', 2);
    const range = { from: '2026-03-01', to: '2026-03-09', parallel: 7 };
    expect(await discover({ ...range, publish: 'each' })).toMatchObject({
      ...{ batches: 0, isBackfill: true, days: ['2026-03-01', '2026-03-02'] },
    });
    expect(await warehouse.readManifest(RUN.loadId)).toBeUndefined();
    const once = await discover(range);
    expect(once).toMatchObject({ batches: 1, deliveries: 2, parallelLoads: 7, isBackfill: true });
    expect(once).not.toHaveProperty('days');
    expect(once).not.toHaveProperty('asOf');
  });
});
