import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseCall } from '../../data/simulator/options';
import { writeExport } from '../../data/simulator/write-export';
import { scratchDir } from '../support/scratch';
import { digest, readTruth, simulate, tableFiles } from '../support/simulated-export';

const TINY = ['--days', '2', '--sites', '1', '--work-units', '2'];

/** What the command line says about arguments that it refuses. */
function refusal(...args: string[]): string {
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    parseCall(args);
  } catch {
    return write.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    write.mockRestore();
  }
  throw new Error(`accepted: ${args.join(' ')}`);
}

describe('the command line', () => {
  it.each([
    '--days 0',
    '--days 3651',
    '--days 1.5',
    '--sites 7',
    '--work-units 1',
    '--work-units 61',
    '--sensor-interval 0',
    '--sensor-interval 86401',
    '--seed -1',
    '--first-day 2026-02-30',
    '--first-day 0001-01-01',
    '--layout wide',
    '--defect no_such_kind=0.1',
    '--defect null_token=1.5',
    '--defect null_token=often',
    '--defect crlf=0.1',
    '--defect crlf=2025-12-31',
    '--defect corrected_day=2026-01-05',
    '--defect crlf',
    '--no-defects --defect crlf=off',
    '--layout flat --defect header_only=2026-01-06',
    '--layout flat --defect crlf=2026-01-06',
    '--out /proc/mfg',
    '--out /sys',
    '--out /dev/shm/mfg',
    '--out=',
    '--unknown',
    'stray',
  ])('refuses %s in one sentence', (line) => {
    expect(refusal(...line.split(' '))).toMatch(/^error: (?!.*\. [A-Z])[^\n]+\n$/);
  });

  it('refuses a link that leads where no folder can be made', () => {
    const link = path.join(scratchDir(), 'link');
    symlinkSync('/proc', link);
    expect(refusal('--out', path.join(link, 'a', 'b'))).toMatch(/outside of \/proc, \/sys and \/dev\.\n$/);
  });

  it('has the shipped export as its default', () => {
    expect(parseCall([])).toMatchObject({
      folder: 'data/raw',
      options: { days: 90, sites: 2, workUnits: 6, sensorIntervalS: 3600, seed: 2026, layout: 'dated', gzip: true },
    });
  });

  it('sets and switches off single kinds of defects', () => {
    const { defects } = parseCall(['--defect', 'null_token=0.5', '--defect', 'crlf=off']).options;
    expect([...defects.rates]).toEqual([['null_token', 0.5]]);
    expect([...defects.days]).toEqual([['crlf', 'off']]);
  });
});

describe('writing the export', () => {
  it('leaves whole files, nothing else, and replaces what was there', async () => {
    const folder = scratchDir();
    await simulate(folder, ...TINY, '--no-gzip');
    const torn = path.join(folder, 'source_system', 'mes', '2026-01-05', 'batches.csv');
    writeFileSync(torn, 'torn');
    writeFileSync(path.join(folder, 'source_system', 'mes', 'other.txt'), 'left alone');
    const { files, records } = await simulate(folder, ...TINY, '--no-gzip');
    expect(files).toBe(28);
    expect(readFileSync(torn, 'utf8')).toMatch(/^batch_id,/);
    expect(readdirSync(folder).sort()).toEqual(['source_system', 'truth.json']);
    expect(tableFiles(folder)).toHaveLength(28);
    expect(existsSync(path.join(folder, 'source_system', 'mes', 'other.txt'))).toBe(true);
    const told = Object.values(readTruth(folder).files).reduce((sum, file) => sum + file.records, 0);
    expect(told).toBe(records);
  });

  it.each([
    ['another day', ['--days', '3'], '2026-01-07/materials.csv', ['--first-day', '2026-01-05', '--days', '2']],
    ['another ending', [], '2026-01-05/batches.csv', ['--gzip']],
    ['another layout', ['--layout', 'flat'], 'batches.csv', []],
    ['a defect that is off now', ['--days', '4'], '2026-01-08/equipment_states-2.csv', ['--days', '4', '--no-defects']],
  ])('refuses a folder with a delivery of %s, which it would not replace', async (_what, before, name, now) => {
    const folder = scratchDir();
    await simulate(folder, ...TINY, '--no-gzip', ...before);
    const digestBefore = digest(folder);
    const deliveries = path.join(folder, 'source_system', 'mes');
    const writing = simulate(folder, ...TINY, ...(now.includes('--gzip') ? now : ['--no-gzip', ...now]));
    await expect(writing).rejects.toMatchObject({
      name: 'WriteError',
      message: expect.stringMatching(
        /: it is a delivery of another export, .*: choose an empty folder with --out, or/,
      ) as string,
    });
    await expect(writing).rejects.toThrow(path.join(deliveries, name.split('/')[0] as string));
    expect(digest(folder)).toBe(digestBefore);
    rmSync(deliveries, { recursive: true });
    await expect(simulate(folder, ...TINY)).resolves.toMatchObject({ files: 28 });
  });

  const HUGE_DAY = ['--days', '1', '--sites', '1', '--work-units', '12', '--sensor-interval', '1'];
  it.each([
    ['before it begins', TINY, (interrupt: () => void) => interrupt()],
    ['after a day', TINY, () => undefined],
    ['while a table is written', HUGE_DAY, (interrupt: () => void) => void setTimeout(interrupt, 500)],
  ])('leaves nothing half-written when it is interrupted %s', async (_when, args, begin) => {
    const folder = scratchDir();
    const reason = new Error('enough');
    const controller = new AbortController();
    let abortedAt = Infinity;
    const interrupt = () => {
      abortedAt = Date.now();
      controller.abort(reason);
    };
    begin(interrupt);
    const { options } = parseCall(['--out', folder, ...args]);
    await expect(writeExport(folder, options, { signal: controller.signal, onDay: interrupt })).rejects.toBe(reason);
    expect(Date.now() - abortedAt).toBeLessThan(1000);
    const left = readdirSync(folder, { recursive: true }) as string[];
    expect(left.filter((name) => /\.tmp$|\.simulator-|truth\.json/.test(name))).toEqual([]);
  });

  it('says so when the output folder is a file', async () => {
    const file = path.join(scratchDir(), 'a file');
    writeFileSync(file, '');
    await expect(simulate(file, ...TINY)).rejects.toThrow(
      `The export could not be written: ${file}: a file stands where a folder must be: choose another folder with --out.`,
    );
    await expect(simulate(path.join(file, 'below'), ...TINY)).rejects.toThrow(/: a part of its path is a file: /);
  });

  it('leaves nothing of a file whose name is taken by a folder', async () => {
    const folder = scratchDir();
    const day = path.join(folder, 'source_system', 'mes', '2026-01-06');
    mkdirSync(path.join(day, 'batches.csv', 'full'), { recursive: true });
    await expect(simulate(folder, ...TINY, '--no-gzip')).rejects.toThrow(/batches\.csv: a folder stands where/);
    expect(readdirSync(day).sort()).toEqual(['batches.csv', 'materials.csv']);
    expect(readdirSync(folder)).toEqual(['source_system']);
  });

  const onFullDisk = existsSync('/dev/full') ? it : it.skip;
  onFullDisk.each(['--gzip', '--no-gzip'])('leaves nothing of a file when the disk is full (%s)', async (gzip) => {
    const folder = scratchDir();
    const day = path.join(folder, 'source_system', 'mes', '2026-01-05');
    mkdirSync(day, { recursive: true });
    const name = gzip === '--gzip' ? 'batches.csv.gz' : 'batches.csv';
    symlinkSync('/dev/full', path.join(day, `${name}.${process.pid}.tmp`));
    await expect(simulate(folder, ...TINY, gzip)).rejects.toThrow(
      `The export could not be written: ${path.join(day, name)}: the disk is full: make room, or choose another folder with --out.`,
    );
    expect(readdirSync(day)).toEqual([name.replace('batches', 'materials')]);
    expect(readdirSync(folder)).toEqual(['source_system']);
  });
});
