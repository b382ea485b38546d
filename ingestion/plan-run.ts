import path from 'node:path';
import { DateTime } from 'luxon';
import { InvalidInputError, MissingDeliveryError, UnreadableFileError } from '../contracts/errors';
import type {
  Delivery,
  LogicalDateOrigin,
  ReusedDelivery,
  RunIdentity,
  RunManifest,
  SourceFile,
} from '../contracts/run';
import type { SourceSystem } from '../contracts/source-contract';
import type { OnUnchanged, RawIngestionInput } from '../contracts/workflow-inputs';
import type { KnownDeliveries } from '../warehouse/warehouse';
import { findDeliveries, type DeliveredFile, type FoundDelivery } from './deliveries';
import { fingerprintFile } from './preflight';

/** What a plan is made from. */
export interface PlanRequest {
  run: RunIdentity;
  input: RawIngestionInput;
  /** The time a schedule meant this run to start, ISO 8601; undefined when no schedule started it. */
  scheduledAt: string | undefined;
  systems: SourceSystem[];
  sourceDir: string;
  /** Deliveries of the publication that readers see, and those that a rollback took away from them. */
  known: KnownDeliveries;
  codeVersion: string;
  /** When the input does not say. Default: `load`. */
  onUnchanged?: OnUnchanged | undefined;
  signal?: AbortSignal | undefined;
}

/** A run's manifest, and what it leaves out. */
export interface RunPlan {
  manifest: RunManifest;
  ignoredFiles: string[];
  /** Deliveries that would be loaded if a rollback had not withdrawn them. */
  withdrawn: Delivery[];
}

/** A batch is one activity: at most so many deliveries of one table, or so many bytes. */
const BATCH_DELIVERIES = 20;
const BATCH_BYTES = 256 * 1024 * 1024;

/**
 * Decides what a run loads: contracts × folder × what is published → its manifest.
 *
 * The run's own date is loaded whatever is published; an earlier delivery only when it is pending, that is, when the
 * publication does not hold it with the same bytes. A delivery that a rollback withdrew is not loaded while its files stay as
 * they are, unless its date is asked for. Later deliveries are left to later runs. With `reuse`, what of the run's own date
 * the publication holds with the same bytes under the same contract is not loaded again.
 *
 * @throws InvalidInputError for a system, table or date that is not there; MissingDeliveryError when the run's own date
 * was delivered without a required table.
 */
export async function planRun(request: PlanRequest): Promise<RunPlan> {
  const { input } = request;
  const startedAt = new Date().toISOString();
  const system = chooseSystem(request.systems, input.sourceSystem);
  const tables = chooseTables(system, input.tables);
  chooseTables(system, input.acceptSmaller);
  const folder = await findDeliveries(request.sourceDir, system);
  const { logicalDate, origin } = resolveLogicalDate(request, system, folder.deliveries);
  const dated = withFlatFilesOn(logicalDate, folder.deliveries);
  const own = dated.filter((delivery) => delivery.logicalDate === logicalDate);
  if (input.logicalDate !== undefined && own.length === 0) {
    throw new InvalidInputError(
      `no delivery of ${system.name} for ${logicalDate} under ${path.join(request.sourceDir, system.name)}: ` +
        `${knownDates(dated)}.`,
    );
  }
  refuseMissingTables(system, tables, own, logicalDate);
  const candidates = dated
    .filter((d) => tables.has(d.table))
    .filter((d) => d.logicalDate === logicalDate || (d.logicalDate < logicalDate && input.exact !== true))
    .sort((a, b) => compare(a.logicalDate, b.logicalDate) || compare(a.table, b.table));
  const published = new Map(request.known.published.map((d) => [placeOf(d), d]));
  const contractDigests = Object.fromEntries(
    system.tables.filter((t) => tables.has(t.name)).map((t) => [t.name, t.digest]),
  );
  const isReusing = (input.onUnchanged ?? request.onUnchanged) === 'reuse';
  const deliveries: Delivery[] = [];
  const reused: ReusedDelivery[] = [];
  const withdrawn: Delivery[] = [];
  for (const found of candidates) {
    const known = published.get(placeOf(found));
    // The run's own date is always read anew: what looks untouched may have been replaced by a file of equal size and time.
    const isOwnDate = found.logicalDate === logicalDate;
    const delivery = await fingerprint(request, found, isOwnDate ? undefined : known);
    const isUnchanged = known !== undefined && sameFiles(delivery, known);
    if (found.logicalDate !== input.logicalDate && isWithdrawn(delivery, request.known)) {
      withdrawn.push(delivery);
    } else if (!isUnchanged) {
      deliveries.push(delivery);
    } else if (isOwnDate && isReusing && known.contractDigest === contractDigests[found.table]) {
      reused.push({ table: found.table, logicalDate, reusedLoadId: known.loadId, reusedLoadSeq: known.loadSeq });
    } else if (isOwnDate) {
      deliveries.push(delivery);
    }
  }
  const manifest: RunManifest = {
    ...request.run,
    sourceSystem: system.name,
    logicalDate,
    logicalDateOrigin: origin,
    startedAt,
    contractDigests,
    codeVersion: request.codeVersion,
    batches: toBatches(deliveries),
    reused,
  };
  return { manifest, ignoredFiles: folder.ignoredFiles, withdrawn };
}

function chooseSystem(systems: SourceSystem[], name: string | undefined): SourceSystem {
  const names = systems.map((system) => system.name).join(', ');
  if (name === undefined) {
    const [only, another] = systems;
    if (only === undefined) throw new InvalidInputError('no source system is described under dbt/models/staging.');
    if (another !== undefined)
      throw new InvalidInputError(
        `several source systems are described (${names}): name one, as --system ${only.name} on the command line or as ` +
          `"sourceSystem" in a run's input.`,
      );
    return only;
  }
  const system = systems.find((candidate) => candidate.name === name);
  if (system === undefined) throw new InvalidInputError(`there is no source system '${name}': described are ${names}.`);
  return system;
}

function chooseTables(system: SourceSystem, names: string[] | undefined): Set<string> {
  const described = system.tables.map((table) => table.name);
  const unknown = names?.find((name) => !described.includes(name));
  if (unknown !== undefined) {
    throw new InvalidInputError(
      `there is no table '${unknown}' in ${system.name}: described are ${described.join(', ')}.`,
    );
  }
  return new Set(names ?? described);
}

/** From the input; else the schedule's time, in the system's zone, less its offset; else the newest delivery present. */
function resolveLogicalDate(
  { input, scheduledAt, sourceDir }: PlanRequest,
  system: SourceSystem,
  deliveries: FoundDelivery[],
): { logicalDate: string; origin: LogicalDateOrigin } {
  if (input.logicalDate !== undefined) return { logicalDate: input.logicalDate, origin: 'input' };
  if (scheduledAt !== undefined) {
    const local = DateTime.fromISO(scheduledAt, { zone: system.timeZone });
    const day = local.minus({ days: system.logicalDateOffsetDays }).toISODate();
    if (day === null) throw new InvalidInputError(`the schedule's time '${scheduledAt}' is not a time.`);
    return { logicalDate: day, origin: 'schedule' };
  }
  // A flat file beside dated ones belongs to their newest date; only without any does the day of its change count.
  const dated = deliveries.flatMap((delivery) => delivery.logicalDate ?? []);
  const dates = dated.length > 0 ? dated : deliveries.map((delivery) => newestChange(delivery, system));
  const newest = dates.sort().at(-1);
  if (newest === undefined) {
    throw new InvalidInputError(
      `there is no delivery of a described table under ${path.join(sourceDir, system.name)}: ` +
        `put <table>.csv or <YYYY-MM-DD>/<table>.csv there.`,
    );
  }
  return { logicalDate: newest, origin: 'newest_delivery' };
}

function newestChange(delivery: FoundDelivery, system: SourceSystem): string {
  const newest =
    delivery.files
      .map((file) => file.modifiedAt)
      .sort()
      .at(-1) ?? '';
  return DateTime.fromISO(newest, { zone: system.timeZone }).toISODate() ?? '';
}

type DatedDelivery = FoundDelivery & { logicalDate: string };

/** Gives flat files the run's own date. */
function withFlatFilesOn(logicalDate: string, deliveries: FoundDelivery[]): DatedDelivery[] {
  return deliveries.map((delivery) => {
    if (delivery.logicalDate !== undefined) return { ...delivery, logicalDate: delivery.logicalDate };
    const twin = deliveries.find((other) => other.table === delivery.table && other.logicalDate === logicalDate);
    if (twin !== undefined) {
      const files = `${delivery.files[0]?.path} and ${twin.files[0]?.path}`;
      throw new UnreadableFileError(`${files} are both ${delivery.table} for ${logicalDate}: remove one of them.`);
    }
    return { ...delivery, logicalDate };
  });
}

/** A date that was delivered in part is refused, since its tables would disagree; one not delivered at all is monitoring's. */
function refuseMissingTables(
  system: SourceSystem,
  tables: Set<string>,
  own: DatedDelivery[],
  logicalDate: string,
): void {
  if (own.length === 0) return;
  const missing = system.tables.find(
    (table) => table.required && tables.has(table.name) && !own.some((delivery) => delivery.table === table.name),
  );
  if (missing !== undefined) {
    throw new MissingDeliveryError(
      `${system.name}'s delivery for ${logicalDate} lacks the required table ${missing.name}: deliver ` +
        `${system.name}/${logicalDate}/${missing.name}.csv and start again, or declare the table 'required: false'.`,
    );
  }
}

/** Hashes a delivery's files; one that is published with the same size and time keeps the hash it has. */
async function fingerprint(
  { sourceDir, signal }: PlanRequest,
  found: DatedDelivery,
  known: Delivery | undefined,
): Promise<Delivery> {
  const files: SourceFile[] = [];
  for (const file of found.files) {
    const same = known?.files.find((other) => isUntouched(file, other));
    const sha256 = same?.sha256 ?? (await fingerprintFile(path.join(sourceDir, file.path), signal)).sha256;
    files.push({ ...file, sha256 });
  }
  return { table: found.table, logicalDate: found.logicalDate, files };
}

function isUntouched(file: DeliveredFile, known: SourceFile): boolean {
  return file.path === known.path && file.sizeBytes === known.sizeBytes && file.modifiedAt === known.modifiedAt;
}

function sameFiles(a: Delivery, b: Delivery): boolean {
  const names = (delivery: Delivery) =>
    delivery.files
      .map((file) => `${file.path} ${file.sha256}`)
      .sort()
      .join('\n');
  return names(a) === names(b);
}

/** Withdrawn by a rollback, and not changed or loaded since. */
function isWithdrawn(delivery: Delivery, { published, withdrawn }: KnownDeliveries): boolean {
  const isOfPlace = (other: Delivery) => placeOf(other) === placeOf(delivery) && sameFiles(other, delivery);
  return withdrawn.some(isOfPlace) && !published.some(isOfPlace);
}

function placeOf({ table, logicalDate }: Pick<Delivery, 'table' | 'logicalDate'>): string {
  return `${table} ${logicalDate}`;
}

/** Batches hold one table each; consecutive dates together. */
function toBatches(deliveries: Delivery[]): Delivery[][] {
  const batches: Delivery[][] = [];
  for (const table of new Set(deliveries.map((delivery) => delivery.table))) {
    const ofTable = deliveries.filter((delivery) => delivery.table === table);
    let batch: Delivery[] = [];
    let bytes = 0;
    for (const delivery of ofTable) {
      const size = delivery.files.reduce((sum, file) => sum + file.sizeBytes, 0);
      if (batch.length > 0 && (batch.length >= BATCH_DELIVERIES || bytes + size > BATCH_BYTES)) {
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

function knownDates(deliveries: DatedDelivery[]): string {
  const dates = [...new Set(deliveries.map((delivery) => delivery.logicalDate))].sort();
  if (dates.length === 0) return 'there are no deliveries at all';
  return `delivered are ${dates.length} dates from ${dates[0]} to ${dates.at(-1)}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
