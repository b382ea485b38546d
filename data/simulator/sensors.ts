import type { Moment } from './days';
import type { WorkUnit } from './plant';
import { type Random, between, noise, randomStream } from './random';
import type { Records } from './records';
import type { Stretch, UnitOperation } from './unit-operation';

export type Sensor = 'vibration' | 'temperature' | 'current';

/** A value in thousandths of its unit. */
export interface Reading {
  number: number;
  workUnit: WorkUnit;
  sensor: Sensor;
  readAt: Moment;
  value: number;
  unit: string;
}

interface SensorProfile {
  sensor: Sensor;
  unit: string;
  /** Of a new unit that produces, in thousandths. */
  base: number;
  /** Added by wear 1, with the square of it below and above. */
  byWear: number;
  /** Deviation of a single reading. */
  noise: number;
  /** Share of the level while the unit does not produce. */
  atRest: number;
}

const PROFILES: readonly SensorProfile[] = [
  { sensor: 'vibration', unit: 'mm/s', base: 2200, byWear: 3000, noise: 350, atRest: 0.55 },
  { sensor: 'temperature', unit: 'degC', base: 52_000, byWear: 9000, noise: 2500, atRest: 0.75 },
  { sensor: 'current', unit: 'A', base: 38_000, byWear: 5000, noise: 2200, atRest: 0.3 },
];
const NOISE_TERMS = 3;

/** The sensors of a work unit, read every so many seconds while it is not idle. */
export class UnitSensors {
  readonly #operation: UnitOperation;
  readonly #intervalS: number;
  readonly #random: Random;
  /** Base level of each profile for this unit. */
  readonly #bases: number[];

  constructor(operation: UnitOperation, intervalS: number, seed: number) {
    this.#operation = operation;
    this.#intervalS = intervalS;
    this.#random = randomStream(seed, 'sensors', operation.workUnit.equipmentId);
    this.#bases = PROFILES.map(({ base }) => base * between(this.#random, 0.95, 1.05));
  }

  /** Reads what happened since the last call, three readings at a time. */
  *read(records: Records): Generator<Reading> {
    const { stretches, workUnit } = this.#operation;
    this.#operation.stretches = [];
    const intervalS = this.#intervalS;
    for (const stretch of stretches) {
      for (let at = Math.ceil(stretch.from / intervalS) * intervalS; at < stretch.to; at += intervalS) {
        for (let index = 0; index < PROFILES.length; index++) {
          const { sensor, unit } = PROFILES[index] as SensorProfile;
          const value = this.#value(index, stretch, at);
          yield { number: records.next('reading'), workUnit, sensor, readAt: at, value, unit };
        }
      }
    }
  }

  #value(index: number, { from, to, isProducing, wearFrom, wearTo }: Stretch, at: Moment): number {
    const { byWear, noise: deviation, atRest } = PROFILES[index] as SensorProfile;
    const wear = wearFrom + ((wearTo - wearFrom) * (at - from)) / (to - from);
    const level = (this.#bases[index] as number) + byWear * wear * wear;
    return Math.max(0, Math.round(level * (isProducing ? 1 : atRest) + deviation * noise(this.#random, NOISE_TERMS)));
  }
}
