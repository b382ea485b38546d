import { seededRandom, type Random } from './random';

/** What is simulated. */
export interface SimulationOptions {
  /** YYYY-MM-DD, the first delivery. */
  firstDay: string;
  days: number;
  seed: number;
  materials: number;
  /** Orders planned per day, over all lines. */
  ordersPerDay: number;
}

/** A table as one delivery shows it: cells as the source system writes them. */
export interface DeliveredTable {
  table: 'materials' | 'batches' | 'production_orders';
  columns: string[];
  rows: string[][];
}

/** One logical date's delivery. */
export interface DayDelivery {
  logicalDate: string;
  tables: DeliveredTable[];
}

interface Material {
  id: string;
  name: string;
  type: string;
  unit: string;
  createdAt: string;
}

/** An order's whole life, in days since the first delivery; what a delivery shows of it depends on the delivery's day. */
interface Order {
  id: string;
  batchId: string;
  materialId: string;
  site: string;
  line: string;
  type: string;
  quantity: number;
  plannedStart: number;
  plannedEnd: number;
  start: number;
  end: number;
  cancelled: boolean;
  rejected: boolean;
}

const SITES = ['HAMBURG', 'LEIPZIG'] as const;
const LINES = ['L1', 'L2', 'L3', 'L4', 'L5', 'L6'] as const;
const MATERIAL_TYPES = ['raw', 'intermediate', 'finished', 'packaging'] as const;
const UNITS = ['kg', 'l', 'pcs'] as const;
const NAMES = ['Steel sheet', 'Bearing', 'Housing', 'Shaft', 'Seal', 'Gear', 'Valve', 'Lubricant', 'Carton', 'Label'] as const;
/** Days of history before the first delivery, and of plan beyond the last. */
const HISTORY_DAYS = 30;
const PLAN_DAYS = 21;
const SHELF_LIFE_DAYS = 365;
const ORDER_COLUMNS = [
  ...['order_id', 'batch_id', 'order_type', 'planned_start_date', 'planned_end_date', 'actual_start_date'],
  ...['actual_end_date', 'order_status', 'line_id', 'planned_quantity'],
];

/**
 * Simulates a factory's orders and yields, day by day, what its systems would export: every table as of that day.
 *
 * All tables come from one history: a batch appears when its order starts, an order moves from planned over released and
 * in_progress to completed as the days go by, and slow lines are late. The same options give the same bytes.
 */
export function* simulate(options: SimulationOptions): Generator<DayDelivery> {
  const random = seededRandom(options.seed);
  const day = (offset: number) => addDays(options.firstDay, offset);
  const materials = simulateMaterials(options, random, day);
  const orders = simulateOrders(options, random, materials);
  for (let today = 0; today < options.days; today++) {
    yield {
      logicalDate: day(today),
      tables: [
        materialsAsOf(materials, day(today)),
        batchesAsOf(orders, today, day),
        ordersAsOf(orders, today, day),
      ],
    };
  }
}

function simulateMaterials(options: SimulationOptions, random: Random, day: (offset: number) => string): Material[] {
  return Array.from({ length: options.materials }, (_unused, index) => ({
    id: `MAT-${String(index + 1).padStart(4, '0')}`,
    name: `${random.pick(NAMES)} ${random.int(10, 99)}`,
    type: random.pick(MATERIAL_TYPES),
    unit: random.pick(UNITS),
    // Most are old; now and then one is created while we watch.
    createdAt: day(index < options.materials - options.days ? -random.int(100, 900) : random.int(0, options.days)),
  }));
}

function simulateOrders(options: SimulationOptions, random: Random, materials: Material[]): Order[] {
  const orders: Order[] = [];
  for (let plannedStart = -HISTORY_DAYS; plannedStart < options.days + PLAN_DAYS; plannedStart++) {
    for (let n = 0; n < options.ordersPerDay; n++) {
      const number = orders.length + 1;
      const line = random.pick(LINES);
      const plannedDays = random.int(1, 4);
      // Later lines are slower: there is something to learn from a line's past.
      const slowness = LINES.indexOf(line) * 0.12;
      const startDelay = random.chance(0.1 + slowness / 2) ? random.int(1, 2) : 0;
      const extraDays = random.chance(0.1 + slowness) ? random.int(1, 3) : 0;
      const material = random.pick(materials as [Material, ...Material[]]);
      orders.push({
        id: `ORD-${String(number).padStart(6, '0')}`,
        batchId: `BAT-${String(number).padStart(6, '0')}`,
        materialId: material.id,
        site: random.pick(SITES),
        line,
        type: random.chance(0.05) ? 'rework' : 'production',
        quantity: random.int(50, 5000) / (material.unit === 'pcs' ? 1 : 10),
        plannedStart,
        plannedEnd: plannedStart + plannedDays - 1,
        start: plannedStart + startDelay,
        end: plannedStart + startDelay + plannedDays - 1 + extraDays,
        cancelled: random.chance(0.02),
        rejected: random.chance(0.03),
      });
    }
  }
  return orders;
}

function materialsAsOf(materials: Material[], today: string): DeliveredTable {
  return {
    table: 'materials',
    columns: ['material_id', 'material_name', 'material_type', 'unit_of_measure', 'status', 'created_at'],
    rows: materials
      .filter((material) => material.createdAt <= today)
      .map((material) => [material.id, material.name, material.type, material.unit, 'active', material.createdAt]),
  };
}

function batchesAsOf(orders: Order[], today: number, day: (offset: number) => string): DeliveredTable {
  return {
    table: 'batches',
    columns: [
      ...['batch_id', 'material_id', 'manufacturing_site', 'manufacture_date', 'expiry_date', 'quantity'],
      'batch_status',
    ],
    rows: orders
      .filter((order) => hasStarted(order, today))
      .map((order) => [
        order.batchId,
        order.materialId,
        order.site,
        day(order.start),
        day(order.start + SHELF_LIFE_DAYS),
        String(order.quantity),
        batchStatus(order, today),
      ]),
  };
}

function ordersAsOf(orders: Order[], today: number, day: (offset: number) => string): DeliveredTable {
  return {
    table: 'production_orders',
    columns: ORDER_COLUMNS,
    rows: orders
      .filter((order) => order.plannedStart <= today + PLAN_DAYS)
      .map((order) => [
        order.id,
        // A batch exists from the start of its order.
        hasStarted(order, today) ? order.batchId : '',
        order.type,
        day(order.plannedStart),
        day(order.plannedEnd),
        hasStarted(order, today) ? day(order.start) : '',
        hasEnded(order, today) ? day(order.end) : '',
        orderStatus(order, today),
        order.line,
        String(order.quantity),
      ]),
  };
}

function hasStarted(order: Order, today: number): boolean {
  return !order.cancelled && order.start <= today;
}

function hasEnded(order: Order, today: number): boolean {
  return !order.cancelled && order.end <= today;
}

function orderStatus(order: Order, today: number): string {
  if (order.cancelled && order.plannedStart <= today + 1) return 'cancelled';
  if (hasEnded(order, today)) return 'completed';
  if (hasStarted(order, today)) return 'in_progress';
  return order.plannedStart <= today + 7 ? 'released' : 'planned';
}

function batchStatus(order: Order, today: number): string {
  if (!hasEnded(order, today)) return 'in_production';
  if (order.end === today) return 'quarantine';
  return order.rejected ? 'rejected' : 'released';
}

/** A date, some days later (or earlier). */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
