import type { DeliveryState, PreparedPlan } from './ingestion-plan';
import { bytes, colors, dateSpan, heading, number, plural, table, visible } from './print';

const PLAN_ROWS_SHOWN = 200;

/** A plan for people. */
export function planText(plan: PreparedPlan): string {
  const { deliveries, ignoredFiles, logicalDate, waitingFor, unfinishedDates } = plan;
  const toLoad = deliveries.filter((delivery) => TO_LOAD[delivery.state]);
  const total = bytes(toLoad.reduce((sum, delivery) => sum + delivery.sizeBytes, 0));
  const dates = new Set(toLoad.map((delivery) => delivery.logicalDate)).size;
  const shown = deliveries.slice(-PLAN_ROWS_SHOWN);
  const lines = [
    table(
      ['date', 'table', 'size', 'would be', 'files'],
      shown.map((d) => [d.logicalDate, d.table, bytes(d.sizeBytes), WOULD_BE[d.state], d.files.join(', ')]),
      { right: ['size'] },
    ),
  ];
  if (deliveries.length > shown.length) {
    lines.push(colors.dim(`the newest ${shown.length} of ${number(deliveries.length)} deliveries; --json gives all`));
  }
  if (ignoredFiles.length > 0) {
    lines.push(
      heading('Ignored: files of no described table'),
      ...ignoredFiles.slice(0, 20).map((f) => `  ${visible(f)}`),
    );
    if (ignoredFiles.length > 20) lines.push(`  and ${number(ignoredFiles.length - 20)} more`);
  }
  for (const { what, reason, until } of waitingFor) {
    lines.push(`A run that starts now would wait for ${visible(what)} (${reason}) until ${until}.`);
  }
  if (unfinishedDates.length > 0) lines.push(`Left, without their done marker: ${dateSpan(unfinishedDates)}.`);
  const load = `${plural(toLoad.length, 'partition')} of ${plural(dates, 'date')} (${total})`;
  lines.push(`\nA run of ${plan.sourceSystem} for ${logicalDate} would load ${load}. Nothing was loaded.`);
  return lines.join('\n');
}

const TO_LOAD: Record<DeliveryState, boolean> = {
  new: true,
  changed: true,
  again: true,
  reused: false,
  unchanged: false,
  later: false,
  'left out': false,
  withdrawn: false,
};

const WOULD_BE: Record<DeliveryState, string> = {
  new: 'loaded: pending, new',
  changed: 'loaded: pending, changed',
  again: "loaded again: the run's own date, or reloaded",
  reused: 'reused: unchanged',
  unchanged: 'unchanged',
  later: "left: after the run's date",
  'left out': 'left: not asked for',
  withdrawn: 'left: withdrawn by a rollback; --date or --reload asks for it',
};
