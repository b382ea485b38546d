import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig, type AlertSettings } from '../../contracts/config';
import {
  incidentId,
  type AlertMessage,
  type IncidentChange,
  type IncidentChangeKind,
  type IncidentSummary,
} from '../../contracts/incidents';
import { alertText, slackText } from '../../incidents/alert-text';
import { deliver } from '../../incidents/deliver-alert';
import { looksOf } from '../../incidents/looks';
import { retryAfterMs, send } from '../../incidents/request';
import { Receiver, SECRET_PATH } from '../support/receiver';
import { scratchDir } from '../support/scratch';

const INCIDENT: IncidentSummary = {
  ...{ id: 'mfg-incident-row_count-orders', firstRunId: 'f', check: 'row_count', table: 'orders' },
  ...{ severity: 'ERROR', status: 'FAIL', worst: 'FAIL', state: 'OPEN', silencedUntil: null },
  ...{ since: '2026-03-11T02:00:00.000Z', lastSeenAt: '2026-03-12T02:00:00.000Z', failingRuns: 2, publication: 5 },
  ...{ observed: '800 rows', expected: '1,000 rows', threshold: 'less than 90 %', detail: 'source says more' },
  ...{ sample: ['PO-1', 'PO-2'], run: { workflowId: 'w', runId: 'r' } },
};
const RUN = { workflowId: 'nightly', runId: 'r', workflowType: 'mfgRawIngestion' };
const links = ({ workflowId, runId }: { workflowId: string; runId: string }) => `http://ui/${workflowId}/${runId}`;

function change(kind: IncidentChangeKind, rest: Partial<IncidentSummary> = {}): IncidentChange {
  return { kind, incident: { ...INCIDENT, ...rest }, actor: null, reason: null };
}

function message(changes: IncidentChange[], changeCount = changes.length): AlertMessage {
  return { key: 'key-1', at: '2026-03-12T02:05:00.000Z', changes, changeCount, run: RUN };
}

describe('the text of a message', () => {
  it('says what failed, since when, how often, with a sample and links', () => {
    expect(alertText(message([change('OPENED')]), links)).toBe(
      [
        'row_count on orders: opened',
        '• FAIL row_count on orders opened (severity ERROR): found 800 rows, expected 1,000 rows (less than 90 %); ' +
          'source says more; since 2026-03-11 02:00 UTC, seen by 2 runs; sample PO-1, PO-2; publication 5 — ' +
          'incident: http://ui/mfg-incident-row_count-orders/f',
        'Run mfgRawIngestion nightly: http://ui/nightly/r',
        'Told at 2026-03-12 02:05 UTC; npx mfg incidents lists what is open.',
      ].join('\n'),
    );
  });

  it('counts what changed, and says who did it', () => {
    const changes = [change('OPENED'), change('OPENED'), change('RESOLVED')];
    expect(alertText(message(changes), links)).toMatch(/^3 incidents: 2 opened, 1 resolved\n/);
    const silenced = { ...change('SILENCED', { silencedUntil: '2026-03-14T06:00:00.000Z' }), actor: 'ann' };
    const text = alertText({ ...message([{ ...silenced, reason: 'rebuilt' }]), run: null }, () => undefined);
    expect(text).toContain('; by ann until 2026-03-14 06:00 UTC: rebuilt\n');
    expect(text).not.toMatch(/http|^Run/m);
  });

  it('is of bounded length, and counts what it leaves out', () => {
    const long = { observed: 'x'.repeat(5_000), sample: Array<string>(50).fill('y'.repeat(5_000)) };
    for (const text of [alertText, slackText]) {
      const told = text(message(Array<IncidentChange>(50).fill(change('OPENED', long)), 120), links);
      expect(told.length).toBeLessThanOrEqual(3_900);
      const shown = told.split('\n').filter((line) => line.startsWith('•')).length;
      expect(shown).toBeGreaterThan(0);
      expect(told).toContain(`\nand ${120 - shown} more\n`);
    }
  });

  it('shows hostile cells as what they are, on one line', () => {
    const hostile = 'a\n• FAIL fake\u0000\u001b[31m\u202e\u2028<!channel> & <http://evil|click> `x` *b*';
    const incident = { observed: hostile, sample: [hostile], detail: hostile, table: hostile };
    const plain = alertText(message([change('OPENED', incident)]), links);
    expect(plain.split('\n')).toHaveLength(4);
    // eslint's no-control-regex does not apply to properties.
    expect(plain.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}]/u);
    const slack = slackText(message([change('OPENED', incident)]), links);
    expect(slack.split('\n')).toHaveLength(4);
    expect(slack).not.toMatch(/<(?!http:\/\/ui\/)/);
    expect(slack).toContain("`a • FAIL fake [31m &lt;!channel&gt; &amp; &lt;http://evil|click&gt; 'x' *b*`");
  });
});

describe('delivery', () => {
  const settings = (rest: Partial<AlertSettings> = {}): AlertSettings => ({
    ...loadConfig({ MFG_STATE_DIR: scratchDir() }).alerts,
    ...rest,
  });
  const ui = { uiUrl: 'http://ui', namespace: 'default' };

  it('writes a message to the file once, after a line that a crash has torn too', async () => {
    const to = settings();
    expect(path.basename(to.file)).toBe('alerts.jsonl');
    expect(await deliver(to, 'file', message([change('OPENED')]), ui)).toEqual({ isNew: true });
    expect(await deliver(to, 'file', message([change('OPENED')]), ui)).toEqual({ isNew: false });
    writeFileSync(to.file, readFileSync(to.file, 'utf8') + '{"key":"key-2","at":"20');
    const second = { ...message([change('RESOLVED')]), key: 'key-2' };
    expect(await deliver(to, 'file', second, ui)).toEqual({ isNew: true });
    expect(await deliver(to, 'file', second, ui)).toEqual({ isNew: false });
    const lines = readFileSync(to.file, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({
      key: 'key-2',
      changes: [{ incidentKey: 'mfg-incident-row_count-orders:f', kind: 'RESOLVED' }],
      run: { url: 'http://ui/namespaces/default/workflows/nightly/r' },
    });
  });

  it('names the file that cannot be written', async () => {
    const file = path.join(scratchDir(), 'a', 'alerts.jsonl');
    writeFileSync(path.dirname(file), 'no folder');
    const failed = deliver(settings({ file }), 'file', message([]), ui);
    await expect(failed).rejects.toThrow(/^MFG_ALERT_FILE \(.*alerts.jsonl\) cannot be written \(E/);
  });

  it('cuts a receiver off that hangs or redirects, and never tells its address', async () => {
    const receiver = new Receiver(Date.now, [
      'hang',
      { status: 302, headers: { Location: 'http://127.0.0.1:1/' } },
      { status: 429, headers: { 'Retry-After': '7' } },
    ]);
    const url = await receiver.listen();
    const request = { variable: 'MFG_ALERT_WEBHOOK_URL', url, method: 'POST', body: '{}' } as const;
    const failures = [
      await send({ ...request, patienceMs: 1_500 }).catch((error: Error) => error),
      await send(request).catch((error: Error) => error),
      await send(request).catch((error: Error) => error),
    ];
    await receiver.close();
    failures.push(await send(request).catch((error: Error) => error));
    const to = 'MFG_ALERT_WEBHOOK_URL (127.0.0.1)';
    expect(failures).toMatchObject([
      { message: `${to} has not answered within 1.5 seconds` },
      { message: `${to} answered 302` },
      { message: `${to} answered 429`, retryAfterMs: 7_000 },
      { message: `${to} cannot be reached (ECONNREFUSED)` },
    ]);
    expect(receiver.requests).toHaveLength(3);
    expect(failures.map(String).join()).not.toContain(SECRET_PATH);
  });

  it.each([
    ['120', 120_000],
    ['0', 1_000],
    ['999999', 3_600_000],
    ['Wed, 11 Mar 2026 02:10:00 GMT', 600_000],
    ['Wed, 11 Mar 2020 02:10:00 GMT', 1_000],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ])('Retry-After: %s', (header, ms) => {
    expect(retryAfterMs(header, Date.parse('2026-03-11T02:00:00Z'))).toBe(ms);
  });
});

describe('what outcomes do to incidents', () => {
  const at = '2026-03-11T02:00:00.000Z';
  const outcome = (check: string, severity: 'ERROR' | 'INFO', status: 'PASS' | 'WARN' | 'FAIL' | 'ERROR') => ({
    ...{ check, table: 't', severity, status, observed: '', expected: '', detail: '', startedAt: at },
  });

  it('the worst of several counts, INFO opens nothing, and texts are cut', () => {
    const { failing, passing } = looksOf(
      [
        outcome('several', 'ERROR', 'PASS'),
        { ...outcome('several', 'ERROR', 'FAIL'), detail: 'x'.repeat(10_000), sample: Array<string>(9).fill('k') },
        outcome('told', 'INFO', 'WARN'),
        outcome('broken', 'INFO', 'ERROR'),
        outcome('fine', 'ERROR', 'PASS'),
      ],
      { runKey: 'k', run: { workflowId: 'w', runId: 'r' }, publication: 1 },
    );
    expect(failing.map(({ outcome: { check, status } }) => [check, status])).toEqual([['several', 'FAIL']]);
    expect(failing[0]?.outcome.detail.length).toBe(501);
    expect(failing[0]?.outcome.sample).toHaveLength(5);
    expect(passing.map(({ check }) => check).sort()).toEqual(['fine', 'told']);
  });

  it('ids are safe and differ for every check and table', () => {
    expect(incidentId('row_count', 'orders')).toBe('mfg-incident-row_count-orders');
    const ids = [
      ['a', '(system)'],
      ['a', '_system_'],
      ['a-b', 'c'],
      ['a', 'b-c'],
      ['a', 'x'.repeat(500)],
      ['a', 'x'.repeat(501)],
      ['a', "'; drop\n$(x)"],
    ].map(([check = '', table = '']) => incidentId(check, table));
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[\w.-]{1,250}$/);
  });
});
