import { ShiftCalendar } from './calendar';
import { type Day, type Moment, SECONDS_PER_DAY, formatDay } from './days';
import type { Material } from './materials';
import { type Random, between, noise, pick, randomStream, sample, wholeBetween } from './random';
import { SITE_PROFILES, type SiteProfile } from './site-list';
import { Zone } from './zones';

/** An element of the equipment hierarchy (ISA-95) as master data knows it. */
export interface Equipment {
  number: number;
  equipmentId: string;
  name: string;
  level: 'area' | 'work_center' | 'work_unit';
  /** Empty for an area, whose parent is the site. */
  parentId: string;
  siteId: string;
  /** YYYY-MM-DD */
  commissionedOn: string;
}

/** A machine that orders run on, one at a time. */
export interface WorkUnit extends Equipment {
  kind: 'production' | 'packaging';
  workCenterId: string;
  calendar: ShiftCalendar;
  /** Seconds from the middle of a shift to the middle of the unit's break. */
  breakOffsetS: number;
  /** Factor on standard times: an old unit is slower than planned. */
  pace: number;
  /** Standard time in seconds per item, a multiple of a half, by number of the material. */
  standardTimes: Map<number, number>;
  /** What it makes or packages. */
  materials: [Material, ...Material[]];
}

export interface Site {
  profile: SiteProfile;
  zone: Zone;
  equipment: Equipment[];
  workUnits: WorkUnit[];
}

export interface PlantOptions {
  seed: number;
  sites: number;
  /** Per site. */
  workUnits: number;
}

const UNITS_PER_WORK_CENTER = 2;
const MATERIALS_PER_LINE = 6;
const PRODUCTION_SHIFTS = 3;
const PACKAGING_SHIFTS = 2;
/** Share of packaging's shift time that the planned output of production is to take, and the share of it that is packed. */
const PACKAGING_LOAD = 0.76;
const PACKED_SHARE = 0.78;

/** Builds the sites with their equipment. Of a site's units two thirds are production, the others packaging. */
export function buildPlant(
  { seed, sites, workUnits }: PlantOptions,
  materials: readonly Material[],
  beginsAt: Moment,
  firstDay: Day,
  lastDay: Day,
): Site[] {
  const made = Math.min(workUnits - 1, Math.max(1, Math.round((workUnits * 2) / 3)));
  const packaged = workUnits - made;
  const numbers = { last: 0 };
  return SITE_PROFILES.slice(0, sites).map((profile) => {
    const zone = new Zone(profile.timeZone, firstDay, lastDay);
    const builder = new SiteBuilder(profile, zone, seed, materials, numbers);
    const { dayStartsAtS, holidays } = profile;
    const calendarOf = (shiftsPerDay: number) =>
      new ShiftCalendar({ zone, dayStartsAtS, shiftsPerDay, holidays }, beginsAt);
    const packagingRatio = packaged / made;
    const production = { kind: 'production', area: 'MIX', letter: 'L', count: made } as const;
    const packaging = { kind: 'packaging', area: 'FILL', letter: 'P', count: packaged } as const;
    builder.addArea({ ...production, calendar: calendarOf(PRODUCTION_SHIFTS), packagingRatio });
    builder.addArea({ ...packaging, calendar: calendarOf(PACKAGING_SHIFTS), packagingRatio });
    return builder.site;
  });
}

/** Puts a site's equipment together, from areas to work units. */
class SiteBuilder {
  readonly site: Site;
  readonly #seed: number;
  readonly #materials: readonly Material[];
  readonly #numbers: { last: number };

  /** @param numbers of the equipment of all sites. */
  constructor(
    profile: SiteProfile,
    zone: Zone,
    seed: number,
    materials: readonly Material[],
    numbers: { last: number },
  ) {
    this.site = { profile, zone, equipment: [], workUnits: [] };
    this.#seed = seed;
    this.#materials = materials;
    this.#numbers = numbers;
  }

  /** Adds an area with its lines, two units each. */
  addArea(area: AreaToBuild): void {
    const { siteId, name: siteName } = this.site.profile;
    const random = randomStream(this.#seed, 'equipment', siteId, area.area);
    const year = wholeBetween(random, 2001, 2006);
    const commissionedOn = `${year}-03-01`;
    const areaId = `${siteId}-${area.area}`;
    const name = `${siteName} ${AREA_NAMES[area.kind]}`;
    this.#add({ equipmentId: areaId, name, level: 'area', parentId: '', commissionedOn });
    for (let n = 0; n < area.count; n++) {
      const line = Math.floor(n / UNITS_PER_WORK_CENTER) + 1;
      const workCenterId = `${siteId}-${area.letter}${line}`;
      if (n % UNITS_PER_WORK_CENTER === 0) {
        const lineName = `${AREA_NAMES[area.kind]} line ${line}`;
        this.#add({
          equipmentId: workCenterId,
          name: lineName,
          level: 'work_center',
          parentId: areaId,
          commissionedOn,
        });
      }
      this.#addUnit(area, n, workCenterId, line, year, random);
    }
  }

  #addUnit(area: AreaToBuild, n: number, workCenterId: string, line: number, year: number, random: Random): void {
    const unit = (n % UNITS_PER_WORK_CENTER) + 1;
    const builtOn = Math.floor(Date.UTC(year, 2, 1) / 1000 / SECONDS_PER_DAY) + wholeBetween(random, 0, 7000);
    const commissionedOn = formatDay(builtOn);
    const equipment = this.#add({
      equipmentId: `${workCenterId}-U${unit}`,
      name: `${pick(random, UNIT_NAMES[area.kind])} ${line}.${unit}`,
      level: 'work_unit',
      parentId: workCenterId,
      commissionedOn,
    });
    const materials = materialsOfLine(randomStream(this.#seed, 'line', workCenterId), this.#materials, area.kind);
    this.site.workUnits.push({
      ...equipment,
      kind: area.kind,
      workCenterId,
      calendar: area.calendar,
      breakOffsetS: 600 * ((n % 5) - 2),
      pace: 1.11 - 0.007 * (Number(commissionedOn.slice(0, 4)) - 2001) + 0.02 * noise(random),
      standardTimes: new Map(materials.map((material) => [material.number, standardTime(random, area)])),
      materials,
    });
  }

  #add(equipment: Omit<Equipment, 'number' | 'siteId'>): Equipment {
    const added = { ...equipment, number: ++this.#numbers.last, siteId: this.site.profile.siteId };
    this.site.equipment.push(added);
    return added;
  }
}

interface AreaToBuild {
  kind: WorkUnit['kind'];
  area: string;
  letter: string;
  count: number;
  calendar: ShiftCalendar;
  /** Packaging units per production unit. */
  packagingRatio: number;
}

const AREA_NAMES = { production: 'Mixing', packaging: 'Filling' };
const UNIT_NAMES = {
  production: ['Dissolver', 'Bead mill', 'Mixer', 'Reactor'],
  packaging: ['Can filler', 'Drum filler', 'Canister line'],
} as const;

/** A production line makes a few materials, most of them finished; packaging takes every finished one. */
function materialsOfLine(
  random: Random,
  materials: readonly Material[],
  kind: WorkUnit['kind'],
): [Material, ...Material[]] {
  const finished = materials.filter(({ type }) => type === 'finished');
  if (kind === 'packaging') return finished as [Material, ...Material[]];
  const intermediates = materials.filter(({ type }) => type === 'intermediate');
  const made = [...sample(random, finished, MATERIALS_PER_LINE - 1), ...sample(random, intermediates, 1)];
  return made as [Material, ...Material[]];
}

/** In half seconds. Packaging is as fast as it must be to keep up, however many units a site has of each kind. */
function standardTime(random: Random, { kind, packagingRatio }: AreaToBuild): number {
  const mean = 24;
  const share = (PACKAGING_LOAD * PACKAGING_SHIFTS * packagingRatio) / (PRODUCTION_SHIFTS * PACKED_SHARE);
  const [from, to] = kind === 'production' ? [mean * 0.6, mean * 1.4] : [mean * share * 0.8, mean * share * 1.2];
  return Math.max(0.5, Math.round(2 * between(random, from, to)) / 2);
}
