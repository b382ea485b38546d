import {
  DATES,
  TABLES,
  dateOf,
  placeOf,
  sameContent,
  tableOf,
  type Content,
  type Place,
  type TableName,
} from './deliveries';

/** One run's load of one place. */
export interface Loaded {
  loadId: string;
  startedAt: string;
  content: Content;
}

/** A run since its manifest was written. */
export interface Run {
  loadId: string;
  startedAt: string;
  logicalDate: string | null;
  /** What its manifest says, in order. */
  planned: Map<Place, Content>;
  sealed: Map<Place, Content>;
  /** Dates left out whole since a delivery failed; only a backfill leaves any out. */
  isBackfill: boolean;
  replacedTables: TableName[];
  attempts: number;
}

export type EntryStatus = 'BUILDING' | 'BUILT' | 'HELD' | 'FAILED' | 'SUPERSEDED' | 'PUBLISHED' | 'ABANDONED';

/** An entry of the publication log. */
export interface Entry {
  publication: number;
  kind: 'BUILD' | 'ROLLBACK' | 'APPROVAL';
  base: number | null;
  target: number | null;
  /** Of a build: the run it is for. */
  loadId: string | null;
  dataSet: number;
  status: EntryStatus;
}

/** What a reader of one data set must see. */
export interface DataSet {
  holds: Map<Place, Loaded>;
  /** Places whose partitions differ from the base's. */
  changed: Place[];
  /** `<place> <LOAD_ID>` of what RAW.<TABLE>_RUN shows besides. */
  kept: Set<string>;
  /** Version of the models' code that built it. */
  code: number;
  /** It would need what retention has retired, so that it cannot be. */
  isRetired: boolean;
}

/** A delivery that a rollback took away from readers. */
export interface Withdrawn {
  place: Place;
  loadId: string;
  content: Content;
}

/**
 * What the platform promises, in a few maps: which deliveries lie in the folder, what the runs have loaded, the publication
 * log, and what each data set holds. It knows no file, no database and no step of the product's code.
 */
export class Plant {
  readonly delivered = new Map<Place, Content>();
  readonly runs: Run[] = [];
  readonly log: Entry[] = [];
  readonly dataSets = new Map<number, DataSet>();
  withdrawn: Withdrawn[] = [];
  readonly pinned = new Set<number>();
  head: Entry | undefined;
  /** Data set that the link shows: behind the head between a kill and the next session on the store. */
  linked: number | undefined;
  code = 1;
  /** Attempts at loads that stand before their seal. */
  pausedLoads = 0;
  /** Candidates whose build nobody has ended or killed. */
  readonly open = new Set<number>();
  /** Places that publications have held, with their loads. */
  private readonly published = new Set<string>();
  /** Loads that no later data set may show. */
  private readonly retired = new Set<string>();
  /** Data sets that nobody can go to any more. */
  readonly dropped = new Set<number>();
  private seconds = 0;

  constructor(
    private readonly tables: readonly string[] = TABLES,
    private readonly dates: readonly string[] = DATES,
  ) {}

  /** Every session on the store mends the link. */
  session(): void {
    this.linked = this.head?.dataSet;
  }

  get visible(): DataSet | undefined {
    return this.head && this.dataSets.get(this.head.dataSet);
  }

  get shown(): DataSet | undefined {
    return this.linked === undefined ? undefined : this.dataSets.get(this.linked);
  }

  /** A moment, later than those before or, now and then, the same. */
  clock(isTie: boolean): string {
    if (!isTie) this.seconds += 1;
    return new Date(Date.UTC(2026, 2, 10, 0, 0, this.seconds)).toISOString();
  }

  /** What a run must load: its own date, and earlier deliveries that are pending. */
  plan(asked: string | undefined, exact: boolean): { logicalDate: string; load: Place[]; withdrawn: Place[] } {
    const logicalDate = asked ?? this.newestDate();
    const load: Place[] = [];
    const withdrawn: Place[] = [];
    for (const place of this.placesInOrder()) {
      const date = dateOf(place);
      if (date > logicalDate || (exact && date !== logicalDate)) continue;
      const content = this.delivered.get(place);
      const isPublished = sameContent(this.visible?.holds.get(place)?.content, content);
      const isWithdrawn = this.withdrawn.some((w) => w.place === place && sameContent(w.content, content));
      if (date !== asked && isWithdrawn && !isPublished) withdrawn.push(place);
      else if (date === logicalDate || !isPublished) load.push(place);
    }
    return { logicalDate, load, withdrawn };
  }

  /** What a backfill that reloads must load: every delivery of its dates. */
  backfill(from: string, to: string): { logicalDate: string; load: Place[]; withdrawn: Place[] } {
    const load = this.placesInOrder().filter((place) => dateOf(place) >= from && dateOf(place) <= to);
    return { logicalDate: load.map(dateOf).sort().at(-1) ?? '', load, withdrawn: [] };
  }

  private newestDate(): string {
    return [...this.delivered.keys()].map(dateOf).sort().at(-1) ?? '';
  }

  /** Places with a delivery, by date. */
  private placesInOrder(): Place[] {
    const all = this.dates.flatMap((date) => this.tables.map((table) => placeOf(table, date)));
    return all.filter((place) => this.delivered.has(place));
  }

  /** Deliveries of a run that can be loaded now: readable, and as its manifest recorded them. */
  loadable(run: Run): Place[] {
    return [...run.planned.keys()].filter((place) => {
      const content = run.planned.get(place);
      return content?.isReadable === true && sameContent(content, this.delivered.get(place));
    });
  }

  isWhole(run: Run): boolean {
    return run.sealed.size === run.planned.size;
  }

  /** Dates of a backfill that are left out, since one of their deliveries is not loaded. */
  withoutDates(run: Run): string[] {
    const open = [...run.planned.keys()].filter((place) => !run.sealed.has(place));
    return run.isBackfill ? [...new Set(open.map(dateOf))].sort() : [];
  }

  /** The data set that a candidate holds when it is opened now; undefined when it would hold nothing. */
  candidate(run: Run): DataSet | undefined {
    const before = this.visible?.holds ?? new Map<Place, Loaded>();
    const without = this.withoutDates(run);
    const mine = [...run.sealed].filter(([place]) => !without.includes(dateOf(place)));
    const holds = new Map(before);
    const changed: Place[] = [];
    for (const [place, content] of mine) {
      const other = before.get(place);
      if (other !== undefined && !isLater(run, other)) continue;
      holds.set(place, { loadId: run.loadId, startedAt: run.startedAt, content });
      changed.push(place);
    }
    for (const place of before.keys()) {
      if (!run.replacedTables.includes(tableOf(place)) || mine.some(([other]) => other === place)) continue;
      // Only what is older than the load goes: a late load does not take newer days away.
      const isOlder = mine.some(([other]) => tableOf(other) === tableOf(place) && dateOf(other) > dateOf(place));
      if (!isOlder) continue;
      holds.delete(place);
      changed.push(place);
    }
    if (holds.size === 0) return undefined;
    const added = changed.filter((place) => holds.get(place)?.loadId === run.loadId);
    const isRetired = added.some((place) => this.retired.has(loadName(place, run.loadId)));
    const kept = new Set([...this.published, ...loadsOf(holds)].filter((load) => !this.retired.has(load)));
    return { holds, changed, kept, code: this.code, isRetired };
  }

  entry(publication: number): Entry | undefined {
    return this.log.find((entry) => entry.publication === publication);
  }

  /** Makes an entry the head. */
  moveHead(entry: Entry): void {
    this.head = entry;
    const dataSet = this.dataSets.get(entry.dataSet);
    for (const load of loadsOf(dataSet?.holds ?? new Map<Place, Loaded>())) this.published.add(load);
  }

  /** A publication that loaded a place, or took it out, is the last word on it. */
  forgetWithdrawn(dataSet: number): void {
    const changed = this.dataSets.get(dataSet)?.changed ?? [];
    this.withdrawn = this.withdrawn.filter(({ place }) => !changed.includes(place));
  }

  /** What a rollback takes away; what it brings back is withdrawn no longer. Returns how many deliveries it takes. */
  withdraw(from: DataSet, to: DataSet): number {
    const kept = loadsOf(to.holds);
    this.withdrawn = this.withdrawn.filter(({ place, loadId }) => !kept.has(loadName(place, loadId)));
    const gone = [...from.holds].filter(([place, { loadId }]) => !kept.has(loadName(place, loadId)));
    for (const [place, { loadId, content }] of gone) this.withdrawn.push({ place, loadId, content });
    return gone.length;
  }

  /** Retention that keeps the newest publications, pinned ones, and what candidates under way need. */
  retain(keepPublications: number): void {
    for (const entry of this.log) {
      const isFollowed = this.log.some(
        (later) => later.kind === 'BUILD' && later.loadId === entry.loadId && later.publication > entry.publication,
      );
      const isUnderWay = entry.status === 'BUILDING' || entry.status === 'BUILT';
      if (entry.kind === 'BUILD' && isUnderWay && isFollowed) entry.status = 'ABANDONED';
    }
    const published = this.log.filter((entry) => entry.status === 'PUBLISHED');
    const kept = new Set(published.slice(-Math.max(1, keepPublications)).map((entry) => entry.dataSet));
    for (const entry of published) if (this.pinned.has(entry.publication)) kept.add(entry.dataSet);
    for (const { status, dataSet, base } of this.log) {
      if (status !== 'BUILDING' && status !== 'BUILT') continue;
      kept.add(dataSet);
      const on = base === null ? undefined : this.entry(base);
      if (on !== undefined) kept.add(on.dataSet);
    }
    for (const { dataSet } of this.log) if (!kept.has(dataSet)) this.dropped.add(dataSet);
    const needed = new Set(
      [...kept]
        .filter((dataSet) => !this.dropped.has(dataSet))
        .flatMap((dataSet) => [...loadsOf(this.dataSets.get(dataSet)?.holds ?? new Map<Place, Loaded>())]),
    );
    for (const load of this.published) if (!needed.has(load)) this.retired.add(load);
  }

  /** What readers saw before what they see now: the default of a rollback. */
  before(): number | undefined {
    let entry = this.head;
    while (entry?.kind === 'ROLLBACK') entry = this.entry(entry.target ?? 0);
    return entry?.base ?? undefined;
  }
}

export function loadName(place: Place, loadId: string): string {
  return `${place} ${loadId}`;
}

function loadsOf(holds: Map<Place, Loaded>): Set<string> {
  return new Set([...holds].map(([place, { loadId }]) => loadName(place, loadId)));
}

/** Promise 6, within one logical date: the run that started later, then the LOAD_ID. */
function isLater(run: Run, other: Loaded): boolean {
  return run.startedAt === other.startedAt ? run.loadId > other.loadId : run.startedAt > other.startedAt;
}
