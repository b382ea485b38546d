import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseCall } from '../../data/simulator/options';
import { scratchDir } from '../support/scratch';
import { readTruth, simulate, tableFiles } from '../support/simulated-export';

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
    '--unknown',
    'stray',
  ])('refuses %s in one sentence', (line) => {
    expect(refusal(...line.split(' '))).toMatch(/^error: (?!.*\. [A-Z])[^\n]+\n$/);
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
