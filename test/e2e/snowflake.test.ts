import path from 'node:path';
import type { Client } from '@temporalio/client';
import type { RawIngestionResult } from '../../contracts/run';
import { readSourceContracts } from '../../contracts/source-contract';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { DBT_DIR } from '../support/data-set';
import { countRecords, shippedDates } from '../support/live-bench';
import { SnowflakeLiveBench } from '../support/snowflake-live-bench';
import { startPeer, type Peer } from '../support/snowflake-peer';

let peer: Peer;
let bench: SnowflakeLiveBench;
let client: Client;
const dates = shippedDates().slice(0, 3);

beforeAll(async () => {
  peer = await startPeer();
  bench = new SnowflakeLiveBench(peer, dates, DBT_DIR);
  client = await bench.startServer();
  await bench.startWorker();
});

describe('the main job on the Snowflake peer', () => {
  it('loads all days, builds all models and tests with dbt-snowflake, publishes and monitors', async () => {
    const tables = (await readSourceContracts(DBT_DIR)).flatMap((system) => system.tables.map(({ name }) => name));
    const result = (await client.workflow.execute('mfgRawIngestion', {
      ...{ taskQueue: TASK_QUEUE, workflowId: 'snowflake-1', args: [] },
    })) as RawIngestionResult;
    expect(
      await bench.rows("select * from raw.data_quality_audit where status in ('FAIL', 'ERROR')"),
    ).toEqual([]);
    expect(result).toMatchObject({
      ...{ outcome: 'PUBLISHED', logicalDates: dates, loads: { partitions: 3 * tables.length } },
      quality: { failed: 0 },
    });
    for (const table of tables) {
      const records = dates.map((date) => countRecords(path.join(bench.sourceDir, 'mes', date), table));
      const inRaw = Number(await bench.value(`select count(*) from raw.${table}_history`));
      const rejected = Number(
        await bench.value(`select count(*) from raw.raw_rejected_rows where table_name = '${table}'`),
      );
      expect(inRaw + rejected).toBe(records.reduce((sum, n) => sum + n, 0));
    }
    console.log(JSON.stringify(result, null, 1));
  });
});
