import type { Material } from './materials';
import { type Random, between, pick, randomStream, sample } from './random';

export interface Supplier {
  number: number;
  supplierId: string;
  name: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  status: 'approved' | 'conditional' | 'blocked';
  /** Share of its lots of which something is rejected. */
  poorLotRate: number;
  /** Factor on the days that a lot is on its way. */
  slowness: number;
}

const NAMES: readonly [string, string][] = [
  ['Nordchem GmbH', 'DE'],
  ['Rheinharz AG', 'DE'],
  ['Pigmentos del Sur S.A.', 'ES'],
  ['Great Lakes Solvents, Inc.', 'US'],
  ['Midwest Resins LLC', 'US'],
  ['Bharat Oxides Ltd.', 'IN'],
  ['Søndergaard Kemi A/S', 'DK'],
  ['Kansai Minerals K.K.', 'JP'],
  ['Talcos do Brasil Ltda.', 'BR'],
  ['Outback Fillers Pty Ltd', 'AU'],
  ['Polychem "Plus" B.V.', 'NL'],
  ['Alpine Additives AG', 'CH'],
];
const SUPPLIERS_PER_MATERIAL = 3;

/** All suppliers; the last one delivers nothing, for it is blocked. */
export function suppliers(seed: number): Supplier[] {
  return NAMES.map(([name, country], index) => {
    const random = randomStream(seed, 'supplier', index + 1);
    const isLast = index === NAMES.length - 1;
    return {
      number: index + 1,
      supplierId: `SUP-${String(index + 1).padStart(3, '0')}`,
      name,
      country,
      status: isLast ? 'blocked' : random() < 0.2 ? 'conditional' : 'approved',
      poorLotRate: pick(random, [0.02, 0.04, 0.07, 0.12, 0.3]),
      slowness: between(random, 0.8, 1.4),
    };
  });
}

/** The suppliers that a raw material is bought from. */
export function suppliersOf(raw: Material, all: readonly Supplier[], seed: number): [Supplier, ...Supplier[]] {
  const random: Random = randomStream(seed, 'suppliers of', raw.number);
  const delivering = all.filter(({ status }) => status !== 'blocked');
  return sample(random, delivering, SUPPLIERS_PER_MATERIAL) as [Supplier, ...Supplier[]];
}
