import type { Batch, Course, Order } from './course';
import { type Day, type LocalTime, dayOf, formatDay, formatTime, startOf } from './local-time';
import { type Material, expiresOn } from './plant';

/** Columns of each table, in the file's order. */
export const COLUMNS = {
  materials: ['material_id', 'material_name', 'material_type', 'unit_of_measure', 'status', 'created_at'],
  batches: [
    'batch_id',
    'material_id',
    'manufacturing_site',
    'manufacture_date',
    'expiry_date',
    'quantity',
    'batch_status',
  ],
  production_orders: [
    'order_id',
    'batch_id',
    'order_type',
    'planned_start_date',
    'planned_end_date',
    'actual_start_date',
    'actual_end_date',
    'order_status',
    'line_id',
    'planned_quantity',
  ],
} as const;

export type Table = keyof typeof COLUMNS;
/** One record: cell by column; empty where the system has no value. */
export type Row = Record<string, string>;

/** The three tables as the system holds them when `day` ends. */
export function tablesAtEndOf(day: Day, materials: Material[], course: Course): Record<Table, Row[]> {
  const now = startOf(day + 1);
  return {
    materials: materials.filter((material) => material.createdAt <= now).map(materialRow),
    batches: course.batches.filter((batch) => batch.plannedAt <= now).map((batch) => batchRow(batch, now)),
    production_orders: course.orders.filter((order) => order.plannedAt <= now).map((order) => orderRow(order, now)),
  };
}

function materialRow(material: Material): Row {
  return {
    material_id: material.materialId,
    material_name: material.name,
    material_type: material.type,
    unit_of_measure: material.unit,
    status: material.status,
    created_at: formatTime(material.createdAt),
  };
}

function batchRow(batch: Batch, now: LocalTime): Row {
  const { startedAt } = batch;
  const isStarted = startedAt !== undefined && startedAt <= now;
  const quantity = happened(batch.endedAt, now) ? batch.madeQuantity : batch.plannedQuantity;
  return {
    batch_id: batch.batchId,
    material_id: batch.material.materialId,
    manufacturing_site: batch.site,
    manufacture_date: isStarted ? formatDay(dayOf(startedAt)) : '',
    expiry_date: isStarted ? formatDay(expiresOn(startedAt, batch.material)) : '',
    quantity: quantity.toFixed(1),
    batch_status: batchStatus(batch, now),
  };
}

function batchStatus(batch: Batch, now: LocalTime): string {
  if (happened(batch.cancelledAt, now)) return 'cancelled';
  if (happened(batch.inspectedAt, now)) return batch.passes ? 'released' : 'rejected';
  if (happened(batch.endedAt, now)) return 'quarantine';
  return happened(batch.startedAt, now) ? 'in_process' : 'planned';
}

function orderRow(order: Order, now: LocalTime): Row {
  const plan = order.newPlan !== undefined && order.newPlan.madeAt <= now ? order.newPlan : order.plan;
  return {
    order_id: order.orderId,
    batch_id: order.batch.batchId,
    order_type: order.type,
    planned_start_date: formatTime(plan.startAt),
    planned_end_date: formatTime(plan.endAt),
    actual_start_date: known(order.startedAt, now),
    actual_end_date: known(order.endedAt, now),
    order_status: orderStatus(order, now),
    line_id: order.lineId,
    planned_quantity: order.quantity.toFixed(1),
  };
}

function orderStatus(order: Order, now: LocalTime): string {
  if (happened(order.cancelledAt, now)) return 'cancelled';
  if (happened(order.endedAt, now)) return 'completed';
  if (happened(order.startedAt, now)) return 'in_progress';
  return order.releasedAt <= now ? 'released' : 'planned';
}

function happened(time: LocalTime | undefined, now: LocalTime): boolean {
  return time !== undefined && time <= now;
}

function known(time: LocalTime | undefined, now: LocalTime): string {
  return time !== undefined && time <= now ? formatTime(time) : '';
}
