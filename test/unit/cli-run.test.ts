import { execFileSync } from 'node:child_process';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { CommandFailure, exitCodeOf, sentenceOf } from '../../client/cli/failures';
import { dateSpan, duration, table } from '../../client/cli/print';
import { progressWords, showProgress } from '../../client/cli/progress';
import type { Snapshot } from '../../client/run-progress';
import { failOnFailedChecks } from '../../client/cli/show-results';
import { cancelCommand, shellQuote, startCommand } from '../../client/cli/temporal-command';
import type { RunHandle } from '../../client/start-runs';
import { ConfigurationError, InvalidInputError, TemporalUnreachableError } from '../../contracts/errors';
import type { DataQualityResult } from '../../contracts/quality';
import type { RunProgress } from '../../contracts/run';

describe('the equivalent temporal command', () => {
  const server = { address: '127.0.0.1:7233', namespace: 'default' };

  it('is one line that a shell can take', () => {
    const run = { workflowType: 'mfgRawIngestion', workflowId: 'mfg-1', input: { logicalDate: '2026-03-11' } };
    expect(startCommand(server, run)).toBe(
      `npx mfg temporal workflow start --task-queue mfg-data-platform --type mfgRawIngestion --workflow-id mfg-1 --input '{"logicalDate":"2026-03-11"}' --address 127.0.0.1:7233`,
    );
    expect(cancelCommand({ ...server, namespace: 'plant 1' }, 'mfg-1')).toBe(
      `npx mfg temporal workflow cancel --workflow-id mfg-1 --address 127.0.0.1:7233 --namespace 'plant 1'`,
    );
  });

  it('survives a real shell whatever the input holds', () => {
    const words = [`it's`, `"double"`, '$HOME `id` \\', 'a\nb', '', '*', '~', '{"tables":["a","b"]}', '!x', 'ä€', '-n'];
    const command = `printf '%s\\0' ${words.map(shellQuote).join(' ')}`;
    expect(execFileSync('sh', ['-c', command], { encoding: 'utf8' })).toBe(words.map((word) => `${word}\0`).join(''));
  });
});

describe('exit codes and sentences', () => {
  it.each([
    [new InvalidInputError('x'), 2],
    [new ConfigurationError('x'), 2],
    [new TemporalUnreachableError('x'), 1],
    [new CommandFailure('x', 130), 130],
    [new Error('x'), 1],
    ['x', 1],
  ])('%s: %i', (error, code) => expect(exitCodeOf(error)).toBe(code));

  it('shows the platform’s own errors as they are, others with a way to learn more', () => {
    expect(sentenceOf(new InvalidInputError('no table x.'), {})).toBe('no table x.');
    expect(sentenceOf(new Error('boom.\n  at here'), {})).toBe(
      'Unexpected error: boom: run the same command with MFG_DEBUG=1 for details.',
    );
    expect(sentenceOf(new Error('boom'), { MFG_DEBUG: '1' })).toContain('cli-run.test.ts');
  });

  it('failed checks are exit code 1, and the sentence says that the publication stands', () => {
    const quality: DataQualityResult = {
      ...{ publication: 3, asOf: '', checks: 20, passed: 18, warned: 0, failed: 2, findings: [] },
    };
    expect(() => failOnFailedChecks(quality)).toThrow('2 of 20 data quality checks failed; publication 3 stands.');
    expect(() => failOnFailedChecks({ ...quality, failed: 0 })).not.toThrow();
  });
});

describe('progress', () => {
  const run: RunProgress = {
    ...{ stage: 'loading', logicalDate: '2026-03-11', batchesDone: 1, batches: 3, publication: null },
    ...{ paused: false, waitingFor: [], daysDone: 0, days: 0, failedDateCount: 0, failedDates: [] },
    loads: { partitions: 10, rowsRead: 1240, rowsLoaded: 1234, rowsRejected: 6, sizeBytes: 1 },
  };
  const work = (activity: string, rest: Partial<Snapshot['pending'][number]> = {}) => ({
    ...{ activity, progress: undefined, attempt: 1, lastFailure: undefined, ...rest },
  });

  it('counts batches, rows and dbt nodes', () => {
    const loading = work('loadPartitions', { progress: { at: 'materials 2026-03-04', done: 2, of: 10 } });
    expect(progressWords({ run, pending: [loading] })).toEqual({
      step: 'Loading: 1 of 3 batches done, 1,234 rows',
      detail: '2 of 10, materials 2026-03-04',
      trouble: undefined,
    });
    const building = work('buildCandidate', { progress: { at: 'fct_production_orders', done: 12, of: 40 } });
    expect(progressWords({ run: { ...run, stage: 'building' }, pending: [building] })).toMatchObject({
      step: 'Building and testing with dbt',
      detail: '12 of 40, fct_production_orders',
    });
  });

  it('says what a run waits for, that it is paused, and how many days have failed', () => {
    const awaited = { kind: 'table', what: 'materials', reason: 'not delivered for 2026-03-11' } as const;
    const waitingFor = [{ ...awaited, until: new Date(2026, 2, 12, 6, 30).toISOString() }];
    expect(progressWords({ run: { ...run, stage: 'waiting', waitingFor }, pending: [] }).step).toBe(
      'Waiting for materials (not delivered for 2026-03-11), at most until 2026-03-12 06:30',
    );
    const days = { stage: 'backfilling', paused: true, daysDone: 3, days: 9, failedDateCount: 1 } as const;
    expect(progressWords({ run: { ...run, ...days }, pending: [] }).step).toBe(
      'Paused (`mfg runs resume` lets it go on): Loading and publishing day by day: 3 of 9 days done, 1,234 rows, 1 date failed',
    );
  });

  it('understands workflows without a query by what is at work', () => {
    expect(progressWords({ run: undefined, pending: [] }).step).toBe('Starting');
    expect(progressWords({ run: undefined, pending: [work('checkQuality')] }).step).toBe("Checking the data's quality");
  });

  it('says what is being tried again, and why', () => {
    const failing = work('publish', { attempt: 3, lastFailure: 'the store is held by PID 7\n  at x' });
    expect(progressWords({ run, pending: [failing] }).trouble).toBe(
      'publish failed and is tried again (attempt 3): the store is held by PID 7',
    );
  });

  it('is a line per step without a terminal', async () => {
    expect(await shown(false)).toBe('Loading: 1 of 3 batches done, 1,234 rows\nBuilding and testing with dbt\n');
  });

  it('is one line on a terminal, no wider than it, taken away at the end', async () => {
    const lines = (await shown(true)).split('\r\u001b[2K');
    expect(lines[1]).toMatch(/^Loading: 1 of 3 batches done, 1,234 /);
    expect(lines.at(-1)).toBe('');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
    expect(lines.join('')).not.toContain('\n');
  });

  /** Progress of a run that is loading, then building, then over. */
  async function shown(isTTY: boolean): Promise<string> {
    let text = '';
    let polls = 0;
    const over = new AbortController();
    const stream = { isTTY, columns: 40, write: (chunk: string | Uint8Array) => Boolean((text += String(chunk))) };
    const beat = { payloads: [defaultPayloadConverter.toPayload({ at: 'a_node', done: 1, of: 40 })] };
    const handle = {
      query: () => {
        if (++polls > 2) over.abort();
        return Promise.resolve({ ...run, stage: polls === 1 ? 'loading' : 'building' });
      },
      describe: () =>
        Promise.resolve({
          raw: { pendingActivities: [{ activityType: { name: 'buildCandidate' }, heartbeatDetails: beat }] },
        }),
    } as unknown as RunHandle<'mfgRawIngestion'>;
    const through = (_: unknown, question: () => unknown) => question();
    const client = { withDeadline: through, withAbortSignal: through } as unknown as Client;
    await showProgress(client, handle, true, over.signal, stream as unknown as NodeJS.WriteStream);
    return text;
  }
});

describe('tables', () => {
  it('align, have no trailing blanks, and stay on one line per row when there is room', () => {
    expect(
      table(
        ['name', 'rows'],
        [
          ['a', '1'],
          ['longer', '1,000'],
        ],
        { right: ['rows'] },
      ),
    ).toBe(['name     rows', 'a           1', 'longer  1,000'].join('\n'));
  });

  it('break the widest cells at blanks to fit, but never an identifier', () => {
    const rows = [['abcdefghijklmnopqrstuvwxyz', 'one two three four five six seven']];
    const lines = table(['id', 'text'], rows, { width: 44, whole: ['id'] }).split('\n');
    expect(lines).toEqual([
      'id                          text',
      'abcdefghijklmnopqrstuvwxyz  one two three',
      '                            four five six',
      '                            seven',
    ]);
    expect(table(['id', 'text'], rows, { width: 20, whole: ['id'] }).split('\n')).toHaveLength(2);
  });

  it('speak of dates and times as people do', () => {
    expect(dateSpan(['2026-03-11'])).toBe('1 date, 2026-03-11');
    expect(dateSpan(['2026-03-02', '2026-03-03', '2026-03-11'])).toBe('3 dates, 2026-03-02 to 2026-03-11');
    expect([duration(8_400), duration(125_000)]).toEqual(['8.4 s', '2 min 5 s']);
  });
});
