import { DateTime } from 'luxon';
import { DeliveryUnfinishedError } from '../contracts/errors';
import type { ArrivalLook, AwaitedDelivery, FileSeen, Waiting } from '../contracts/run';
import type { SourceSystem } from '../contracts/source-contract';
import type { DeliveredFile } from './deliveries';
import type { RunSurvey } from './survey-run';

/** A file that is still being written, or a missing done marker of a day without deadlines, is waited for so long. */
export const PATIENCE_S = 15 * 60;
/** A deadline that lies further ahead belongs to a day that has not begun: nobody waits for it. */
const FURTHEST_DEADLINE_S = 24 * 60 * 60;
/** First a look a minute; who waits for hours looks every few minutes. */
const LOOK_EVERY_S = { least: 60, most: 300 };
/** Of files under way, so many are remembered from one look to the next; the others are judged by the clock alone. */
const FILES_REMEMBERED = 100;
const AWAITED_NAMED = 20;

/**
 * What a run still has to wait for, or undefined when it may begin.
 *
 * Waited for are, of the run's own date, tables whose deadline lies ahead and the day's done marker; and of all that the run
 * would read, files that are still being written: written to within the settling time by the clock, and not seen unchanged by
 * two looks that far apart (a source's clock may be wrong).
 *
 * @param look what the run's last look saw; undefined at its first.
 * @throws DeliveryUnfinishedError when a file does not come to rest.
 */
export function awaitedDeliveries(survey: RunSurvey, look: ArrivalLook | undefined, now: Date): Waiting | undefined {
  const since = look === undefined ? now : new Date(look.since);
  const moving = survey.candidates.flatMap(({ files }) => files.filter((file) => !isAtRest(file, survey, look, now)));
  const patience = after(since, PATIENCE_S);
  const [unfinished] = moving;
  if (unfinished !== undefined && now >= patience) {
    throw new DeliveryUnfinishedError(
      `${unfinished.path} is still being written ${PATIENCE_S / 60} minutes after the run first saw it: ` +
        `start again when its source has finished.`,
    );
  }
  const late = survey.input.wait === false ? [] : [...lateTables(survey, now), ...missingMarker(survey, patience, now)];
  const awaited = [...late, ...moving.map((file) => awaitedFile(file, patience))];
  if (awaited.length === 0) return undefined;
  const { logicalDate, origin, system } = survey;
  return {
    sourceSystem: system.name,
    logicalDate,
    waitingFor: awaited.slice(0, AWAITED_NAMED),
    more: Math.max(0, awaited.length - AWAITED_NAMED),
    lookAgainInS: lookAgainIn(survey, moving, late, since, now),
    look: {
      since: since.toISOString(),
      at: now.toISOString(),
      logicalDate,
      origin,
      filesSeen: moving.slice(0, FILES_REMEMBERED).map(toSeen),
    },
  };
}

/** When a table of a logical date is no longer waited for. */
export function deadlineOf(system: SourceSystem, logicalDate: string, waitUntil: string): Date {
  const [hour, minute] = waitUntil.split(':').map(Number);
  return DateTime.fromISO(logicalDate, { zone: system.timeZone })
    .plus({ days: system.logicalDateOffsetDays })
    .set({ hour: hour ?? 0, minute: minute ?? 0 })
    .toJSDate();
}

/** Tables of the run that have a deadline and were not delivered for its own date. */
export function undeliveredTables({ system, tables, own, isBackfill, logicalDate }: RunSurvey) {
  if (isBackfill) return [];
  return system.tables.flatMap((table) => {
    if (table.waitUntil === undefined || !tables.has(table.name)) return [];
    if (own.some((delivery) => delivery.table === table.name)) return [];
    return [{ table, until: deadlineOf(system, logicalDate, table.waitUntil) }];
  });
}

function lateTables(survey: RunSurvey, now: Date): AwaitedDelivery[] {
  return undeliveredTables(survey)
    .filter(({ until }) => isAhead(until, now))
    .map(({ table, until }) => ({
      kind: 'table',
      what: table.name,
      reason: `not delivered for ${survey.logicalDate}`,
      until: until.toISOString(),
    }));
}

function missingMarker(survey: RunSurvey, patience: Date, now: Date): AwaitedDelivery[] {
  if (survey.isBackfill || survey.isOwnDone || survey.own.length === 0) return [];
  const until = markerDeadline(survey) ?? patience;
  if (!isAhead(until, now)) return [];
  const { system, logicalDate } = survey;
  const what = `${system.name}/${logicalDate}/${system.arrival.doneMarker}`;
  return [{ kind: 'done_marker', what, reason: 'the day is not declared complete', until: until.toISOString() }];
}

/** The day is complete when its last table may be. */
function markerDeadline({ system, tables, logicalDate }: RunSurvey): Date | undefined {
  return system.tables
    .flatMap((table) => (tables.has(table.name) && table.waitUntil !== undefined ? [table.waitUntil] : []))
    .sort()
    .slice(-1)
    .map((latest) => deadlineOf(system, logicalDate, latest))[0];
}

function isAhead(until: Date, now: Date): boolean {
  return now < until && until <= after(now, FURTHEST_DEADLINE_S);
}

function isAtRest(file: DeliveredFile, { system }: RunSurvey, look: ArrivalLook | undefined, now: Date): boolean {
  const settleMs = system.arrival.settleSeconds * 1000;
  const age = now.getTime() - Date.parse(file.writtenAt);
  if (age >= settleMs) return true;
  if (look === undefined || now.getTime() - Date.parse(look.at) < settleMs) return false;
  const { path, sizeBytes, writtenAt } = toSeen(file);
  return look.filesSeen.some(
    (seen) => seen.path === path && seen.sizeBytes === sizeBytes && seen.writtenAt === writtenAt,
  );
}

function toSeen({ path, sizeBytes, writtenAt }: DeliveredFile): FileSeen {
  return { path, sizeBytes, writtenAt };
}

function awaitedFile(file: DeliveredFile, patience: Date): AwaitedDelivery {
  return { kind: 'file', what: file.path, reason: 'still being written', until: patience.toISOString() };
}

/** Seconds; a look at the very deadline decides. */
function lookAgainIn(
  survey: RunSurvey,
  moving: DeliveredFile[],
  late: AwaitedDelivery[],
  since: Date,
  now: Date,
): number {
  const waited = (now.getTime() - since.getTime()) / 1000;
  const settle = Math.max(1, survey.system.arrival.settleSeconds);
  const forFiles = moving.length > 0 ? Math.min(LOOK_EVERY_S.least, Math.max(settle, waited / 10)) : Infinity;
  const forTables = Math.min(LOOK_EVERY_S.most, Math.max(LOOK_EVERY_S.least, waited / 30));
  const toDeadline = late.map(({ until }) => (Date.parse(until) - now.getTime()) / 1000);
  return Math.max(1, Math.ceil(Math.min(forFiles, late.length > 0 ? forTables : Infinity, ...toDeadline)));
}

function after(time: Date, seconds: number): Date {
  return new Date(time.getTime() + seconds * 1000);
}
