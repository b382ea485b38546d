import type { Material } from './materials';
import type { Batch, CountReport, Inspection, MaintenanceOrder, Order, Receipt } from './model';
import type { ShiftAccount } from './shift-account';

/** What the system has put on record since the last delivery, and numbers for what is next. */
export class Records {
  newMaterials: Material[] = [];
  newBatches: Batch[] = [];
  newOrders: Order[] = [];
  newMaintenanceOrders: MaintenanceOrder[] = [];
  counts: CountReport[] = [];
  inspections: Inspection[] = [];
  receipts: Receipt[] = [];
  endedShifts: ShiftAccount[] = [];
  readonly #numbers = new Map<string, number>();

  /** 1, 2, 3 … of a kind of thing. */
  next(kind: 'batch' | 'order' | 'maintenance' | 'count' | 'inspection' | 'receipt' | 'state' | 'reading'): number {
    const number = (this.#numbers.get(kind) ?? 0) + 1;
    this.#numbers.set(kind, number);
    return number;
  }

  clear(): void {
    this.newMaterials = [];
    this.newBatches = [];
    this.newOrders = [];
    this.newMaintenanceOrders = [];
    this.counts = [];
    this.inspections = [];
    this.receipts = [];
    this.endedShifts = [];
  }
}
