import type { ReportData } from '../../report-data';
import { Chart, names, values } from '../chart';
import { h, section, table } from '../dom';
import { count, percent, time } from '../format';
import { runLink, source } from '../source';
import { rowsOf } from '../tables';

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
