import type { Table } from '../../data/simulator/columns';
import { change, chosen, columnOf, edited, rewritten, shareOf } from './edits';
import type { Csv } from './delivery';
import { CHECKS } from './expectation';
import { type InjectedFault, faultAt, faultOf } from './injected-fault';

const RENAMED: [Table, string, string][] = [
  ['production_orders', 'planned_quantity', 'planned_qty'],
  ['sensor_readings', 'value', 'reading'],
  ['quality_inspections', 'result', 'verdict'],
];

/** The day as it is: what is heard of it says nothing of a fault. */
export const NO_FAULT: InjectedFault = faultOf('(clean) no fault', 'no table', [], undefined, async () => undefined);

/** Files that are not as their contract says, and some that only look so. */
export const FILE_FAULTS: InjectedFault[] = [
  NO_FAULT,
  ...RENAMED.map(([table, column, name]) =>
    faultAt(
      'a column renamed',
      table,
      CHECKS.drift,
      edited(table, (csv) => ({ ...csv, header: csv.header.map((other) => (other === column ? name : other)) })),
      `${table}.${column}`,
    ),
  ),
  faultAt('a column added', 'equipment', CHECKS.drift, edited('equipment', withColumn('remark', 'ok'))),
  faultAt('a column removed', 'quality_inspections', CHECKS.drift, edited('quality_inspections', without('result'))),
  faultAt(
    'a column of another type',
    'production_counts',
    CHECKS.unreadable,
    edited('production_counts', thirdAsText()),
  ),
  faultAt(
    'empty file',
    'maintenance_orders',
    CHECKS.drift,
    rewritten('maintenance_orders', () => ''),
  ),
  faultAt('unclosed quote', 'production_counts', CHECKS.rejected, rewritten('production_counts', withOpenQuote)),
  faultAt('invalid UTF-8', 'suppliers', CHECKS.rejected, rewritten('suppliers', asLatin1)),
  faultAt(
    'too few fields, one record',
    'sensor_readings',
    CHECKS.rejected,
    rewritten('sensor_readings', withTornRecord),
  ),
  clean(
    'byte-order mark',
    'materials',
    rewritten('materials', (text) => `\uFEFF${text}`),
  ),
  clean(
    'CR LF',
    'batches',
    rewritten('batches', (text) => text.replaceAll('\n', '\r\n')),
  ),
  clean('a correction of the day before', 'production_counts', async ({ next, history, dateBefore, random }) => {
    const csv = await history.read(dateBefore, 'production_counts');
    const [good, scrap] = [columnOf(csv, 'good_quantity'), columnOf(csv, 'scrap_quantity')];
    for (const report of chosen(csv, random, 1, (cell) => Number(cell('scrap_quantity')) >= 1)) {
      report[good] = (Number(report[good]) + 1).toFixed(1);
      report[scrap] = (Number(report[scrap]) - 1).toFixed(1);
    }
    await next.write(dateBefore, 'production_counts', csv);
  }),
];

function clean(kind: string, table: Table, inject: InjectedFault['inject']): InjectedFault {
  return faultAt(`(clean) ${kind}`, table, undefined, inject);
}

function withColumn(name: string, cell: string) {
  return (csv: Csv): Csv => ({
    header: [...csv.header, name],
    records: csv.records.map((record) => [...record, cell]),
  });
}

function without(column: string) {
  return (csv: Csv): Csv => {
    const gone = columnOf(csv, column);
    const others = (record: string[]) => record.filter((_, index) => index !== gone);
    return { header: others(csv.header), records: csv.records.map(others) };
  };
}

function thirdAsText() {
  return change('produced_quantity', (cell) => `approx. ${cell}`, { count: (csv) => shareOf(csv, 1 / 3) });
}

function withOpenQuote(text: string): string {
  const lastRecord = text.lastIndexOf('\n', text.length - 2) + 1;
  const lastCell = text.lastIndexOf(',') + 1;
  if (lastCell < lastRecord) throw new Error('the last record has one cell only');
  return `${text.slice(0, lastCell)}"${text.slice(lastCell)}`;
}

/** As an old system writes it, with a name that is not ASCII. */
function asLatin1(text: string): Buffer {
  return Buffer.from(text.replace(/ GmbH/, ' Löhne GmbH'), 'latin1');
}

/** The record in the middle keeps its first three cells. */
function withTornRecord(text: string): string {
  const lines = text.split('\n');
  const middle = Math.floor(lines.length / 2);
  lines[middle] = (lines[middle] ?? '').split(',').slice(0, 3).join(',');
  return lines.join('\n');
}
