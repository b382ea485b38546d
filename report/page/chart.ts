import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption, type EChartsType } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { folded, h } from './dom';

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

/** The page's colours, as its style has them in light and in dark. */
export interface Palette {
  text: string;
  faint: string;
  line: string;
  surface: string;
  series: [string, string, string, string];
  good: string;
  bad: string;
}

/** What a chart shows. */
export interface Drawing {
  /** One sentence for those who do not see it. */
  says: string;
  option: (palette: Palette) => EChartsCoreOption;
  /** The same as a table. */
  table: () => HTMLElement;
  height?: number;
}

/**
 * A chart with its figures in a table below it. It is drawn once it has a place on the page, and again when the selection, its width or
 * the colour scheme changes.
 */
export class Chart {
  readonly element: HTMLElement;
  private readonly canvas = h('div', { class: 'chart', role: 'img' });
  private readonly below = h('div');
  private chart: EChartsType | undefined;
  private drawing: Drawing | undefined;

  /** @param onPick called with the index of the category that was clicked. */
  constructor(
    title: string | HTMLElement,
    private readonly onPick?: (index: number) => void,
  ) {
    if (onPick !== undefined) this.canvas.classList.add('picks');
    this.element = h('figure', {}, h('figcaption', {}, title), this.canvas, this.below);
    new ResizeObserver(() => {
      if (this.canvas.clientWidth === 0) return;
      if (this.chart === undefined) this.paint();
      else this.chart.resize();
    }).observe(this.canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.paint());
  }

  draw(drawing: Drawing): void {
    this.drawing = drawing;
    this.canvas.style.height = `${drawing.height ?? 260}px`;
    this.canvas.setAttribute('aria-label', drawing.says);
    this.below.replaceChildren(folded('Table', () => [drawing.table()]));
    if (this.chart !== undefined) this.paint();
  }

  private paint(): void {
    if (this.drawing === undefined) return;
    if (this.chart === undefined) {
      this.chart = init(this.canvas, null, { renderer: 'canvas' });
      const { onPick } = this;
      if (onPick !== undefined) {
        // Anywhere in a category's column, not only on its point.
        const chart = this.chart;
        chart.getZr().on('click', ({ offsetX, offsetY }) => {
          if (!chart.containPixel('grid', [offsetX, offsetY])) return;
          const [index] = chart.convertFromPixel({ gridIndex: 0 }, [offsetX, offsetY]);
          if (index !== undefined) onPick(Math.round(index));
        });
      }
    }
    const palette = paletteNow();
    this.chart.setOption(
      {
        animation: false,
        textStyle: { fontFamily: 'inherit', color: palette.text },
        grid: { left: 8, right: 16, top: 32, bottom: 8, containLabel: true },
        tooltip: tooltip(palette),
        color: palette.series,
        ...this.drawing.option(palette),
      },
      true,
    );
  }
}

function paletteNow(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour('text'),
    faint: colour('faint'),
    line: colour('line'),
    surface: colour('surface'),
    series: [colour('series-1'), colour('series-2'), colour('series-3'), colour('series-4')],
    good: colour('good'),
    bad: colour('bad'),
  };
}

/** An axis of names. */
export function names(palette: Palette, data: string[], options: Record<string, unknown> = {}): EChartsCoreOption {
  return {
    type: 'category',
    data,
    axisLabel: { color: palette.faint },
    axisLine: { lineStyle: { color: palette.line } },
    axisTick: { show: false },
    ...options,
  };
}

/** An axis of values. */
export function values(palette: Palette, format: (value: number) => string, options: Record<string, unknown> = {}) {
  return {
    type: 'value',
    axisLabel: { color: palette.faint, formatter: format },
    splitLine: { lineStyle: { color: palette.line } },
    ...options,
  };
}

/** A legend above the chart. */
export function legend(palette: Palette): EChartsCoreOption {
  return { top: 0, left: 0, type: 'scroll', textStyle: { color: palette.text }, inactiveColor: palette.faint };
}

/** Drawn on the canvas: an HTML tooltip would need styles that the page's policy forbids, and read data as HTML. */
export function tooltip(palette: Palette): EChartsCoreOption {
  return {
    renderMode: 'richText',
    trigger: 'axis',
    confine: true,
    backgroundColor: palette.surface,
    borderColor: palette.line,
    textStyle: { color: palette.text, fontSize: 12 },
  };
}
