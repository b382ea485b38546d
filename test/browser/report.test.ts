import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { PROJECT_ROOT } from '../../contracts/config';
import type { QualityRecord } from '../../contracts/quality';
import { kpi, LOSSES, lossOf, type Sums } from '../../report/page/kpis';
import type { ReportData } from '../../report/report-data';
import { writeReport } from '../../report/write-report';
import { startChromium } from '../support/browser';
import { buildDataSet, projectWithoutTests, type DataSet } from '../support/data-set';
import { scratchDir } from '../support/scratch';

/** The last days of the shipped export: more would only take longer. */
const DAYS = ['2026-04-02', '2026-04-03', '2026-04-04'];
const YESTERDAY = '2026-04-03';
const HOSTILE = `</script><img src=x onerror="window.hacked=1">'`;
const KPIS = ['oee_index', 'availability', 'effectiveness', 'quality_ratio'] as const;
/** The third work unit of Chicago. */
const UNIT = 'CHI-L2-U1';
const SHIFT = `equipment_id = '${UNIT}' and production_date = date '${YESTERDAY}' and shift_number = 2`;

let dataSet: DataSet;
let browser: Browser;
let file: string;

beforeAll(async () => {
  browser = await startChromium();
  dataSet = await buildDataSet(shippedDays(), scratchDir(), projectWithoutTests());
  await dataSet.warehouse.saveQuality({ loadId: 'load::r', workflowId: 'look', runId: 'r' }, [
    check('row_count_raw_staging', 'PASS', '10'),
    check('orphan_batch', 'WARN', HOSTILE),
  ]);
  file = path.join(scratchDir(), 'report.html');
  await writeReport(dataSet.warehouse, request(), file);
});

function request() {
  return {
    publication: undefined,
    webUi: { url: 'http://127.0.0.1:8233', namespace: 'default' },
    openIncidents: () => Promise.reject(new Error('the platform does not run')),
  };
}

function check(name: string, status: 'PASS' | 'WARN', observed: string): QualityRecord {
  return {
    ...{
      check: name,
      table: 'production_orders',
      severity: 'WARN',
      status,
      observed,
      expected: '10',
      detail: observed,
    },
    ...{ ordinal: 0, publication: 1, isGate: false, ruleVersion: 'r', codeVersion: 'test', details: {} },
    startedAt: '2026-04-05T00:00:00.000Z',
  };
}

/** The shipped days, with a work unit whose name tries to end the script that it stands in. */
function shippedDays(): string {
  const sourceDir = scratchDir();
  for (const day of DAYS) {
    const shipped = path.join(PROJECT_ROOT, 'data', 'raw', 'source_system', 'mes', day);
    const folder = path.join(sourceDir, 'mes', day);
    cpSync(shipped, folder, { recursive: true, preserveTimestamps: true });
  }
  const equipment = path.join(sourceDir, 'mes', DAYS.at(-1) ?? '', 'equipment.csv.gz');
  const cells = gunzipSync(readFileSync(equipment)).toString();
  const spoilt = cells.replace('Dissolver 1.1', `"${HOSTILE.replaceAll('"', '""')}"`);
  expect(spoilt).not.toBe(cells);
  writeFileSync(equipment, gzipSync(spoilt));
  return sourceDir;
}

/** The page, opened from its file; whatever it asks of a network, and each error, fails the test. */
async function openPage(options: BrowserContextOptions = {}, address = ''): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('console', (message) => void (['error', 'warning'].includes(message.type()) && wrong.push(message.text())));
  page.on('pageerror', (error) => void wrong.push(error.message));
  page.on('request', (asked) => void (/^(file|data):/.test(asked.url()) || wrong.push(asked.url())));
  await page.goto(`${pathToFileURL(file).href}${address}`);
  await page.locator('html[data-ready]').waitFor();
  opened.push({ page, wrong });
  return page;
}

const opened: { page: Page; wrong: string[] }[] = [];

afterEach(async () => {
  for (const { page, wrong } of opened.splice(0)) {
    expect(wrong).toEqual([]);
    await page.context().close();
  }
});

/** The value of a card, as exactly as the page has it. */
async function figure(page: Page, name: string): Promise<number> {
  return Number(await page.locator(`[data-figure="${name}"]`).getAttribute('data-value'));
}

async function oneRow(sql: string): Promise<Record<string, unknown>> {
  const [row] = await dataSet.rows(sql);
  if (row === undefined) throw new Error(`no row: ${sql}`);
  return row;
}

function reportData(): ReportData {
  const html = readFileSync(file, 'utf8');
  const json = /id="report-data">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
  return JSON.parse(json) as ReportData;
}

describe('the report page', () => {
  it('answers by clicking why OEE was low on work unit 3, shift 2, yesterday', async () => {
    const page = await openPage();
    const oee = page.locator('#oee');
    await oee.getByRole('button', { name: 'Chicago', exact: true }).click();
    await oee.getByRole('button', { name: '‹ Day before' }).click();
    await oee.getByRole('button', { name: /\(CHI-L2-U1\)/ }).click();
    await oee.getByRole('button', { name: 'Shift 2', exact: true }).click();
    await expect(oee.locator('#here').innerText()).resolves.toBe('Shift 2');

    const mart = await oneRow(`select ${KPIS.join(', ')}, planned_busy_time_s - actual_unit_busy_time_s as idle,
      actual_unit_setup_time_s as setup, actual_unit_delay_time_s as delays, rated_production_time_s - planned_run_time_s as speed,
      planned_run_time_s - good_planned_run_time_s as scrap from marts.work_unit_shift_kpis where ${SHIFT}`);
    for (const name of KPIS) expect(await figure(page, name)).toBeCloseTo(Number(mart[name]), 12);

    await oee.locator('figure', { hasText: 'What planned busy time' }).getByText('Table', { exact: true }).click();
    const losses = { Idle: 'idle', Setup: 'setup', Delays: 'delays', Speed: 'speed', 'Scrap and rework': 'scrap' };
    for (const [loss, column] of Object.entries(losses)) {
      const shown = await oee.locator(`[data-loss="${loss}"]`).getAttribute('data-value');
      expect([loss, Number(shown).toFixed(3)]).toEqual([loss, Number(mart[column]).toFixed(3)]);
    }
    // The reasons of the delays, and the sentence that says it.
    const delays = await dataSet.rows(`select state, coalesce(reason_code, 'unknown') as reason, sum(duration_s) as s
      from core.fct_state_time where time_element = 'ADET' and is_in_ended_shift and shift_id in (
        select shift_id from marts.work_unit_shift_kpis where ${SHIFT})
      group by all order by s desc, reason`);
    expect(delays.length).toBeGreaterThan(0);
    await page.locator('#downtime').getByText('Table', { exact: true }).click();
    for (const { state, reason, s } of delays) {
      const cell = page.locator(`[data-delay="${String(state)}/${String(reason)}"]`);
      expect(Number(await cell.getAttribute('data-value'))).toBe(Number(s));
    }
    const answer = await oee.locator('#answer').innerText();
    expect(answer).toContain(`OEE is ${(100 * Number(mart.oee_index)).toFixed(1)} % over 1 shift.`);
    expect(answer).toContain(String(delays[0]?.reason).replaceAll('_', ' '));
  });

  it('rolls up sums, at every level as the marts do', async () => {
    const { definitions, tables } = reportData();
    const columns = Object.keys(tables.shifts.columns).filter((name) => name.endsWith('_s'));
    const martOf = {
      site_id: 'plant_day_kpis',
      work_center_id: 'work_center_day_kpis',
      equipment_id: 'work_unit_day_kpis',
    };
    let compared = 0;
    for (const [level, mart] of Object.entries(martOf)) {
      const rows = await dataSet.rows(`select * from marts.${mart} where planned_busy_time_s is not null`);
      for (const row of rows) {
        const sums = sumsOf(tables.shifts, columns, { [level]: row[level], production_date: row.production_date });
        for (const [name, { ratioOf, productOf }] of Object.entries(definitions)) {
          if ((ratioOf ?? productOf) === undefined) continue;
          const value = kpi(definitions, name, sums);
          if (row[name] === null) expect([name, value]).toEqual([name, null]);
          else expect(value).toBeCloseTo(Number(row[name]), 9);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(200);
    // Each planned second is lost once, or productive.
    const sums = sumsOf(tables.shifts, columns, {});
    const lost = LOSSES.reduce((sum, loss) => sum + lossOf(loss, sums), sums.good_planned_run_time_s ?? 0);
    expect(lost).toBeCloseTo(sums.planned_busy_time_s ?? 0, 3);
  });

  it('shows the query that gives its figures, for whatever is selected', async () => {
    const page = await openPage({}, `#site=HAM&unit=HAM-L1-U1&from=2026-04-02&to=2026-04-03`);
    await page.locator('#oee .source').getByText('SQL').click();
    const row = await oneRow(await page.locator('#oee .source pre').innerText());
    for (const name of KPIS) expect(await figure(page, name)).toBeCloseTo(Number(row[name]), 9);
    await page.locator('#downtime .source').getByText('SQL').click();
    const [delay] = await dataSet.rows(await page.locator('#downtime .source pre').innerText());
    await page.locator('#downtime').getByText('Table', { exact: true }).click();
    const cell = page.locator(`[data-delay="${String(delay?.state)}/${String(delay?.reason_code)}"]`);
    expect(Number(await cell.getAttribute('data-value'))).toBe(Number(delay?.delay_time_s));
  });

  it('tells how far to trust it, and where its run is', async () => {
    const page = await openPage();
    const banner = page.locator('#trust');
    expect(await banner.innerText()).toContain('could not ask: the platform does not run');
    expect(await banner.innerText()).toContain(DAYS.at(-1));
    const { workflowId, runId } = reportData().publication;
    const url = `http://127.0.0.1:8233/namespaces/default/workflows/${workflowId}/${runId}`;
    expect(await banner.locator('footer a').getAttribute('href')).toBe(url);
  });

  it('shows hostile cells as text', async () => {
    const page = await openPage({}, '#site=HAM');
    const wanted = `${HOSTILE} (HAM-L1-U1)`;
    expect(await page.locator('#oee').getByRole('button', { name: wanted }).count()).toBe(1);
    await expect(page.locator('#quality').getByRole('button', { name: HOSTILE }).innerText()).resolves.toBe(HOSTILE);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.locator('img').count()).toBe(0);
  });

  it('is used with the keyboard alone', async () => {
    const page = await openPage();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('oee');
    await tabTo(page, 'Site');
    await page.keyboard.press('ArrowDown');
    await tabTo(page, '‹ Day before');
    await page.keyboard.press('Space');
    // A definition is told on focus and put away by Escape.
    await tabTo(page, 'Availability');
    const tip = page.locator('.card [role=tooltip]:visible');
    expect(await tip.innerText()).toContain('APT / PBT (ISO 22400-2)');
    expect(await tip.innerText()).toContain('ratio, 1 is 100 %');
    await page.keyboard.press('Escape');
    expect(await tip.count()).toBe(0);
    await tabTo(page, /^[\w ]+[.\d]* \(CHI-L1-U1\)$/);
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('here');
    await tabTo(page, 'Shift 1');
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).toBe(`#site=CHI&unit=CHI-L1-U1&shift=1&from=${YESTERDAY}&to=${YESTERDAY}`);
    await page.goBack();
    await expect(page.locator('#here').innerText()).resolves.toContain('CHI-L1-U1');
  });

  it.each([
    ['dark', { colorScheme: 'dark' }],
    ['on a phone', { colorScheme: 'light', viewport: { width: 360, height: 740 } }],
  ] as const)('has nothing that an accessibility checker finds, %s', async (_name, options) => {
    const page = await openPage({ bypassCSP: true, ...options });
    for (const folded of await page.locator('summary').all()) await folded.click();
    await page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
    const { violations } = await page.evaluate<{
      violations: { id: string; impact: string; nodes: { html: string }[] }[];
    }>('axe.run(document, { resultTypes: ["violations"] })');
    const found = violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html}`);
    expect(found).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });
});

/** Presses Tab until something of that name has the focus. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const isWanted = (text: string) => (typeof name === 'string' ? text === name : name.test(text));
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    const text = await page.evaluate<string>(
      `(document.activeElement.labels?.[0]?.firstChild ?? document.activeElement).textContent.trim()`,
    );
    if (isWanted(text)) return;
  }
  throw new Error(`nothing named ${String(name)} is reached with the keyboard`);
}

/** Sums over the shifts whose columns have the given values. */
function sumsOf(table: ReportData['tables']['shifts'], columns: string[], where: Record<string, unknown>): Sums {
  const cell = (name: string, row: number) => {
    const column = table.columns[name];
    if (column === undefined) return null;
    return 'numbers' in column ? column.numbers[row] : column.texts[column.codes[row] ?? -1];
  };
  const rows = Array.from({ length: table.rows }, (_, row) => row).filter((row) =>
    Object.entries(where).every(([name, value]) => cell(name, row) === value),
  );
  return Object.fromEntries(
    columns.map((name) => {
      const known = rows.map((row) => cell(name, row) as number | null).filter((value) => value !== null);
      return [name, known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0)];
    }),
  );
}
