import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Waiting } from '../../contracts/run';
import type { RawIngestionInput } from '../../contracts/workflow-inputs';
import { awaitedDeliveries, deadlineOf, PATIENCE_S } from '../../ingestion/arrival';
import { landFile, SourceMovedError } from '../../ingestion/landing';
import { planRun } from '../../ingestion/plan-run';
import { fingerprintFile } from '../../ingestion/preflight';
import { surveyRun } from '../../ingestion/survey-run';
import { NOTHING_KNOWN } from '../support/candidate-request';
import { deliver, scratchDir } from '../support/scratch';
import { smallSystem, SOURCES_YAML } from '../support/tables';

const MATERIALS = 'mode: snapshot, key: [material_id]';
const READINGS = 'mode: append, key: [reading_id], required: false';

/** The small system with additions to its meta and its tables'. */
function described({ meta = '', materials = '', readings = '' }) {
  return smallSystem(
    SOURCES_YAML.replace('csv: { delimiter: "," }', `csv: { delimiter: "," }\n        ${meta}`)
      .replace(MATERIALS, MATERIALS + materials)
      .replace(READINGS, READINGS + readings),
  );
}

/** A source folder of a described system, and looks at it. */
function source(system: ReturnType<typeof smallSystem>, ...files: string[]) {
  const sourceDir = scratchDir();
  const put = (file: string, writtenAt = LONG_AGO) => {
    const absolute = deliver(sourceDir, `mes/${file}`, `${file}\n`);
    utimesSync(absolute, writtenAt, writtenAt);
    return absolute;
  };
  put('2026-01-01/materials.csv');
  for (const file of files) put(file);
  const asked = (input: RawIngestionInput, earlier?: Waiting) => ({
    ...{ input, scheduledAt: undefined, systems: [system], sourceDir, settled: earlier?.look },
  });
  const look = async (now: Date, input: RawIngestionInput = {}, earlier?: Waiting) =>
    awaitedDeliveries(await surveyRun(asked(input, earlier)), earlier?.look, now);
  const plan = (input: RawIngestionInput = {}) =>
    planRun({
      ...asked(input),
      run: { loadId: 'w::r', workflowId: 'w', runId: 'r' },
      known: NOTHING_KNOWN,
      codeVersion: 'test',
    });
  return { sourceDir, put, look, plan };
}

const LONG_AGO = new Date('2026-01-02T00:00:00Z');
const at = (time: string) => new Date(`2026-03-04T${time}:00+01:00`);
const OWN: RawIngestionInput = { logicalDate: '2026-03-03' };

describe('tables that are late', () => {
  const late = () => described({ materials: ', wait_until: "06:30"', readings: ', wait_until: "05:00"' });

  it('are waited for until their local time on the day on which a schedule loads the date', async () => {
    const { look, put } = source(late());
    expect(await look(at('02:00'), OWN)).toMatchObject({
      logicalDate: '2026-03-03',
      waitingFor: [
        { kind: 'table', what: 'materials', until: at('06:30').toISOString() },
        { kind: 'table', what: 'readings', until: at('05:00').toISOString() },
      ],
      lookAgainInS: 60,
    });
    put('2026-03-03/materials.csv');
    expect((await look(at('02:00'), OWN))?.waitingFor).toMatchObject([{ what: 'readings' }]);
    expect(await look(at('05:00'), OWN)).toBeUndefined();
    put('2026-03-03/readings.csv');
    expect(await look(at('02:00'), OWN)).toBeUndefined();
  });

  it('are looked for at the very deadline, and less often the longer it takes', async () => {
    const { look } = source(late());
    const first = await look(at('02:00'), OWN);
    expect((await look(at('04:30'), OWN, first))?.lookAgainInS).toBe(300);
    expect((await look(new Date(at('05:00').getTime() - 20_000), OWN, first))?.lookAgainInS).toBe(20);
  });

  it('fix the date that is waited for, although a newer one is delivered meanwhile', async () => {
    const { look, put } = source(late(), '2026-03-03/readings.csv');
    const first = await look(at('02:00'));
    expect(first?.logicalDate).toBe('2026-03-03');
    put('2026-03-04/materials.csv');
    put('2026-03-04/readings.csv');
    expect(await look(at('02:01'), {}, first)).toMatchObject({
      logicalDate: '2026-03-03',
      waitingFor: [{ what: 'materials' }],
    });
  });

  it('are not waited for when the day is over or has not begun, in a backfill, or on request', async () => {
    const { look } = source(late(), '2026-03-03/readings.csv');
    expect(await look(at('06:30'), OWN)).toBeUndefined();
    expect(await look(new Date('2026-03-02T12:00:00Z'), OWN)).toBeUndefined();
    expect(await look(at('02:00'), { from: '2026-03-01', to: '2026-03-03' })).toBeUndefined();
    expect(await look(at('02:00'), { ...OWN, wait: false })).toBeUndefined();
  });

  it('fail the run at the deadline when they are required, and are left out and told of when they are not', async () => {
    const { plan, put } = source(late());
    await expect(plan(OWN)).rejects.toThrow(
      "materials of mes for 2026-03-03 did not come until 06:30 (Europe/Berlin): deliver mes/2026-03-03/materials.csv and start again, or declare the table 'required: false'.",
    );
    put('2026-03-03/materials.csv');
    expect((await plan(OWN)).lateTables).toEqual(['readings']);
  });

  it('keep their local time over a change of the clocks', () => {
    const deadline = (date: string) => deadlineOf(late(), date, '06:30').toISOString();
    expect(deadline('2026-03-27')).toBe('2026-03-28T05:30:00.000Z');
    expect(deadline('2026-03-28')).toBe('2026-03-29T04:30:00.000Z');
    expect(deadline('2026-10-24')).toBe('2026-10-25T05:30:00.000Z');
  });
});

describe('a file that is still being written', () => {
  const now = at('12:00');
  const secondsAgo = (seconds: number) => new Date(now.getTime() - seconds * 1000);

  it('is waited for until it has not been written to for the settling time', async () => {
    const { look, put } = source(described({ meta: 'arrival: { settle_seconds: 30 }' }));
    put('2026-03-03/materials.csv', secondsAgo(29));
    expect(await look(now)).toMatchObject({
      waitingFor: [{ kind: 'file', what: 'mes/2026-03-03/materials.csv', reason: 'still being written' }],
      lookAgainInS: 30,
    });
    put('2026-03-03/materials.csv', secondsAgo(30));
    expect(await look(now)).toBeUndefined();
  });

  it('is at rest all the same when two looks see it unchanged: its clock is wrong', async () => {
    const { look, put } = source(smallSystem());
    const file = put('2026-03-03/materials.csv', secondsAgo(-3600));
    const first = await look(now);
    expect(first?.waitingFor).toHaveLength(1);
    writeFileSync(file, 'longer than it was before, by far\n');
    utimesSync(file, secondsAgo(-3600), secondsAgo(-3600));
    const second = await look(secondsAgo(-2), {}, first);
    expect(second?.waitingFor).toHaveLength(1);
    expect(await look(secondsAgo(-3), {}, second)).toBeDefined();
    expect(await look(secondsAgo(-4), {}, second)).toBeUndefined();
  });

  it('fails the run, by its name, when it does not come to rest', async () => {
    const { look, put } = source(smallSystem());
    put('2026-03-03/materials.csv', now);
    const first = await look(now);
    put('2026-03-03/materials.csv', secondsAgo(-PATIENCE_S));
    await expect(look(secondsAgo(-PATIENCE_S), {}, first)).rejects.toThrow(
      'mes/2026-03-03/materials.csv is still being written 15 minutes after the run first saw it: start again when its source has finished.',
    );
  });

  it('is not landed when it changes while it is copied, and leaves nothing behind', async () => {
    const { sourceDir, put } = source(smallSystem());
    const file = put('2026-03-03/materials.csv');
    const { sha256, sizeBytes } = await fingerprintFile(file);
    writeFileSync(file, 'other bytes\n');
    const landing = path.join(sourceDir, 'landing');
    const delivered = { path: 'mes/2026-03-03/materials.csv', sizeBytes, modifiedAt: '', sha256 };
    await expect(landFile(sourceDir, landing, delivered)).rejects.toThrow(SourceMovedError);
    expect(readdirSync(landing)).toEqual([]);
  });
});

describe('a done marker', () => {
  const marked = (materials = '') => described({ meta: 'arrival: { done_marker: _SUCCESS }', materials });
  const day = ['2026-01-01/_SUCCESS', '2026-03-03/materials.csv'];

  it('is waited for as long as the last table may take, else a quarter of an hour', async () => {
    const { look, put } = source(marked(), ...day);
    const first = await look(at('12:00'));
    expect(first?.waitingFor).toMatchObject([
      { kind: 'done_marker', what: 'mes/2026-03-03/_SUCCESS', until: at('12:15').toISOString() },
    ]);
    expect(await look(at('12:15'), {}, first)).toBeUndefined();
    put('2026-03-03/_SUCCESS');
    expect(await look(at('12:00'))).toBeUndefined();
    const withDeadline = source(marked(', wait_until: "06:30"'), ...day);
    expect((await withDeadline.look(at('02:00')))?.waitingFor).toMatchObject([{ until: at('06:30').toISOString() }]);
  });

  it('that never came fails the run; on request the day is taken as it is', async () => {
    const { plan } = source(marked(), ...day);
    await expect(plan()).rejects.toThrow(/^mes's delivery for 2026-03-03 has no _SUCCESS, so that it is not complete/);
    expect((await plan({ wait: false })).manifest.batches.flat()).toHaveLength(2);
  });

  it('that an earlier day lacks leaves it to a later run', async () => {
    const { plan, put } = source(marked(), ...day, '2026-03-03/_SUCCESS', '2026-03-02/materials.csv');
    const { manifest, unfinishedDates } = await plan();
    expect(manifest.batches.flat().map((d) => d.logicalDate)).toEqual(['2026-01-01', '2026-03-03']);
    expect(unfinishedDates).toEqual(['2026-03-02']);
    put('2026-03-02/_SUCCESS');
    expect((await plan({ from: '2026-03-02', to: '2026-03-02' })).manifest.batches.flat()).toHaveLength(1);
  });

  it('beside flat files counts when it is not older than they are', async () => {
    const { look, put, plan } = source(marked(), '2026-01-01/_SUCCESS', 'readings.csv');
    const flat: RawIngestionInput = { logicalDate: '2026-03-03', tables: ['readings'] };
    expect((await look(at('12:00'), flat))?.waitingFor).toMatchObject([{ kind: 'done_marker' }]);
    put('_SUCCESS', new Date(LONG_AGO.getTime() - 1000));
    expect((await look(at('12:00'), flat))?.waitingFor).toMatchObject([{ kind: 'done_marker' }]);
    put('_SUCCESS', LONG_AGO);
    expect(await look(at('12:00'), flat)).toBeUndefined();
    expect((await plan({ ...flat, exact: true })).manifest.batches.flat()).toMatchObject([{ table: 'readings' }]);
  });
});
