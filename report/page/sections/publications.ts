import type { ReportData } from '../../report-data';
import { Chart, names, values } from '../chart';
import { h, section, table } from '../dom';
import { count, decimal, percent, time, words } from '../format';
import { runLink, source } from '../source';
import { rowsOf } from '../tables';

/** The publication log: what was published, held, rolled back. */
export function publications(data: ReportData): HTMLElement {
  const entries = rowsOf(data.tables.publications);
  const builds = entries.filter((row) => row.number('build_seconds') !== null).reverse();
  const chart = new Chart('Builds, in seconds');
  chart.draw({
    says: `${count(builds.length)} builds; the newest took ${decimal(builds.at(-1)?.number('build_seconds') ?? null)} seconds.`,
    height: 200,
    table: () =>
      table(
        'Builds',
        [{ title: 'Entry' }, { title: 'Status' }, { title: 'Seconds', isNumber: true }],
        builds.map((row) => [row.text('publication'), row.text('status'), decimal(row.number('build_seconds'))]),
      ),
    option: (palette) => ({
      xAxis: names(
        palette,
        builds.map((row) => row.text('publication')),
      ),
      yAxis: values(palette, (value) => `${count(value)} s`),
      series: [
        {
          type: 'bar',
          barMaxWidth: 28,
          data: builds.map((row) => ({
            value: row.number('build_seconds'),
            itemStyle: { color: row.text('status') === 'PUBLISHED' ? palette.series[0] : palette.series[1] },
          })),
        },
      ],
    }),
  });
  return section(
    'publications',
    'Publications',
    chart.element,
    table(
      'The publication log',
      [
        { title: 'Entry' },
        { title: 'Kind' },
        { title: 'Status' },
        { title: 'When' },
        { title: 'Models', isNumber: true },
        { title: 'Tests', isNumber: true },
        { title: 'Warnings', isNumber: true },
        { title: 'Run, or who and why' },
      ],
      entries.map((row) => [
        row.text('publication'),
        `${row.text('kind').toLowerCase()}${row.text('kind') === 'BUILD' ? `, ${row.text('scope').toLowerCase()}` : ''}`,
        row.text('status').toLowerCase(),
        time(row.text('at_time')),
        count(row.number('models')),
        count(row.number('tests')),
        count(row.number('warnings')),
        row.text('actor') !== ''
          ? `${row.text('actor')}: ${row.text('reason')}`
          : h(
              'span',
              {},
              runLink(data, row.text('workflow_id'), row.text('run_id')),
              row.text('failure') !== '' && `: ${row.text('failure')}`,
            ),
      ]),
    ),
    source(data, data.tables.publications.sql),
  );
}

/** Loads, and what of the files was rejected. */
export function loads(data: ReportData): HTMLElement {
  const runs = rowsOf(data.tables.loads);
  const rejects = rowsOf(data.tables.rejects);
  const oldest = [...runs].reverse();
  const chart = new Chart('Rows loaded, by run');
  chart.draw({
    says: `${count(runs.length)} loads; the newest loaded ${count(runs[0]?.number('rows_loaded') ?? null)} rows and rejected ${count(
      runs[0]?.number('rows_rejected') ?? null,
    )}.`,
    height: 200,
    table: () =>
      table(
        'Rows by run',
        [{ title: 'Started' }, { title: 'Loaded', isNumber: true }, { title: 'Rejected', isNumber: true }],
        oldest.map((row) => [
          time(row.text('started_at')),
          count(row.number('rows_loaded')),
          count(row.number('rows_rejected')),
        ]),
      ),
    option: (palette) => ({
      xAxis: names(
        palette,
        oldest.map((row) => row.text('started_at').slice(0, 16)),
      ),
      yAxis: values(palette, (value) => count(value)),
      series: [
        {
          type: 'bar',
          stack: 'rows',
          name: 'Loaded',
          barMaxWidth: 28,
          color: palette.series[0],
          data: oldest.map((row) => row.number('rows_loaded')),
        },
        {
          type: 'bar',
          stack: 'rows',
          name: 'Rejected',
          barMaxWidth: 28,
          color: palette.series[1],
          data: oldest.map((row) => row.number('rows_rejected')),
        },
      ],
    }),
  });
  return section(
    'loads',
    'Loads and rejects',
    chart.element,
    loadTable(data),
    h('h3', {}, 'Rejected records of this publication'),
    rejects.length === 0
      ? h('p', {}, 'No record was rejected.')
      : table(
          'Rejected records by table and reason',
          [{ title: 'Table' }, { title: 'Reason' }, { title: 'Records', isNumber: true }],
          rejects.map((row) => [row.text('table_name'), row.text('reason'), count(row.number('records'))]),
        ),
    source(data, `-- Loads\n${data.tables.loads.sql};\n\n-- Rejected records\n${data.tables.rejects.sql}`),
  );
}

function loadTable(data: ReportData): HTMLElement {
  return table(
    'Loads',
    [
      { title: 'Run' },
      { title: 'Started' },
      { title: 'Logical dates' },
      { title: 'Partitions', isNumber: true },
      { title: 'Rows read', isNumber: true },
      { title: 'Loaded', isNumber: true },
      { title: 'Rejected', isNumber: true },
      { title: 'Share', isNumber: true },
      { title: 'Failed attempts', isNumber: true },
    ],
    rowsOf(data.tables.loads).map((row) => {
      const [read, rejected] = [row.number('rows_read') ?? 0, row.number('rows_rejected') ?? 0];
      const [first, last] = [row.text('first_date'), row.text('last_date')];
      return [
        runLink(data, row.text('workflow_id'), row.text('run_id')),
        time(row.text('started_at')),
        first === last ? first : `${first} to ${last}`,
        count(row.number('partitions')),
        count(read),
        count(row.number('rows_loaded')),
        count(rejected),
        percent(read === 0 ? null : rejected / read),
        count(row.number('failed_attempts')),
      ];
    }),
  );
}

/** How long the models of the newest build took, and usually take. */
export function models(data: ReportData): HTMLElement {
  const rows = rowsOf(data.tables.models);
  const byNode = new Map<string, { publication: number; seconds: number; rows: number | null }[]>();
  for (const row of rows) {
    const runs = byNode.get(row.text('node')) ?? [];
    runs.push({
      publication: row.number('publication') ?? 0,
      seconds: row.number('seconds') ?? 0,
      rows: row.number('rows_affected'),
    });
    byNode.set(row.text('node'), runs);
  }
  const timed = [...byNode]
    .map(([node, runs]) => {
      const newest = runs.at(-1);
      return { node, newest, usual: median(runs.map(({ seconds }) => seconds)), builds: runs.length };
    })
    .sort((a, b) => (b.newest?.seconds ?? 0) - (a.newest?.seconds ?? 0));
  const slowest = timed.slice(0, 12);
  const chart = new Chart('The slowest models, in seconds');
  chart.draw({
    says: slowest.map(({ node, newest }) => `${node} ${decimal(newest?.seconds ?? null)} s`).join('; '),
    height: 30 + 24 * slowest.length,
    table: () =>
      table(
        'Models, the slowest first',
        [
          { title: 'Model' },
          { title: 'Built in entry', isNumber: true },
          { title: 'Seconds', isNumber: true },
          { title: 'Median', isNumber: true },
          { title: 'Builds', isNumber: true },
          { title: 'Rows', isNumber: true },
        ],
        timed.map(({ node, newest, usual, builds }) => [
          words(node),
          String(newest?.publication ?? ''),
          (newest?.seconds ?? 0).toFixed(2),
          usual.toFixed(2),
          count(builds),
          count(newest?.rows ?? null),
        ]),
      ),
    option: (palette) => ({
      grid: { left: 8, right: 48, top: 8, bottom: 8, containLabel: true },
      tooltip: { show: false },
      xAxis: values(palette, (value) => `${decimal(value)} s`),
      yAxis: names(
        palette,
        slowest.map(({ node }) => node),
        { inverse: true, axisLabel: { color: palette.text, width: 190, overflow: 'truncate' } },
      ),
      series: [
        {
          type: 'bar',
          barMaxWidth: 16,
          color: palette.series[0],
          data: slowest.map(({ newest }) => newest?.seconds ?? 0),
          label: {
            show: true,
            position: 'right',
            color: palette.text,
            formatter: ({ value }: { value: number }) => value.toFixed(2),
          },
        },
      ],
    }),
  });
  return section('models', 'Model timings', chart.element, source(data, data.tables.models.sql));
}

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle] ?? 0, sorted[middle] ?? 0];
  return (low + high) / 2;
}
