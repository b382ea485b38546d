import type { ReportData } from '../../report-data';
import { Chart, names, values } from '../chart';
import { section, table } from '../dom';
import { count, decimal, words } from '../format';
import { source } from '../source';
import { rowsOf } from '../tables';

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
