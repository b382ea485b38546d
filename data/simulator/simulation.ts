import { type Day, type Moment } from './days';
import { EventQueue } from './event-queue';
import { type Material, beginningMaterials, newMaterialOn } from './materials';
import { Planner } from './planner';
import { type PlantOptions, type Site, buildPlant } from './plant';
import { QualityLab } from './quality';
import { RawStock } from './raw-stock';
import { Records } from './records';
import { SiteFloor } from './site-floor';
import { type Supplier, suppliers } from './suppliers';
import { UnitOperation } from './unit-operation';
import { Zone } from './zones';

/** Zone of the system's local times and of its logical dates. */
export const SYSTEM_TIME_ZONE = 'Europe/Berlin';
/** Master data is up to this much older than the first day. */
const OLDEST_DAYS = 1000;
const PLANNED_DAYS = 60;

export interface SimulationOptions extends PlantOptions {
  firstDay: Day;
  /** Only zones are prepared for so many: what happens on a day does not depend on how many follow. */
  days: number;
}

/**
 * The plant, run day by day: a discrete-event simulation in whole seconds. The same options give the same history, and
 * defects, which only concern what is exported, change nothing of it.
 */
export class Simulation {
  readonly zone: Zone;
  readonly sites: readonly Site[];
  readonly suppliers: readonly Supplier[];
  readonly operations: readonly UnitOperation[];
  readonly records = new Records();
  readonly beginsAt: Moment;
  /** The end of the last day that was run. */
  now: Moment;
  readonly #options: SimulationOptions;
  readonly #materials: Material[];
  readonly #clock: EventQueue;
  readonly #planners: readonly Planner[];
  #daysRun = 0;

  constructor(options: SimulationOptions) {
    const { seed, firstDay, days } = options;
    const range = [firstDay - OLDEST_DAYS, firstDay + days + PLANNED_DAYS] as const;
    this.#options = options;
    this.zone = new Zone(SYSTEM_TIME_ZONE, ...range);
    this.beginsAt = this.zone.momentOf(firstDay, 0);
    this.now = this.beginsAt;
    this.#clock = new EventQueue(this.beginsAt);
    this.#materials = beginningMaterials(seed, firstDay, this.zone);
    this.records.newMaterials.push(...this.#materials);
    this.suppliers = suppliers(seed);
    this.sites = buildPlant(options, this.#materials, this.beginsAt, ...range);
    const operations: UnitOperation[] = [];
    this.#planners = this.sites.map((site) => new Planner(this.#floor(site, operations), this.records, seed));
    this.operations = operations;
    for (const planner of this.#planners) planner.begin();
  }

  /** Runs the next day, by the system's calendar, to its end. What was on record of the day before is forgotten. */
  runDay(): void {
    if (this.#daysRun > 0) this.records.clear();
    const { seed, firstDay } = this.#options;
    for (const planner of this.#planners) planner.planDay(this.now);
    const material = newMaterialOn(this.#daysRun, seed, firstDay, this.zone, this.#materials);
    if (material !== undefined) {
      this.#materials.push(material);
      this.records.newMaterials.push(material);
    }
    this.#daysRun += 1;
    this.now = this.zone.momentOf(firstDay + this.#daysRun, 0);
    this.#clock.runUntil(this.now);
    for (const operation of this.operations) operation.accrueTo(this.now);
  }

  /** @param operations those of the site's units are added. */
  #floor(site: Site, operations: UnitOperation[]): SiteFloor {
    const { seed } = this.#options;
    const stock = new RawStock(site, this.#clock, this.records, this.suppliers, seed);
    const lab = new QualityLab(site.profile.siteId, this.#clock, this.records, seed);
    const floor = new SiteFloor(site, this.#clock, stock, lab);
    for (const workUnit of site.workUnits) {
      operations.push(new UnitOperation(workUnit, floor, this.records, seed, this.beginsAt));
    }
    floor.units.push(...operations.filter(({ workUnit }) => workUnit.siteId === site.profile.siteId));
    return floor;
  }
}
