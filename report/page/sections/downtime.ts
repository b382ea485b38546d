import type { ReportData } from '../../report-data';
import { Chart, names, values } from '../chart';
import { explained, term } from '../definition';
import { section, table, h } from '../dom';
import { decimal, duration, percent, words } from '../format';
import type { Selection, SelectionStore } from '../selection';
import type { Delay, Shifts } from '../shifts';
import { missing, source } from '../source';
import { conditionOf } from './oee-figures';

const BARS = 12;

/** The downtime Pareto of what is selected: delays by state and reason, the longest first. */
export function downtime(data: ReportData, shifts: Shifts, store: SelectionStore): HTMLElement {
  const absent = missing(data.tables.shifts) ?? missing(data.tables.delays);
  if (absent !== null) return section('downtime', 'Downtime', absent);
  const chart = new Chart('Delay time by reason, and its running share');
  const about = h('p');
  const from = h('div');
  const show = (selection: Selection): void => {
    const delays = shifts.delaysOf(shifts.rows(selection));
    const all = delays.reduce((sum, { seconds }) => sum + seconds, 0);
    about.textContent =
      delays.length === 0
        ? 'There was no delay in what is selected.'
        : `${duration(all)} of delay in what is selected above.`;
    draw(chart, data, delays, all);
    from.replaceChildren(source(data, sqlOf(selection)));
  };
  store.watch(show);
  show(store.get());
  return section('downtime', 'Downtime Pareto', about, chart.element, from);
}

function draw(chart: Chart, { definitions }: ReportData, delays: Delay[], all: number): void {
  let running = 0;
  const ranked = delays.map((delay) => {
    running += delay.seconds;
    return {
      ...delay,
      label: `${words(delay.state)}: ${words(delay.reason)}`,
      share: delay.seconds / all,
      upTo: running / all,
    };
  });
  const bars = ranked.slice(0, BARS);
  chart.draw({
    says: bars.map(({ label, seconds }) => `${label}, ${duration(seconds)}`).join('; '),
    height: Math.max(90, 44 + 26 * bars.length),
    table: () =>
      table(
        'Delay time by state and reason',
        [
          { title: explained('State', 'blocked, starved or unplanned down.') },
          { title: explained('Reason', 'As reported, or unknown.') },
          { title: term(definitions.delay_time_s), isNumber: true },
          { title: term(definitions.share_of_delay_time, 'Share'), isNumber: true },
          { title: term(definitions.cumulative_share_of_delay_time, 'Running share'), isNumber: true },
        ],
        ranked.map(({ state, reason, seconds, share, upTo }) => [
          words(state),
          words(reason),
          h('span', { 'data-delay': `${state}/${reason}`, 'data-value': seconds }, duration(seconds)),
          percent(share),
          percent(upTo),
        ]),
      ),
    option: (palette) => ({
      grid: { left: 8, right: 60, top: 8, bottom: 8, containLabel: true },
      tooltip: { show: false },
      xAxis: [
        values(palette, (value) => `${decimal(value)} h`, { splitNumber: 3 }),
        { type: 'value', min: 0, max: 1, show: false },
      ],
      yAxis: names(
        palette,
        bars.map(({ label }) => label),
        {
          inverse: true,
          axisLabel: { color: palette.text, width: 150, overflow: 'truncate' },
        },
      ),
      series: [
        {
          type: 'bar',
          barMaxWidth: 20,
          data: bars.map(({ seconds }) => seconds / 3600),
          itemStyle: { color: palette.series[1] },
          label: {
            show: true,
            position: 'right',
            color: palette.text,
            formatter: ({ dataIndex }: { dataIndex: number }) => percent(bars[dataIndex]?.share ?? null),
          },
        },
        {
          type: 'line',
          xAxisIndex: 1,
          data: bars.map(({ upTo }) => upTo),
          itemStyle: { color: palette.series[0] },
          symbolSize: 6,
          lineStyle: { width: 1.5 },
        },
      ],
    }),
  });
}

function sqlOf(selection: Selection): string {
  return `select delays.state, coalesce(delays.reason_code, 'unknown') as reason_code, sum(delays.duration_s) as delay_time_s
from core.fct_state_time as delays
inner join marts.work_unit_shift_kpis as shifts on delays.shift_id = shifts.shift_id
where delays.time_element = 'ADET'
    and delays.is_in_ended_shift
    and ${conditionOf(selection).replaceAll(/^( *(?:and )?)(production_date|site_id|equipment_id|shift_number)/gm, '$1shifts.$2')}
group by delays.state, coalesce(delays.reason_code, 'unknown')
order by delay_time_s desc, state, reason_code`;
}
