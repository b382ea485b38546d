import type { Moment } from './days';
import type { Material } from './materials';
import type { Site, WorkUnit } from './plant';

export type OrderStatus = 'planned' | 'released' | 'in_progress' | 'completed' | 'cancelled';
export type BatchStatus = 'planned' | 'in_process' | 'quarantine' | 'released' | 'rejected' | 'cancelled';
export type StateName = 'producing' | 'setup' | 'blocked' | 'starved' | 'unplanned_down' | 'planned_down' | 'idle';

/** A lot of one material made in one production order. Quantities are whole numbers of the material's unit. */
export interface Batch {
  number: number;
  batchId: string;
  material: Material;
  site: Site;
  /** Planned until it is made, then what came out good. */
  quantity: number;
  status: BatchStatus;
  startedAt: Moment | undefined;
  packagingOrder: Order | undefined;
}

export interface Plan {
  startAt: Moment;
  endAt: Moment;
}

/** A production order as the system holds it now. It runs on one work unit, its line being the unit's work center. */
export interface Order {
  number: number;
  orderId: string;
  batch: Batch;
  type: 'production' | 'packaging';
  workUnit: WorkUnit;
  plan: Plan;
  quantity: number;
  status: OrderStatus;
  startedAt: Moment | undefined;
  endedAt: Moment | undefined;
}

/** A stretch of time in which a work unit is in one state, for one order and reason. */
export interface StateInterval {
  /** Given when the interval is first delivered. */
  number: number | undefined;
  workUnit: WorkUnit;
  order: Order | undefined;
  state: StateName;
  reason: string;
  startedAt: Moment;
  endedAt: Moment | undefined;
  /** Already among the occurrences of its reason. */
  isCounted: boolean;
}

export interface MaintenanceOrder {
  number: number;
  workUnit: WorkUnit;
  type: 'corrective' | 'preventive';
  /** Empty for a preventive one. */
  failureCode: string;
  reportedAt: Moment;
  startedAt: Moment;
  completedAt: Moment;
}

/** Cumulative counter readings of a work unit for its order, in items; produced = good + rework + scrap. */
export interface Counters {
  produced: number;
  good: number;
  rework: number;
  scrap: number;
  /** Of the good ones those that were good at once. */
  goodFirstPass: number;
}

export interface CountReport extends Counters {
  number: number;
  order: Order;
  workUnit: WorkUnit;
  countedAt: Moment;
}

/** One measured characteristic of a sample; values in thousandths of the unit. */
export interface Inspection {
  number: number;
  batch: Batch;
  characteristic: string;
  value: number;
  lowerLimit: number;
  upperLimit: number;
  unit: string;
  passes: boolean;
  inspectedAt: Moment;
}

/** A lot of a raw material that a supplier delivered; quantities in tenths of its unit. */
export interface Receipt {
  number: number;
  supplierId: string;
  material: Material;
  receivedAt: Moment;
  received: number;
  rejected: number;
}
