import { SECONDS_PER_HOUR } from './days';
import type { WorkUnit } from './plant';
import { type Random, between, exposure, noise, pick, wholeBetween } from './random';

const FAILURE_CODES = ['bearing', 'seal', 'motor', 'gearbox', 'drive'] as const;
/** Hours of producing after which a unit of average wear fails, without maintenance. */
const HOURS_TO_WEAR_OUT = { production: 230, packaging: 125 };
/** Hours of producing between two preventive maintenances, and the share of the wear that one leaves. */
const HOURS_BETWEEN_SERVICES = { production: 170, packaging: 85 };
const WEAR_LEFT_BY_SERVICE = 0.75;

/**
 * Wear of a work unit: it grows with the time of producing, 1 being where an average unit fails. The hazard grows with
 * the fifth power of it (a Weibull distribution of shape 6), so that failures are seen coming.
 */
export class Wear {
  level: number;
  readonly #random: Random;
  readonly #perSecond: number;
  readonly #serviceEveryS: number;
  /** Seconds of producing until the next failure. */
  #secondsToFailure: number;
  /** Cumulated hazard at which it comes. */
  #hazardAtFailure: number;
  #secondsSinceService: number;

  constructor(workUnit: WorkUnit, random: Random) {
    this.#random = random;
    this.#perSecond = between(random, 0.85, 1.2) / (HOURS_TO_WEAR_OUT[workUnit.kind] * SECONDS_PER_HOUR);
    this.#serviceEveryS = HOURS_BETWEEN_SERVICES[workUnit.kind] * SECONDS_PER_HOUR;
    this.level = between(random, 0, 0.7);
    this.#secondsSinceService = Math.floor(between(random, 0, 1) * this.#serviceEveryS);
    this.#hazardAtFailure = hazard(this.level) + exposure(random);
    this.#secondsToFailure = this.#untilFailure();
  }

  get secondsToFailure(): number {
    return this.#secondsToFailure;
  }

  get hasFailed(): boolean {
    return this.#secondsToFailure <= 0;
  }

  get isServiceDue(): boolean {
    return this.#secondsSinceService >= this.#serviceEveryS;
  }

  run(seconds: number): void {
    this.level += seconds * this.#perSecond;
    this.#secondsToFailure -= seconds;
    this.#secondsSinceService += seconds;
  }

  /** What fails, how long it takes until someone repairs it, and how long the repair takes; the unit is as new then. */
  fail(): { failureCode: string; waitS: number; repairS: number } {
    const random = this.#random;
    this.level = 0;
    this.#hazardAtFailure = exposure(random);
    this.#secondsToFailure = this.#untilFailure();
    const hours = 1.5 + 1.5 * exposure(random) + 0.2 * Math.abs(noise(random));
    return {
      failureCode: pick(random, FAILURE_CODES),
      waitS: wholeBetween(random, 600, 5400),
      repairS: Math.round(Math.min(hours, 14) * SECONDS_PER_HOUR),
    };
  }

  /** Preventive maintenance takes some of the wear away. @returns its duration in seconds. */
  service(): number {
    const hazardLeft = this.#hazardAtFailure - hazard(this.level);
    this.level *= WEAR_LEFT_BY_SERVICE;
    this.#hazardAtFailure = hazard(this.level) + hazardLeft;
    this.#secondsToFailure = this.#untilFailure();
    this.#secondsSinceService = 0;
    return 60 * wholeBetween(this.#random, 60, 160);
  }

  #untilFailure(): number {
    const levelAtFailure = Math.sqrt(Math.cbrt(this.#hazardAtFailure));
    return Math.max(1, Math.ceil((levelAtFailure - this.level) / this.#perSecond));
  }
}

/** Cumulated from new to a level of wear. */
function hazard(level: number): number {
  const cube = level * level * level;
  return cube * cube;
}
