import { type Moment, SECONDS_PER_HOUR } from './days';
import type { EventQueue } from './event-queue';
import type { Specification } from './materials';
import type { Batch } from './model';
import type { WorkUnit } from './plant';
import { type Random, noise, randomStream, wholeBetween } from './random';
import type { Records } from './records';

/** Limits lie this many deviations of a single value away from the target. */
const DEVIATIONS_TO_LIMIT = 3.5;
/** A unit's mean keeps this share of its offset from one batch to the next and gains some of a new one (in deviations). */
const OFFSET_KEPT = 0.92;
const OFFSET_GAINED = 0.2;

/** The laboratory of a site: samples of each batch, each measured for every characteristic of its material. */
export class QualityLab {
  readonly #clock: EventQueue;
  readonly #records: Records;
  readonly #random: Random;
  /** By work unit and characteristic, in deviations: where the process has drifted to. */
  readonly #offsets = new Map<string, number>();

  constructor(siteId: string, clock: EventQueue, records: Records, seed: number) {
    this.#clock = clock;
    this.#records = records;
    this.#random = randomStream(seed, 'laboratory', siteId);
  }

  /** Inspects a batch one to six hours after it ended; one value outside its limits rejects the batch. */
  inspect(batch: Batch, workUnit: WorkUnit, endedAt: Moment, decided: () => void): void {
    const random = this.#random;
    const { specifications } = batch.material;
    const offsets = specifications.map(({ characteristic }) => this.#drift(workUnit, characteristic));
    const samples = wholeBetween(random, 2, 4);
    const minutesBetween = wholeBetween(random, 5, 15);
    const firstAt = endedAt + wholeBetween(random, SECONDS_PER_HOUR, 5 * SECONDS_PER_HOUR);
    let hasFailed = false;
    for (let n = 0; n < samples; n++) {
      this.#clock.schedule(firstAt + n * minutesBetween * 60, (inspectedAt) => {
        for (const [index, specification] of specifications.entries()) {
          const passes = this.#measure(batch, specification, offsets[index] as number, inspectedAt);
          if (!passes) hasFailed = true;
        }
        if (n < samples - 1) return;
        batch.status = hasFailed ? 'rejected' : 'released';
        decided();
      });
    }
  }

  #measure(batch: Batch, specification: Specification, offset: number, inspectedAt: Moment): boolean {
    const { characteristic, unit, lowerLimit, upperLimit } = specification;
    const deviation = (upperLimit - lowerLimit) / 2 / DEVIATIONS_TO_LIMIT;
    const value = Math.round((lowerLimit + upperLimit) / 2 + deviation * (offset + noise(this.#random)));
    const passes = value >= lowerLimit && value <= upperLimit;
    const number = this.#records.next('inspection');
    const limits = { lowerLimit, upperLimit, unit };
    this.#records.inspections.push({ number, batch, characteristic, value, ...limits, passes, inspectedAt });
    return passes;
  }

  #drift({ equipmentId }: WorkUnit, characteristic: string): number {
    const key = `${equipmentId}/${characteristic}`;
    const offset = OFFSET_KEPT * (this.#offsets.get(key) ?? 0) + OFFSET_GAINED * noise(this.#random);
    this.#offsets.set(key, offset);
    return offset;
  }
}
