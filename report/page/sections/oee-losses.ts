import type { Definition } from '../../report-data';
import { names, values, type Drawing } from '../chart';
import { explained, term } from '../definition';
import { h, table } from '../dom';
import { decimal, duration, percent } from '../format';
import { LOSSES, lossOf, type Sums } from '../kpis';

/** What planned busy time was lost to: a bar for each loss. */
export function lossDrawing(definitions: Record<string, Definition>, sums: Sums): Drawing {
  const planned = sums.planned_busy_time_s ?? 0;
  const productive = sums.good_planned_run_time_s ?? 0;
  const losses = LOSSES.map((loss) => ({ ...loss, seconds: lossOf(loss, sums) }));
  const shown = losses.filter(({ seconds }) => seconds !== 0);
  const says = `Of ${duration(planned)} planned busy time ${duration(productive)} were fully productive. ${shown
    .map(({ name, seconds }) => `${name}: ${duration(seconds)}`)
    .join('; ')}.`;
  const lossTable = () =>
    table(
      'Losses',
      [{ title: 'Loss' }, { title: 'Time', isNumber: true }, { title: 'Of planned busy time', isNumber: true }],
      [
        ...losses.map(({ name, means, of, seconds }) => [
          explained(name, means, `Unit: seconds. ${of.join(' − ')} of marts.work_unit_shift_kpis.`),
          h('span', { 'data-loss': name, 'data-value': seconds }, duration(seconds)),
          percent(planned === 0 ? null : seconds / planned),
        ]),
        [
          term(definitions.good_planned_run_time_s, 'Fully productive'),
          duration(productive),
          percent(planned === 0 ? null : productive / planned),
        ],
      ],
    );
  return {
    says,
    table: lossTable,
    height: 220,
    option: (palette) => ({
      grid: { left: 8, right: 56, top: 8, bottom: 8, containLabel: true },
      xAxis: values(palette, (value) => `${decimal(value)} h`, {
        splitNumber: 4,
        ...(planned === 0 && { max: 1 }),
      }),
      yAxis: names(
        palette,
        losses.map(({ name }) => name),
        { inverse: true, axisLabel: { color: palette.text } },
      ),
      tooltip: { show: false },
      series: [
        {
          type: 'bar',
          barMaxWidth: 22,
          data: losses.map(({ seconds, name }) => ({
            value: seconds / 3600,
            itemStyle: { color: name === 'Not rated' ? palette.faint : palette.series[1] },
          })),
          label: {
            show: true,
            position: 'right',
            color: palette.text,
            formatter: ({ dataIndex }: { dataIndex: number }) =>
              planned === 0 ? '' : percent((losses[dataIndex]?.seconds ?? 0) / planned),
          },
        },
      ],
    }),
  };
}
