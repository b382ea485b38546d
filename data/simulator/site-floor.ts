import type { Moment } from './days';
import type { EventQueue } from './event-queue';
import type { Batch, Order } from './model';
import type { OrderRun } from './order-run';
import type { Site, WorkUnit } from './plant';
import type { QualityLab } from './quality';
import type { RawStock } from './raw-stock';

/** Finished batches that can wait before packaging, per production unit of the site, and at least. */
const BUFFER_PER_PRODUCTION_UNIT = 2;
const SMALLEST_BUFFER = 3;

/** A work unit as those see it who give it orders and what it waits for. */
export interface FloorUnit {
  readonly workUnit: WorkUnit;
  /** Orders that wait for it, by planned start. */
  readonly queue: readonly Order[];
  /** Adds an order to those that wait, or puts one whose plan changed in its place. */
  enqueue: (order: Order) => void;
  forget: (order: Order) => void;
  /** Something that the unit may wait for has come. */
  wakeIfWaiting: () => void;
}

/** What the work units of a site share: the buffer before packaging, the raw materials, the laboratory. */
export class SiteFloor {
  readonly site: Site;
  readonly units: FloorUnit[] = [];
  readonly clock: EventQueue;
  readonly stock: RawStock;
  readonly #lab: QualityLab;
  readonly #buffer = new Set<Batch>();
  readonly #bufferSize: number;

  constructor(site: Site, clock: EventQueue, stock: RawStock, lab: QualityLab) {
    this.site = site;
    this.clock = clock;
    this.stock = stock;
    this.#lab = lab;
    const units = site.workUnits.filter(({ kind }) => kind === 'production').length;
    this.#bufferSize = Math.max(SMALLEST_BUFFER, Math.round(BUFFER_PER_PRODUCTION_UNIT * units));
    stock.onReceipt = () => this.#wake('production');
  }

  get isBufferFull(): boolean {
    return this.#buffer.size >= this.#bufferSize;
  }

  /** Whether a finished order can leave its unit: a batch that is to be packaged needs room in the buffer. */
  canLeave({ order: { type, batch } }: OrderRun): boolean {
    return type === 'packaging' || !isToBePackaged(batch) || !this.isBufferFull;
  }

  /** Whether an order's input is there. */
  hasInput(order: Order): boolean {
    return order.type === 'packaging' ? order.batch.status === 'released' : this.stock.covers(order);
  }

  start(order: Order, at: Moment): void {
    order.status = 'in_progress';
    order.startedAt = at;
    if (order.type === 'packaging') {
      this.#leaveBuffer(order.batch);
    } else {
      this.stock.take(order);
      order.batch.status = 'in_process';
      order.batch.startedAt = at;
    }
  }

  complete({ order, counters }: OrderRun, at: Moment): void {
    order.status = 'completed';
    order.endedAt = at;
    if (order.type === 'packaging') return;
    const { batch } = order;
    batch.quantity = counters.good;
    batch.status = 'quarantine';
    if (isToBePackaged(batch)) this.#buffer.add(batch);
    this.#lab.inspect(batch, order.workUnit, at, () => this.#decided(batch));
  }

  /** An order that has not started, and with it what depends on it. */
  cancel(order: Order): void {
    order.status = 'cancelled';
    this.units.find(({ workUnit }) => workUnit === order.workUnit)?.forget(order);
    const { batch } = order;
    if (order.type === 'packaging') return this.#leaveBuffer(batch);
    batch.status = 'cancelled';
    if (isToBePackaged(batch)) this.cancel(batch.packagingOrder as Order);
  }

  #decided(batch: Batch): void {
    if (batch.status === 'rejected' && isToBePackaged(batch)) this.cancel(batch.packagingOrder as Order);
    else this.#wake('packaging');
  }

  #leaveBuffer(batch: Batch): void {
    if (this.#buffer.delete(batch)) this.#wake('production');
  }

  #wake(kind: 'production' | 'packaging'): void {
    for (const unit of this.units) if (unit.workUnit.kind === kind) unit.wakeIfWaiting();
  }
}

function isToBePackaged({ packagingOrder }: Batch): boolean {
  return packagingOrder !== undefined && packagingOrder.status !== 'cancelled';
}
