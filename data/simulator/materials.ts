import { type Day, type Moment, SECONDS_PER_HOUR } from './days';
import { type Random, between, pick, randomStream, sample, wholeBetween } from './random';
import type { Zone } from './zones';

export type MaterialType = 'raw' | 'intermediate' | 'finished' | 'packaging';

/** A characteristic of a made material that is inspected; its numbers in thousandths of its unit. */
export interface Specification {
  characteristic: 'viscosity' | 'density' | 'gloss' | 'ph';
  unit: string;
  lowerLimit: number;
  upperLimit: number;
}

export interface Material {
  /** From 1. */
  number: number;
  materialId: string;
  name: string;
  type: MaterialType;
  unit: 'kg' | 'l' | 'ea';
  status: 'active' | 'blocked' | 'phased_out';
  createdAt: Moment;
  /** How long a batch of it keeps. */
  shelfLifeDays: number;
  /** Factor on the time of setting up for it, 0.7 (clear) to 2 (dark, sticky). */
  setupDifficulty: number;
  /** Raw materials that a unit of it takes, in tenths of their unit; none for what is bought. */
  recipe: { raw: Material; tenthsPerItem: number }[];
  specifications: Specification[];
}

/** How many of each type the master data begins with, in the order of their numbers. */
const BEGINNING: readonly [MaterialType, number][] = [
  ['raw', 12],
  ['intermediate', 6],
  ['finished', 16],
  ['packaging', 6],
];
/** Types of the materials that are added later, over and over. */
const LATER_TYPES: readonly MaterialType[] = ['finished', 'raw', 'finished', 'packaging', 'intermediate'];
const DAYS_BETWEEN_NEW_MATERIALS = 10;
/** Age of the last material at the beginning: master data is never old as a whole. */
const YOUNGEST_DAYS = 4;

const NAMES: Record<MaterialType, readonly [string, ...string[]]> = {
  raw: ['Titanium dioxide', 'Acrylic resin', 'Butyl acetate', 'Talc, fine', 'Iron oxide red', 'Lösemittel N'],
  intermediate: ['White paste', 'Binder premix', 'Hardener base', 'Pigment slurry', 'Clear base, unfiltered'],
  finished: ['Primer grey', 'Top coat white', 'Clear coat "Matt"', 'Floor coating', 'Metal lacquer, blue'],
  packaging: ['Can', 'Drum', 'Canister', 'Label', 'Pallet'],
};
const UNITS: Record<MaterialType, readonly [Material['unit'], ...Material['unit'][]]> = {
  raw: ['kg'],
  intermediate: ['kg'],
  finished: ['kg', 'l'],
  packaging: ['ea'],
};

/** The materials that the master data begins with, made before the first delivery. */
export function beginningMaterials(seed: number, firstDay: Day, zone: Zone): Material[] {
  const types = BEGINNING.flatMap(([type, count]) => Array<MaterialType>(count).fill(type));
  const materials: Material[] = [];
  for (const [index, type] of types.entries()) {
    const random = randomStream(seed, 'material', index + 1);
    const ageDays = wholeBetween(random, 20, 900);
    const createdOn = firstDay - (index === types.length - 1 ? YOUNGEST_DAYS : ageDays);
    materials.push(material(index + 1, type, createdOn, zone, random, materials));
  }
  return materials;
}

/** The material that is added to the master data on the day `daysIn` days after the first one; undefined on most. */
export function newMaterialOn(
  daysIn: number,
  seed: number,
  firstDay: Day,
  zone: Zone,
  materials: readonly Material[],
): Material | undefined {
  if (daysIn % DAYS_BETWEEN_NEW_MATERIALS !== 3) return undefined;
  const number = materials.length + 1;
  const type = LATER_TYPES[Math.floor(daysIn / DAYS_BETWEEN_NEW_MATERIALS) % LATER_TYPES.length] as MaterialType;
  return material(number, type, firstDay + daysIn, zone, randomStream(seed, 'material', number), materials);
}

function material(
  number: number,
  type: MaterialType,
  createdOn: Day,
  zone: Zone,
  random: Random,
  others: readonly Material[],
): Material {
  const isMade = type === 'intermediate' || type === 'finished';
  const odds = random();
  return {
    number,
    materialId: `M-${String(number).padStart(4, '0')}`,
    name: `${pick(random, NAMES[type])} ${number}`,
    type,
    unit: pick(random, UNITS[type]),
    status: odds < 0.9 ? 'active' : odds < 0.96 ? 'phased_out' : 'blocked',
    createdAt: zone.momentOf(createdOn, wholeBetween(random, 7 * SECONDS_PER_HOUR, 17 * SECONDS_PER_HOUR)),
    shelfLifeDays: type === 'finished' ? 730 : 180,
    setupDifficulty: between(random, 0.7, 1.3) * (random() < 0.25 ? 1.5 : 1),
    recipe: isMade ? recipe(random, others) : [],
    specifications: isMade ? specifications(random) : [],
  };
}

function recipe(random: Random, others: readonly Material[]): Material['recipe'] {
  const raws = others.filter(({ type }) => type === 'raw');
  return sample(random, raws, 3).map((raw) => ({ raw, tenthsPerItem: wholeBetween(random, 1, 5) }));
}

function specifications(random: Random): Specification[] {
  const specification = (
    characteristic: Specification['characteristic'],
    unit: string,
    target: number,
    tolerance: number,
  ) => ({ characteristic, unit, lowerLimit: target - tolerance, upperLimit: target + tolerance });
  return [
    specification('viscosity', 'mPas', 50_000 * wholeBetween(random, 10, 60), 120_000),
    specification('density', 'g/cm3', 10 * wholeBetween(random, 95, 145), 40),
    specification('gloss', 'GU', 1000 * wholeBetween(random, 20, 85), 6_000),
    specification('ph', 'pH', 100 * wholeBetween(random, 72, 92), 500),
  ];
}
