import path from 'node:path';
import { stat } from 'node:fs/promises';
import { InvalidInputError, MissingDeliveryError } from '../contracts/errors';
import type { Delivery, ReusedDelivery, RunIdentity, RunManifest, SourceFile } from '../contracts/run';
import type { Strategy } from '../contracts/strategy';
import type { OnUnchanged } from '../contracts/workflow-inputs';
import type { KnownDeliveries } from '../warehouse/warehouse';
import { undeliveredTables } from './arrival';
import { toBatches } from './batches';
import type { DeliveredFile } from './deliveries';
import { SourceMovedError } from './landing';
import { fingerprintFile } from './preflight';
import { knownDates, surveyRun, type DatedDelivery, type RunSurvey, type SurveyRequest } from './survey-run';

/** What a plan is made from, besides what stands in the source folder. */
export interface PlanRequest extends SurveyRequest {
  run: RunIdentity;
  /** Deliveries of the publication that readers see, and those that a rollback took away from them. */
  known: KnownDeliveries;
  codeVersion: string;
  /** When the input does not say. Default: `load`. */
  onUnchanged?: OnUnchanged | undefined;
  /** Of runs and systems that name none; `run_partitioned` by default. */
  strategy?: Strategy | undefined;
  /** A preview while deliveries are still waited for: what is missing is no error yet. */
  isAwaited?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** A run's manifest, and what it leaves out. */
export interface RunPlan {
  manifest: RunManifest;
  ignoredFiles: string[];
  /** Deliveries that would be loaded if a rollback had not withdrawn them. */
  withdrawn: Delivery[];
  /** Tables of the run's own date that are not required and did not come by their deadline. */
  lateTables: string[];
  /** Dates that lack their done marker. */
  unfinishedDates: string[];
}

/**
 * Decides what a run loads: contracts × folder × what is published → its manifest.
 *
 * The run's own date is loaded whatever is published; an earlier delivery only when it is pending, that is, when the
 * publication does not hold it with the same bytes. A delivery that a rollback withdrew is not loaded while its files stay as
 * they are, unless its date is asked for. Later deliveries are left to later runs. With `reuse`, what of the run's own date
 * the publication holds with the same bytes under the same contract is not loaded again. A backfill loads what is pending of
 * its dates, or, with `reload`, all of them. With `truncate_reload` a run loads its own date only, and reuses nothing.
 *
 * @param survey what stands in the source folder; looked up by default.
 * @throws InvalidInputError for a system, table or date that is not there, or a strategy that does not go with them;
 * MissingDeliveryError when the run's own date was delivered without a required table, or is not declared complete;
 * SourceMovedError (passing) when a file changes while it is read.
 */
export async function planRun(request: PlanRequest, survey?: RunSurvey): Promise<RunPlan> {
  const startedAt = new Date().toISOString();
  const surveyed = survey ?? (await surveyRun(request));
  const { input, system, tables, logicalDate, origin, isBackfill, own } = surveyed;
  if (request.isAwaited !== true) {
    refuseUndelivered(request, surveyed);
    refuseMissingTables(surveyed);
  }
  const replacedTables = tablesToReplace(request, surveyed);
  const candidates = replacedTables.length > 0 ? own.filter((d) => tables.has(d.table)) : surveyed.candidates;
  const published = new Map(request.known.published.map((d) => [placeOf(d), d]));
  const contractDigests = Object.fromEntries(
    system.tables.filter((t) => tables.has(t.name)).map((t) => [t.name, t.digest]),
  );
  const isReusing = replacedTables.length === 0 && (input.onUnchanged ?? request.onUnchanged) === 'reuse';
  const deliveries: Delivery[] = [];
  const reused: ReusedDelivery[] = [];
  const withdrawn: Delivery[] = [];
  for (const found of candidates) {
    const known = published.get(placeOf(found));
    const isOwnDate = !isBackfill && found.logicalDate === logicalDate;
    const isLoadedAnyway = isOwnDate || (isBackfill && input.reload === true);
    // What is loaded anyway is read anew: what looks untouched may have been replaced by a file of equal size and time.
    const delivery = await fingerprint(request, found, isLoadedAnyway ? undefined : known);
    const isUnchanged = known !== undefined && sameFiles(delivery, known);
    const isAskedFor = isBackfill ? isLoadedAnyway : found.logicalDate === input.logicalDate;
    if (!isAskedFor && isWithdrawn(delivery, request.known)) {
      withdrawn.push(delivery);
    } else if (!isUnchanged) {
      deliveries.push(delivery);
    } else if (isOwnDate && isReusing && known.contractDigest === contractDigests[found.table]) {
      reused.push({ table: found.table, logicalDate, reusedLoadId: known.loadId, reusedLoadSeq: known.loadSeq });
    } else if (isLoadedAnyway) {
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
    replacedTables,
    batches: toBatches(deliveries),
    reused,
  };
  const lateTables = undeliveredTables(surveyed).flatMap(({ table }) => (table.required ? [] : [table.name]));
  const { ignoredFiles, unfinishedDates } = surveyed;
  return { manifest, ignoredFiles, withdrawn, lateTables, unfinishedDates };
}

/** A day that was promised, asked for or begun must be there. A scheduled one without a word on it may be a day off. */
function refuseUndelivered({ sourceDir }: PlanRequest, survey: RunSurvey): void {
  const { system, own, input, logicalDate, isBackfill, isOwnDone } = survey;
  if (isBackfill) return;
  const promised = undeliveredTables(survey).find(({ table }) => table.required);
  if (promised !== undefined && input.wait !== false && promised.until <= new Date()) {
    throw new MissingDeliveryError(
      `${promised.table.name} of ${system.name} for ${logicalDate} did not come until ${promised.table.waitUntil} ` +
        `(${system.timeZone}): deliver ${system.name}/${logicalDate}/${promised.table.name}.csv and start again, or declare ` +
        `the table 'required: false'.`,
    );
  }
  if (input.logicalDate !== undefined && own.length === 0) {
    throw new InvalidInputError(
      `no delivery of ${system.name} for ${logicalDate} under ${path.join(sourceDir, system.name)}: ` +
        `${knownDates(survey.delivered)}.`,
    );
  }
  if (own.length > 0 && !isOwnDone && input.wait !== false) {
    throw new MissingDeliveryError(
      `${system.name}'s delivery for ${logicalDate} has no ${system.arrival.doneMarker}, so that it is not complete: start ` +
        `again when its source has finished, or with \`wait: false\` to take what is there.`,
    );
  }
}

/** Of the run's own date every table takes the place of the whole table, where that loses nothing. */
function tablesToReplace(request: PlanRequest, { input, system, tables, own, isBackfill }: RunSurvey): string[] {
  const strategy = input.strategy ?? system.strategy ?? request.strategy ?? 'run_partitioned';
  if (strategy === 'run_partitioned') return [];
  if (isBackfill) {
    throw new InvalidInputError(
      `${system.name} is loaded by truncate_reload, which keeps one delivery of a table, so that there is nothing to ` +
        `backfill: start it with strategy run_partitioned to keep a history.`,
    );
  }
  const increments = system.tables.find(
    (table) => tables.has(table.name) && table.mode === 'append' && table.completeDeliveries !== true,
  );
  if (increments !== undefined) {
    throw new InvalidInputError(
      `truncate_reload would lose the earlier deliveries of ${increments.name}, an append table: leave it out, load it by ` +
        `run_partitioned, or declare it 'complete_deliveries: true' if each delivery holds all its rows.`,
    );
  }
  return own.map((delivery) => delivery.table).filter((table) => tables.has(table));
}

/** A date that was delivered in part is refused, since its tables would disagree; one not delivered at all is monitoring's. */
function refuseMissingTables({ system, tables, own, logicalDate }: RunSurvey): void {
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
    const sha256 = same?.sha256 ?? (await hashAtRest(path.join(sourceDir, file.path), file, signal));
    files.push({ path: file.path, sizeBytes: file.sizeBytes, modifiedAt: file.modifiedAt, sha256 });
  }
  return { table: found.table, logicalDate: found.logicalDate, files };
}

/** @throws SourceMovedError when the file is not, after it was read, what the look found. */
async function hashAtRest(file: string, found: DeliveredFile, signal: AbortSignal | undefined): Promise<string> {
  const { sha256 } = await fingerprintFile(file, signal);
  const { size, mtime } = await stat(file);
  if (size !== found.sizeBytes || mtime.toISOString() !== found.writtenAt) throw new SourceMovedError(found.path);
  return sha256;
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
