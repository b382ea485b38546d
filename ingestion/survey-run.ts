import path from 'node:path';
import { DateTime } from 'luxon';
import { InvalidInputError, UnreadableFileError } from '../contracts/errors';
import type { LogicalDateOrigin } from '../contracts/run';
import type { SourceSystem } from '../contracts/source-contract';
import { isBackfillInput, type RawIngestionInput } from '../contracts/workflow-inputs';
import { findDeliveries, type FoundDelivery, type SourceFolder } from './deliveries';

/** What a survey is made from. */
export interface SurveyRequest {
  input: RawIngestionInput;
  /** The time a schedule meant this run to start, ISO 8601; undefined when no schedule started it. */
  scheduledAt: string | undefined;
  systems: SourceSystem[];
  sourceDir: string;
  /** What an earlier look of the same run has settled. */
  settled?: RunDate | undefined;
}

/** The logical date of a run, and where it came from. */
export interface RunDate {
  logicalDate: string;
  origin: LogicalDateOrigin;
}

/** A delivery with its date: a flat file has the run's own. */
export type DatedDelivery = FoundDelivery & { logicalDate: string };

/** What stands in the source folder for a run: only names, sizes and times; no file has been read. */
export interface RunSurvey extends RunDate {
  input: RawIngestionInput;
  system: SourceSystem;
  /** Tables that the run may load. */
  tables: Set<string>;
  isBackfill: boolean;
  /** Everything there is, of all dates and tables; of a backfill, of its dates. */
  delivered: DatedDelivery[];
  /** Everything of the run's own date, of all tables; empty for a backfill. */
  own: DatedDelivery[];
  /** False while a day whose folder has a done marker to wait for is without it. */
  isOwnDone: boolean;
  /** What the run may load, by date, then table. */
  candidates: DatedDelivery[];
  /** Other dates that lack their done marker: left to a later run. */
  unfinishedDates: string[];
  ignoredFiles: string[];
}

/**
 * Finds what a run may load: its system, tables and logical date, and the deliveries that come into question.
 *
 * @throws InvalidInputError for a system, table or date that is not there.
 */
export async function surveyRun(request: SurveyRequest): Promise<RunSurvey> {
  const { input, sourceDir } = request;
  const system = chooseSystem(request.systems, input.sourceSystem);
  const tables = chooseTables(system, input.tables);
  chooseTables(system, input.acceptSmaller);
  const folder = await findDeliveries(sourceDir, system);
  const isBackfill = isBackfillInput(input);
  const date = isBackfill ? undefined : (request.settled ?? resolveLogicalDate(request, system, folder.deliveries));
  const dated = date === undefined ? inBackfill(request, system, folder) : withFlatFilesOn(date.logicalDate, folder);
  const { logicalDate, origin } = date ?? { logicalDate: newestOf(dated), origin: 'input' as const };
  const isOwn = (day: string) => !isBackfill && day === logicalDate;
  const isTakenUnfinished = (day: string) => isOwn(day) || folder.doneDates === undefined || folder.doneDates.has(day);
  const inQuestion = dated
    .filter((d) => tables.has(d.table))
    .filter((d) => isBackfill || isOwn(d.logicalDate) || (d.logicalDate < logicalDate && input.exact !== true))
    .sort((a, b) => compare(a.logicalDate, b.logicalDate) || compare(a.table, b.table));
  const unfinished = inQuestion.filter((d) => !isTakenUnfinished(d.logicalDate));
  const own = dated.filter((delivery) => isOwn(delivery.logicalDate));
  return {
    input,
    system,
    tables,
    isBackfill,
    logicalDate,
    origin,
    delivered: dated,
    own,
    isOwnDone: isDone(folder, own),
    candidates: inQuestion.filter((delivery) => !unfinished.includes(delivery)),
    unfinishedDates: [...new Set(unfinished.map((delivery) => delivery.logicalDate))],
    ignoredFiles: folder.ignoredFiles,
  };
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
  { input, scheduledAt, sourceDir }: SurveyRequest,
  system: SourceSystem,
  deliveries: FoundDelivery[],
): RunDate {
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

/** Dated deliveries of the range or the list; a flat file has no date to be asked for by. */
function inBackfill({ input, sourceDir }: SurveyRequest, system: SourceSystem, folder: SourceFolder): DatedDelivery[] {
  const dated = folder.deliveries.filter((delivery) => delivery.logicalDate !== undefined) as DatedDelivery[];
  const listed = input.dates && new Set(input.dates);
  const { from = '', to = '' } = input;
  const wanted = dated.filter(
    ({ logicalDate }) => listed?.has(logicalDate) ?? (from <= logicalDate && logicalDate <= to),
  );
  if (wanted.length === 0) {
    const days = input.dates === undefined ? `from ${from} to ${to}` : `for ${input.dates.slice(0, 3).join(', ')}`;
    throw new InvalidInputError(
      `no delivery of ${system.name} ${days} under ${path.join(sourceDir, system.name)}: ${knownDates(dated)}.`,
    );
  }
  return wanted;
}

/** Gives flat files the run's own date. */
function withFlatFilesOn(logicalDate: string, { deliveries }: SourceFolder): DatedDelivery[] {
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

/** A marker beside flat files must be newer than they are: yesterday's says nothing of today's. */
function isDone({ doneDates, flatDoneAt }: SourceFolder, own: DatedDelivery[]): boolean {
  if (doneDates === undefined) return true;
  return own.every(({ isFlat, logicalDate, files }) =>
    isFlat ? files.every((file) => file.writtenAt <= (flatDoneAt ?? '')) : doneDates.has(logicalDate),
  );
}

/** Which dates there are, in words. */
export function knownDates(deliveries: DatedDelivery[]): string {
  const dates = [...new Set(deliveries.map((delivery) => delivery.logicalDate))].sort();
  if (dates.length === 0) return 'there are no deliveries at all';
  return `delivered are ${dates.length} dates from ${dates[0]} to ${dates.at(-1)}`;
}

function newestOf(deliveries: DatedDelivery[]): string {
  return (
    deliveries
      .map((delivery) => delivery.logicalDate)
      .sort()
      .at(-1) ?? ''
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
