import type { ColumnOf, Table } from '../../data/simulator/columns';
import { ALL, type Choice, type Edit, ONE, change, columnOf, edited, emptied, shareOf } from './edits';
import type { Deliveries, FaultyDay } from './delivery';
import { shiftToIndex } from './distribution';
import { CHECKS } from './expectation';
import { type InjectedFault, faultAt } from './injected-fault';

/** Naturally empty columns among them: an order that has not ended has no end. */
const NULL_COLUMNS: Columns = [
  column('quality_inspections', 'measured_value'),
  column('sensor_readings', 'value'),
  column('production_counts', 'good_quantity'),
  column('production_orders', 'batch_id'),
  column('batches', 'quantity'),
  column('batches', 'expiry_date'),
  column('production_orders', 'actual_end_date'),
  column('equipment_states', 'order_id'),
  column('equipment_states', 'reason_code'),
];

const REFERENCES: Columns = [
  column('production_orders', 'batch_id'),
  column('quality_inspections', 'batch_id'),
  column('batches', 'material_id'),
  column('equipment_states', 'order_id'),
  column('production_counts', 'order_id'),
  column('sensor_readings', 'equipment_id'),
  column('maintenance_orders', 'equipment_id'),
  column('standard_times', 'material_id'),
  column('equipment', 'parent_equipment_id'),
  column('batches', 'manufacturing_site'),
  column('material_receipts', 'supplier_id'),
  column('material_receipts', 'material_id'),
];

/** Columns that are filled in every sound record. */
const ALWAYS_FILLED: Columns = [column('quality_inspections', 'result')];

type Columns = { table: Table; name: string }[];

/** What cells say that cannot be, or that they never said before. */
export const CONTENT_FAULTS: InjectedFault[] = [
  ...NULL_COLUMNS.map(({ table, name }) =>
    faultAt('null ratio +2 points', table, CHECKS.nullRatio, edited(table, emptied(name, 0.02)), `${table}.${name}`),
  ),
  ...REFERENCES.map(({ table, name }) =>
    faultAt(
      'one orphan key',
      table,
      CHECKS.orphans,
      edited(
        table,
        change(name, () => 'NO-SUCH-THING', { ...ONE, choice: (cell) => cell(name) !== '' }),
      ),
      `${table}.${name}`,
    ),
  ),
  ...(['', '   ', 'N/A'] as const).flatMap((text) =>
    ALWAYS_FILLED.map(({ table, name }) =>
      faultAt(
        `1 % of cells ${{ '': 'empty', '   ': 'blank', 'N/A': 'N/A' }[text]}`,
        table,
        CHECKS.nullRatio,
        edited(
          table,
          change(name, () => text, { count: (csv) => shareOf(csv, 0.01) }),
        ),
        `${table}.${name}`,
      ),
    ),
  ),
  faultAt(
    '0.5 % of cells with a decimal comma',
    'sensor_readings',
    CHECKS.unreadable,
    edited('sensor_readings', withComma('value', 0.005)),
    'sensor_readings.value',
  ),
  faultAt(
    'all cells with a decimal comma',
    'production_orders',
    CHECKS.unreadable,
    edited('production_orders', withComma('planned_quantity', 1)),
    'production_orders.planned_quantity',
  ),
  ...['vibration', 'temperature', 'current'].map((sensor) =>
    faultAt(
      'unit changed: values ×1000 for one sensor of one machine',
      'sensor_readings',
      CHECKS.unit,
      scaledOnOneMachine(sensor),
      `sensor_readings.value ${sensor}`,
    ),
  ),
  faultAt(
    'unit named otherwise: mm/s in in/s',
    'sensor_readings',
    CHECKS.accepted,
    edited(
      'sensor_readings',
      change('unit', () => 'in/s', { ...ALL, choice: (cell) => cell('sensor') === 'vibration' }),
    ),
    'sensor_readings.unit',
  ),
  faultAt(
    'a value that is none of those accepted',
    'equipment_states',
    CHECKS.accepted,
    edited(
      'equipment_states',
      change('state', () => 'running', ONE),
    ),
    'equipment_states.state',
  ),
  ...['vibration', 'temperature', 'current'].map((sensor) =>
    faultAt(
      'shift of PSI 0.2',
      'sensor_readings',
      CHECKS.shift,
      shifted('sensor_readings', 'value', 'sensor', sensor),
      `sensor_readings.value ${sensor}`,
    ),
  ),
  ...['viscosity', 'density'].map((characteristic) =>
    faultAt(
      'shift of PSI 0.2',
      'quality_inspections',
      CHECKS.shift,
      shifted('quality_inspections', 'measured_value', 'characteristic', characteristic),
      `quality_inspections.measured_value ${characteristic}`,
    ),
  ),
];

function column<T extends Table>(table: T, name: ColumnOf<T>): Columns[number] {
  return { table, name };
}

function scaledOnOneMachine(sensor: string) {
  return edited('sensor_readings', (csv, random) => {
    const machines = [...new Set(csv.records.map((record) => record[columnOf(csv, 'equipment_id')]))];
    const machine = machines[Math.floor(random() * machines.length)];
    const choice: Choice = (cell) => cell('sensor') === sensor && cell('equipment_id') === machine;
    return change('value', (cell) => (Number(cell) * 1000).toFixed(3), { ...ALL, choice })(csv, random);
  });
}

/** Moves all of one group's values of the day until their stability index against the group's history is 0.2. */
function shifted(table: Table, valueColumn: string, groupColumn: string, group: string) {
  return async (day: FaultyDay) => {
    const { next, date, history } = day;
    const before = await valuesOf(history, await history.dates(), table, valueColumn, groupColumn, group);
    const shift = shiftToIndex(before, await valuesOf(next, [date], table, valueColumn, groupColumn, group), 0.2);
    const choice: Choice = (cell) => cell(groupColumn) === group;
    const move = (cell: string) => (Number(cell) + shift).toFixed(3);
    await edited(table, change(valueColumn, move, { ...ALL, choice }))(day);
  };
}

async function valuesOf(
  deliveries: Deliveries,
  dates: readonly string[],
  table: Table,
  valueColumn: string,
  groupColumn: string,
  group: string,
): Promise<number[]> {
  const values: number[] = [];
  for (const date of dates) {
    const csv = await deliveries.read(date, table);
    const [value, by] = [columnOf(csv, valueColumn), columnOf(csv, groupColumn)];
    for (const record of csv.records) if (record[by] === group) values.push(Number(record[value]));
  }
  return values;
}

function withComma(name: string, share: number): Edit {
  return change(name, (cell) => cell.replace('.', ','), { count: (csv) => shareOf(csv, share) });
}
