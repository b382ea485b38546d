import type { Delivery } from '../contracts/run';

/** A batch is one activity: at most so many deliveries of one table, or so many bytes. */
const BATCH_DELIVERIES = 20;
const BATCH_BYTES = 256 * 1024 * 1024;
/** A run of very many deliveries has larger batches, so that its history stays below some ten thousand events. */
const BATCHES_AIMED_AT = 1_000;

/** Batches hold one table each; consecutive dates together. */
export function toBatches(deliveries: Delivery[]): Delivery[][] {
  const most = {
    deliveries: Math.max(BATCH_DELIVERIES, Math.ceil(deliveries.length / BATCHES_AIMED_AT)),
    bytes: Math.max(BATCH_BYTES, Math.ceil(deliveries.reduce((sum, d) => sum + sizeOf(d), 0) / BATCHES_AIMED_AT)),
  };
  const batches: Delivery[][] = [];
  for (const table of new Set(deliveries.map((delivery) => delivery.table))) {
    let batch: Delivery[] = [];
    let bytes = 0;
    for (const delivery of deliveries.filter((candidate) => candidate.table === table)) {
      const size = sizeOf(delivery);
      if (batch.length > 0 && (batch.length >= most.deliveries || bytes + size > most.bytes)) {
        batches.push(batch);
        batch = [];
        bytes = 0;
      }
      batch.push(delivery);
      bytes += size;
    }
    batches.push(batch);
  }
  return batches;
}

function sizeOf(delivery: Delivery): number {
  return delivery.files.reduce((sum, file) => sum + file.sizeBytes, 0);
}
