import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Delivery } from '../../contracts/run';
import type { RawIngestionInput } from '../../contracts/workflow-inputs';
import { toBatches } from '../../ingestion/batches';
import { planRun } from '../../ingestion/plan-run';
import type { LoadedDelivery } from '../../warehouse/warehouse';
import { NOTHING_KNOWN } from '../support/candidate-request';
import { deliver, scratchDir } from '../support/scratch';
import { smallSystem } from '../support/tables';

const RUN = { loadId: 'w::r', workflowId: 'w', runId: 'r' };

/** A source folder with the given files (below mes/), and a way to plan runs on it. */
function folder(...files: string[]) {
  const sourceDir = scratchDir();
  mkdirSync(path.join(sourceDir, 'mes'));
  for (const file of files) deliver(sourceDir, `mes/${file}`, file);
  const plan = async (
    input: RawIngestionInput = {},
    scheduledAt?: string,
    published: (Delivery & Partial<LoadedDelivery>)[] = [],
  ) => {
    const systems = [smallSystem()];
    const { manifest, ignoredFiles } = await planRun({
      run: RUN,
      input,
      scheduledAt,
      systems,
      sourceDir,
      known: { published: published.map(loaded), withdrawn: [] },
      codeVersion: 'test',
    });
    const deliveries = manifest.batches.flat();
    return {
      ...manifest,
      ignoredFiles,
      deliveries,
      names: deliveries.map((d) => `${d.table} ${d.logicalDate}`).sort(),
    };
  };
  return { sourceDir, plan };
}

describe('planning a run', () => {
  const days = ['2026-03-01/materials.csv', '2026-03-02/materials.csv', '2026-03-03/materials.csv'];

  it('without input takes the newest delivery and every pending earlier one', async () => {
    const { plan } = folder(...days);
    expect(await plan()).toMatchObject({
      logicalDate: '2026-03-03',
      logicalDateOrigin: 'newest_delivery',
      names: ['materials 2026-03-01', 'materials 2026-03-02', 'materials 2026-03-03'],
    });
  });

  it('takes the date from the input, leaves later days alone, and with exact earlier ones too', async () => {
    const { plan } = folder(...days);
    expect(await plan({ logicalDate: '2026-03-02' })).toMatchObject({
      logicalDateOrigin: 'input',
      names: ['materials 2026-03-01', 'materials 2026-03-02'],
    });
    expect((await plan({ logicalDate: '2026-03-02', exact: true })).names).toEqual(['materials 2026-03-02']);
  });

  it("takes a schedule's date in the system's time zone, less its offset, over both clock changes", async () => {
    const { plan } = folder(...days, '2026-03-28/materials.csv', '2026-10-24/materials.csv');
    const dateOf = async (scheduledAt: string) => (await plan({}, scheduledAt)).logicalDate;
    expect(await dateOf('2026-03-03T01:00:00Z')).toBe('2026-03-02');
    // 00:30 in Berlin is the evening before in UTC.
    expect(await dateOf('2026-03-28T23:30:00Z')).toBe('2026-03-28');
    expect(await dateOf('2026-03-29T22:30:00Z')).toBe('2026-03-29');
    expect(await dateOf('2026-10-24T22:30:00Z')).toBe('2026-10-24');
    expect(await dateOf('2026-10-25T23:30:00Z')).toBe('2026-10-25');
  });

  it('of a scheduled day without deliveries loads what is pending, or nothing', async () => {
    const { plan } = folder(...days);
    const late = await plan({}, '2026-03-09T01:00:00Z');
    expect(late).toMatchObject({ logicalDate: '2026-03-08', logicalDateOrigin: 'schedule' });
    expect(late.names).toHaveLength(3);
    expect((await plan({}, '2026-03-09T01:00:00Z', late.deliveries)).names).toEqual([]);
  });

  it('loads its own date again, and an earlier one only when its bytes have changed', async () => {
    const { plan, sourceDir } = folder(...days);
    const { deliveries } = await plan();
    expect((await plan({}, undefined, deliveries)).names).toEqual(['materials 2026-03-03']);
    deliver(sourceDir, 'mes/2026-03-01/materials.csv', 'corrected');
    expect((await plan({}, undefined, deliveries)).names).toEqual(['materials 2026-03-01', 'materials 2026-03-03']);
    // The same bytes with a new time are hashed again and found unchanged.
    deliver(sourceDir, 'mes/2026-03-01/materials.csv', '2026-03-01/materials.csv');
    expect((await plan({}, undefined, deliveries)).names).toEqual(['materials 2026-03-03']);
  });

  it('with reuse does not load its own date again where bytes and contract are as they were', async () => {
    const { plan, sourceDir } = folder(...days, '2026-03-03/readings.csv');
    const { deliveries } = await plan();
    const digests = Object.fromEntries(smallSystem().tables.map(({ name, digest }) => [name, digest]));
    const published = deliveries.map((d) => ({ ...loaded(d), contractDigest: digests[d.table] ?? '' }));
    const again = await plan({ onUnchanged: 'reuse' }, undefined, published);
    expect(again.names).toEqual([]);
    expect(again.reused).toEqual([
      { table: 'materials', logicalDate: '2026-03-03', reusedLoadId: 'other::run', reusedLoadSeq: 1n },
      { table: 'readings', logicalDate: '2026-03-03', reusedLoadId: 'other::run', reusedLoadSeq: 1n },
    ]);

    const otherContract = published.map((d) => (d.table === 'readings' ? { ...d, contractDigest: 'another' } : d));
    expect((await plan({ onUnchanged: 'reuse' }, undefined, otherContract)).names).toEqual(['readings 2026-03-03']);

    deliver(sourceDir, 'mes/2026-03-03/materials.csv', 'corrected');
    const corrected = await plan({ onUnchanged: 'reuse' }, undefined, published);
    expect(corrected.names).toEqual(['materials 2026-03-03']);
    expect(corrected.reused).toMatchObject([{ table: 'readings' }]);
  });

  it('reads its own date anew even when a changed file looks untouched', async () => {
    const { plan, sourceDir } = folder(...days);
    const { deliveries } = await plan();
    const file = path.join(sourceDir, 'mes', days[2] ?? '');
    const { mtime } = statSync(file);
    writeFileSync(file, readFileSync(file, 'utf8').toUpperCase());
    utimesSync(file, mtime, mtime);
    const [own] = (await plan({}, undefined, deliveries)).deliveries;
    expect(own?.files[0]?.sha256).not.toBe(deliveries.at(-1)?.files[0]?.sha256);
  });

  it("gives a flat file the run's own date, and joins the parts of a dated delivery", async () => {
    const flat = folder('materials.csv');
    expect((await flat.plan({}, '2026-03-05T01:00:00Z')).names).toEqual(['materials 2026-03-04']);
    const beside = folder('2026-03-01/materials.csv', 'readings.csv', 'materials-old-backup.csv', 'notes/x.csv');
    const { names, ignoredFiles } = await beside.plan();
    expect(names).toEqual(['materials 2026-03-01', 'readings 2026-03-01']);
    expect(ignoredFiles).toEqual(['mes/materials-old-backup.csv', 'mes/notes/']);
    const upper = folder('2026-03-01/MATERIALS.CSV');
    expect((await upper.plan()).names).toEqual(['materials 2026-03-01']);
    const parts = folder('2026-03-01/materials_1.csv', '2026-03-01/materials_2.csv.gz', '2026-03-01/materialsx.csv');
    const plan = await parts.plan();
    expect(plan.deliveries[0]?.files.map((file) => file.path)).toEqual([
      'mes/2026-03-01/materials_1.csv',
      'mes/2026-03-01/materials_2.csv.gz',
    ]);
    expect(plan.ignoredFiles).toEqual(['mes/2026-03-01/materialsx.csv']);
  });

  it('of a backfill takes what is pending of its dates, with reload everything, and no flat file', async () => {
    const { plan, sourceDir } = folder(...days, 'readings.csv');
    const { deliveries } = await plan();
    const range = { from: '2026-03-01', to: '2026-03-02' };
    expect((await plan(range)).names).toEqual(['materials 2026-03-01', 'materials 2026-03-02']);
    expect(await plan({ from: '2026-02-01', to: '2026-04-30' })).toMatchObject({
      logicalDate: '2026-03-03',
      logicalDateOrigin: 'input',
      names: ['materials 2026-03-01', 'materials 2026-03-02', 'materials 2026-03-03'],
    });
    expect((await plan({ dates: ['2026-03-03', '2026-03-01'] })).names).toEqual([
      'materials 2026-03-01',
      'materials 2026-03-03',
    ]);
    expect((await plan(range, undefined, deliveries)).names).toEqual([]);
    expect((await plan({ ...range, reload: true }, undefined, deliveries)).names).toHaveLength(2);
    deliver(sourceDir, 'mes/2026-03-01/materials.csv', 'corrected');
    expect((await plan(range, undefined, deliveries)).names).toEqual(['materials 2026-03-01']);
  });

  it('by truncate_reload takes its own date alone, of tables that lose nothing by it', async () => {
    const { plan } = folder(...days, '2026-03-03/readings.csv');
    const strategy = 'truncate_reload';
    expect(await plan({ strategy, tables: ['materials'] })).toMatchObject({
      names: ['materials 2026-03-03'],
      replacedTables: ['materials'],
    });
    await expect(plan({ strategy })).rejects.toThrow(
      /^truncate_reload would lose the earlier deliveries of readings, an append table: leave it out, .*complete_deliveries: true/,
    );
    expect((await plan()).replacedTables).toEqual([]);
  });

  it('has larger batches for very many deliveries, so that their number stays bounded', () => {
    const deliveries = Array.from({ length: 56_000 }, (_, index) => ({
      table: `t${index % 14}`,
      logicalDate: '2026-03-01',
      files: [{ path: 'x', sizeBytes: 1, modifiedAt: '', sha256: '' }],
    }));
    const batches = toBatches(deliveries);
    expect(batches.length).toBeLessThan(1_050);
    expect(batches.flat()).toHaveLength(56_000);
    expect(batches.every((batch) => new Set(batch.map((delivery) => delivery.table)).size === 1)).toBe(true);
    expect(toBatches(deliveries.slice(0, 14)).map((batch) => batch.length)).toEqual(Array(14).fill(1));
  });

  it.each<[string, string[], RawIngestionInput, RegExp]>([
    [
      'a range without deliveries',
      days,
      { from: '2026-04-01', to: '2026-04-30' },
      /no delivery of mes from 2026-04-01 to 2026-04-30 under .* 3 dates from 2026-03-01 to 2026-03-03/,
    ],
    ['an unknown table', days, { tables: ['nope'] }, /no table 'nope' in mes: described are materials, readings/],
    ['an unknown system', days, { sourceSystem: 'erp' }, /no source system 'erp': described are mes/],
    [
      'a date without delivery',
      days,
      { logicalDate: '2026-04-01' },
      /no delivery of mes for 2026-04-01 .* 3 dates from 2026-03-01 to 2026-03-03/,
    ],
    ['an empty folder', [], {}, /no delivery of a described table under/],
    ['a required table that is missing', ['2026-03-01/readings.csv'], {}, /lacks the required table materials/],
    ['two spellings', ['2026-03-01/materials.csv', '2026-03-01/Materials.csv'], {}, /are one delivery twice/],
    ['plain and gzipped', ['2026-03-01/materials.csv', '2026-03-01/materials.csv.gz'], {}, /are one delivery twice/],
    [
      'flat and dated',
      ['materials.csv', '2026-03-01/materials.csv'],
      { logicalDate: '2026-03-01' },
      /are both materials for 2026-03-01/,
    ],
  ])('refuses %s in one sentence', async (_what, files, input, message) => {
    await expect(folder(...files).plan(input)).rejects.toThrow(message);
  });

  it('refuses a link that leads out of the source folder', async () => {
    const { plan, sourceDir } = folder('2026-03-01/materials.csv');
    symlinkSync('/etc/hostname', path.join(sourceDir, 'mes/2026-03-01/readings.csv'));
    await expect(plan()).rejects.toThrow(/readings.csv is a link that leads out of the source folder/);
    rmSync(path.join(sourceDir, 'mes/2026-03-01/readings.csv'));
    symlinkSync('/nowhere', path.join(sourceDir, 'mes/2026-03-01/readings.csv'));
    await expect(plan()).rejects.toThrow(/readings.csv cannot be opened/);
  });

  it('says where it looked when the folder is not there', async () => {
    const systems = [smallSystem()];
    const request = { run: RUN, input: {}, scheduledAt: undefined, systems, known: NOTHING_KNOWN, codeVersion: 'test' };
    await expect(planRun({ ...request, sourceDir: '/nowhere' })).rejects.toThrow(
      "/nowhere/mes does not exist: put mes's deliveries there, or set MFG_SOURCE_DIR to the folder above them.",
    );
  });
});

/** A delivery as a load of another run holds it. */
function loaded(delivery: Delivery & Partial<LoadedDelivery>): LoadedDelivery {
  return { loadId: 'other::run', loadSeq: 1n, contractDigest: 'as it is', ...delivery };
}
