import { candidateRequest } from '../support/candidate-request';
import { SnowflakeBench } from '../support/snowflake-bench';
import { startPeer } from '../support/snowflake-peer';
import { BUILT, MATERIALS } from '../support/warehouse-bench';

/**
 * A platform with three days, of which readers went back to the first, a held candidate (4), a build under way (6), and a load of
 * which nothing was built. Each entry of `DAMAGE` does to it what a crash, a person or a lost backup might.
 */
let bench: SnowflakeBench;

const PREFIX = 'MFG_AGREE';

const reconciled = async (): Promise<string[]> =>
  (await bench.warehouse.reconcile({ checksums: false })).map(({ severity, what, advice }) => {
    expect(advice).toMatch(/^.{5,}$/);
    return `${severity} ${what}`;
  });

const UNDER_WAY = 'INFO a build of run-6::r has not ended: entry 6 (under way, or left by a crash)';

beforeAll(async () => {
  bench = new SnowflakeBench(await startPeer(), PREFIX);
  await bench.day('2026-03-01', '1');
  await bench.day('2026-03-02', '2');
  await bench.day('2026-03-03', '3');
  const manifest = await bench.plan('2026-03-03');
  await bench.load(manifest);
  await bench.candidate(manifest, { ...BUILT, status: 'HELD', failure: 'unique: 2 rows' });
  await bench.warehouse.rollback(1, { actor: 'anna', reason: undefined });
  bench.deliver('2026-03-04/materials.csv', `${MATERIALS}m1,steel,4\n`);
  await bench.load(await bench.plan('2026-03-04'));
}, 90_000);

const row = (loadSeq: number) =>
  `insert into raw.materials_run select material_id, material_name, quantity, ${loadSeq}, _load_id, _logical_date,
     _source_file, _source_row_number, _loaded_at from raw.materials_run where _load_seq = 3`;
const audit = (loadSeq: number, status: string) =>
  `insert into raw.raw_load_audit (event_id, load_id, load_seq, status) values (1, 'run-1::r', ${loadSeq}, '${status}')`;
const partition = (loadSeq: number) =>
  `insert into raw_partition (load_seq, load_id, table_name, logical_date, status, rows_read, rows_loaded, rows_rejected)
     values (${loadSeq}, 'ghost::r', 'readings', '2026-03-09', 'SEALED', 9, 1, 1)`;
const entry = (publication: number, dataSet: number, kind: string) =>
  `insert into raw.raw_publication (publication, data_set, kind, status)
     values (${publication}, ${dataSet}, '${kind}', 'FAILED')`;

/** What is done, and all that is then to be found. */
const DAMAGE: [what: string, statements: string[], lines: string[]][] = [
  ['rows twice', [row(2)], ['ERROR partition 2 of materials, 2026-03-02: 2 rows, the ledger 1']],
  [
    'lost rejected records',
    ['delete from raw.rejected_record where _load_seq = 1'],
    ['ERROR partition 1 of materials, 2026-03-01: 0 rejected records, the ledger 1'],
  ],
  ['rows that nobody knows', [row(99)], ['WARN 1 rows of materials under _LOAD_SEQ 99 are not in the ledger']],
  [
    'rows of an attempt that failed',
    [
      "insert into raw_partition (load_seq, load_id, table_name, status) values (50, 'run-1::r', 'materials', 'ABANDONED')",
      row(50),
    ],
    ['INFO 1 rows of materials under _LOAD_SEQ 50 were left by an attempt that failed'],
  ],
  [
    'rows that should be gone',
    ["update raw_partition set removed_at = '2026-03-05' where load_seq = 5"],
    ['INFO 1 rows of materials under _LOAD_SEQ 5 should have been removed by retention'],
  ],
  [
    'an attempt that has not ended',
    [
      "insert into raw_partition (load_seq, load_id, table_name, status) values (51, 'run-1::r', 'materials', 'STARTED')",
    ],
    ['INFO 1 attempts at partitions of run-1::r have not ended (under way, or left by a crash)'],
  ],
  [
    'lost data sets',
    [`drop database ${PREFIX}_2`, `drop database ${PREFIX}_4`],
    [
      'ERROR data set 2 is PUBLISHED, but its database is missing',
      'ERROR data set 4 is HELD, but its database is missing',
    ],
  ],
  [
    'a data set of another number',
    [`update ${PREFIX}_1.raw.current_publication set publication = 7`],
    [`ERROR database "${PREFIX}_1" holds data set 7`],
  ],
  [
    'a data set whose loads are not the log’s',
    [`update ${PREFIX}_3.raw.current_load set load_seq = 9 where load_seq = 3`],
    ['ERROR data set 3 is not what the log says: it lacks materials 2026-03-03 3, shows materials 2026-03-03 9'],
  ],
  [
    'readers who see something else',
    [`update ${PREFIX}.raw.current_publication set publication = 2`],
    ['ERROR readers see entry 2, but the log says 5'],
  ],
  [
    'a clone that a crash left, and a database that nobody knows',
    [`create database ${PREFIX}_NEXT_5_ABC`, `create database ${PREFIX}_2024`, `create database ${PREFIX}_NOT_OURS`],
    [
      `INFO database ${PREFIX}_NEXT_5_ABC was left by a publication`,
      `WARN database ${PREFIX}_2024 is not in the publication log`,
    ],
  ],
  [
    'a database that should be gone',
    [
      entry(75, 75, 'BUILD'),
      "update raw.raw_publication set removed_at = '2026-03-05', dropped_at = '2026-03-05' where publication = 75",
    ]
      .concat('insert into raw.raw_published_load (data_set) values (75)')
      .concat(`create database ${PREFIX}_75`),
    [`INFO database ${PREFIX}_75 should have been removed by retention`],
  ],
  [
    'a retired partition that is needed',
    ["update raw_partition set retired_at = '2026-03-05', listed_until = 5 where load_seq = 3"],
    ['ERROR data set 3 is kept, but its partition 3 was retired'],
  ],
  [
    'a head that was never published, behind the log',
    ["update raw.raw_publication set status = 'BUILT' where publication = 5"],
    [
      'ERROR readers see entry 5, which the log has as BUILT',
      'ERROR entry 3 is the newest published one, but readers see 5',
    ],
  ],
  [
    'a lost update',
    ['update raw.raw_publication set base = 1 where publication = 3'],
    ['ERROR publication 3 was published on 1, but readers were on 2'],
  ],
  [
    'a number that was taken twice, of a data set without loads',
    [entry(70, 70, 'BUILD'), entry(70, 70, 'BUILD')],
    [
      'ERROR entry number 70 is in the log 2 times',
      'ERROR data set 70 has no list of its loads',
      'ERROR data set 70 has no list of its loads',
    ],
  ],
  ['a data set without a build', [entry(71, 72, 'ROLLBACK')], ['ERROR entry 71 shows data set 72, which nobody built']],
  [
    'a load in a data set that the ledger lacks',
    [
      `insert into raw.raw_published_load (data_set, base_data_set, table_name, logical_date, load_seq, load_id)
         values (75, null, 'materials', '2026-03-01', 98, 'run-1::r')`,
    ],
    ['ERROR data set 75 names partition 98 of materials, 2026-03-01, which is not in the ledger'],
  ],
  [
    'partitions that no load made',
    [partition(80), partition(81)],
    [
      'ERROR the load ghost::r has 2 sealed partitions of readings, 2026-03-09',
      ...[80, 81].flatMap((loadSeq) => [
        `ERROR partition ${loadSeq} of readings, 2026-03-09: 0 rows, the ledger 1`,
        `ERROR partition ${loadSeq} of readings, 2026-03-09: 0 rejected records, the ledger 1`,
        `ERROR partition ${loadSeq} of readings, 2026-03-09: 9 records read, but 1 loaded and 1 rejected`,
        `ERROR partition ${loadSeq} of readings, 2026-03-09 is sealed, but its load ghost::r has no manifest`,
        `ERROR partition ${loadSeq} of readings, 2026-03-09 is sealed, but raw_load_audit has no event LOADED of it`,
      ]),
    ],
  ],
  [
    'an audit twice, one that says something else, and one of nothing',
    [
      audit(1, 'LOADED'),
      "update raw.raw_load_audit set checksum = '0' where load_seq = 2 and status = 'LOADED'",
      audit(97, 'FAILED'),
    ],
    [
      'ERROR partition 1 of materials, 2026-03-01 is sealed, but raw_load_audit has several events LOADED of it',
      'ERROR partition 2 of materials, 2026-03-02 is sealed, but raw_load_audit has other counts or another checksum',
      'ERROR raw_load_audit says FAILED of partition 97, which the ledger has as nothing',
    ],
  ],
  [
    'nodes of no entry, a broken one in a publication, and missing ones',
    [
      'delete from raw.dbt_run_audit where publication = 3',
      "insert into raw.dbt_run_audit (publication, node, status) values (77, 'm', 'success'), (2, 'm', 'error')",
    ],
    [
      'ERROR dbt_run_audit has nodes of entry 77, which is not in the log',
      'ERROR publication 2 was published, but dbt_run_audit says of m: error',
      'WARN entry 3 says 1 models, but dbt_run_audit has 0',
    ],
  ],
  [
    'a pin of nothing',
    ["insert into raw.raw_publication_pin (event_id, publication, action) values (1, 78, 'PIN')"],
    ['WARN raw_publication_pin names entry 78, which is not in the log'],
  ],
  [
    'a dropped data set that is still to be published',
    ["update raw.raw_publication set dropped_at = '2026-03-05' where publication = 6"],
    ['ERROR data set 6 is dropped, but it is a candidate under way'],
  ],
];

describe('reconcile on Snowflake names', () => {
  it('nothing where nothing is wrong, a build under way, and a publication that has not ended', async () => {
    expect(await reconciled()).toEqual([]);
    expect(await bench.warehouse.reconcile({ checksums: true })).toMatchObject([
      { severity: 'INFO', what: expect.stringContaining('rows were counted') as string },
    ]);
    const manifest = await bench.plan('2026-03-03');
    await bench.warehouse.createCandidate(candidateRequest(manifest, bench.system.tables));
    await bench.change(
      "update raw.raw_publication set status = 'PUBLISHING' where publication = 4",
      `update ${PREFIX}.raw.current_publication set publication = 4`,
    );
    expect(await reconciled()).toEqual([UNDER_WAY, 'INFO entry 4 is being published (under way, or left by a crash)']);
    await bench.change(
      "update raw.raw_publication set status = 'HELD' where publication = 4",
      `update ${PREFIX}.raw.current_publication set publication = 5`,
    );
  });

  it('each disagreement, and nothing else', async () => {
    await bench.change(...DAMAGE.flatMap(([, statements]) => statements));
    expect((await reconciled()).sort()).toEqual([UNDER_WAY, ...DAMAGE.flatMap(([, , lines]) => lines)].sort());
  });
});
