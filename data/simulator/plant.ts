import { between, pick, randomStream } from './random';
import { type Day, type LocalTime, MINUTES_PER_DAY, MINUTES_PER_HOUR, startOf } from './local-time';

/** A site with its production lines and its one packaging line. */
export interface Site {
  site: string;
  productionLines: string[];
  packagingLine: string;
}

/** Three sites of a maker of coatings. */
export const SITES: Site[] = ['HAM', 'LEJ', 'ULM'].map((site) => ({
  site,
  productionLines: [1, 2, 3].map((n) => `${site}-L${n}`),
  packagingLine: `${site}-P1`,
}));

export interface Material {
  materialId: string;
  name: string;
  type: 'raw' | 'intermediate' | 'finished' | 'packaging';
  unit: 'kg' | 'l' | 'ea';
  status: 'active' | 'blocked' | 'phased_out';
  createdAt: LocalTime;
  /** How long a batch of it keeps. */
  shelfLifeDays: number;
}

const BASE_MATERIALS = 120;
const DAYS_BETWEEN_NEW_MATERIALS = 2;

const NAMES: Record<Material['type'], readonly [string, ...string[]]> = {
  raw: ['Titanium dioxide', 'Acrylic resin', 'Butyl acetate', 'Talc, fine', 'Iron oxide red', 'Lösemittel N'],
  intermediate: ['White paste', 'Binder premix', 'Hardener base', 'Pigment slurry', 'Clear base, unfiltered'],
  finished: ['Primer grey', 'Top coat white', 'Clear coat "Matt"', 'Floor coating', 'Metal lacquer, blue'],
  packaging: ['Can', 'Drum', 'Canister', 'Label', 'Pallet'],
};
const UNITS: Record<Material['type'], readonly [Material['unit'], ...Material['unit'][]]> = {
  raw: ['kg'],
  intermediate: ['kg'],
  finished: ['kg', 'l'],
  packaging: ['ea'],
};
/** Types in the order in which master data repeats: a third finished goods, a fifth intermediates. */
const TYPES = ['raw', 'finished', 'packaging', 'intermediate', 'raw', 'finished', 'finished'] as const;

/** All materials that the master data holds at the end of `lastDay`; every other day a new one is created. */
export function materials(seed: number, firstDay: Day, lastDay: Day): Material[] {
  const isNew = lastDay >= firstDay ? Math.floor((lastDay - firstDay) / DAYS_BETWEEN_NEW_MATERIALS) + 1 : 0;
  return Array.from({ length: BASE_MATERIALS + isNew }, (_, index) => material(seed, firstDay, index));
}

/** The materials of the base stock that production makes. */
export function madeMaterials(seed: number, firstDay: Day): [Material, ...Material[]] {
  const [first, ...others] = Array.from({ length: BASE_MATERIALS }, (_, index) =>
    material(seed, firstDay, index),
  ).filter(({ type }) => type === 'finished' || type === 'intermediate');
  return [first as Material, ...others];
}

function material(seed: number, firstDay: Day, index: number): Material {
  const random = randomStream(seed, 'material', index);
  const type = TYPES[index % TYPES.length] as Material['type'];
  const number = index + 1;
  const newOnDay = firstDay + (index - BASE_MATERIALS) * DAYS_BETWEEN_NEW_MATERIALS;
  const createdOn = index < BASE_MATERIALS ? firstDay - Math.floor(between(random, 20, 900)) : newOnDay;
  const odds = random();
  return {
    materialId: `M-${String(number).padStart(4, '0')}`,
    name: `${pick(random, NAMES[type])} ${number}`,
    type,
    unit: pick(random, UNITS[type]),
    status: odds < 0.9 ? 'active' : odds < 0.96 ? 'phased_out' : 'blocked',
    createdAt: startOf(createdOn) + Math.floor(between(random, 7 * MINUTES_PER_HOUR, 17 * MINUTES_PER_HOUR)),
    shelfLifeDays: type === 'finished' ? 730 : 180,
  };
}

/** The day on which a batch made at `time` expires. */
export function expiresOn(time: LocalTime, { shelfLifeDays }: Material): Day {
  return Math.floor(time / MINUTES_PER_DAY) + shelfLifeDays;
}
