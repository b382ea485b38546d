import type { ReportData } from '../../report-data';
import { Chart, names, values } from '../chart';
import { h, section, table } from '../dom';
import { count, decimal, time } from '../format';
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
