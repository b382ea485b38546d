import path from 'node:path';
import type { CheckOutcome } from '../../contracts/quality';
import { type Alarm, isCalling, newAlarms } from './alarms';
import { type CompiledModel, readCompiledModels } from './compiled-models';
import { Deliveries } from './delivery';
import { copyDays, exportOf } from './exports';
import { remembered } from './memory';
import { Platform } from './platform';

const HALF_A_DAY_MS = 43_200_000;
/** By the seed: one span has a public holiday of one site in May, the other Christmas and New Year. */
const FIRST_DAYS = ['2025-10-20', '2026-02-23'];

/** What was heard of days on which nothing was wrong. */
export interface CleanDays {
  seed: number;
  firstDate: string;
  days: number;
  /** How often the checks looked: at each day's end, and half a day later. */
  looks: number;
  /** Checks of all looks. */
  outcomes: number;
  alarms: (Alarm & { at: string })[];
}

/** How the clean days of a seed are run. */
export interface CleanDaysRequest {
  seed: number;
  /** Days that are published at once before the first one that counts. */
  history: number;
  days: number;
  folder: string;
  dbtDir: string;
  onDay: (date: string, alarms: number, seconds: number) => void;
}

/**
 * Publishes days without defects, one by one, and looks at each twice: as its run does, at the day's end, and half a day later by
 * the clock. An alarm is a check that did not pass where it did at the look before.
 */
export async function runCleanDays(request: CleanDaysRequest): Promise<CleanDays> {
  const { seed, history, days, folder, dbtDir } = request;
  const options = ['--no-defects', '--seed', String(seed), '--first-day', FIRST_DAYS[seed % 2] as string];
  const exported = await exportOf(path.join(folder, 'export'), ...options, '--days', String(history + days));
  const dates = await new Deliveries(exported).dates();
  const source = path.join(folder, 'source');
  const platform = await Platform.open(path.join(folder, 'state'), dbtDir);
  const first = await publishDays(platform, exported, source, dates.slice(0, history), path.join(folder, 'base.json'));
  const compiled = await readCompiledModels(platform.manifestOf(first));
  const result: CleanDays = { seed, firstDate: dates[history] ?? '', days, looks: 0, outcomes: 0, alarms: [] };
  // At the first look all that does not pass is an alarm.
  let before: CheckOutcome[] = [];
  for (const date of dates.slice(history)) {
    const started = Date.now();
    const alarmsBefore = result.alarms.length;
    const publication = await publishDays(
      platform,
      exported,
      source,
      [date],
      path.join(folder, `run-${date}.json`),
      compiled,
    );
    for (const later of [0, HALF_A_DAY_MS]) {
      const asOf = new Date(platform.endOf(date).getTime() + later);
      const file = path.join(folder, `outcomes-${date}-${later}.json`);
      const now: CheckOutcome[] = await remembered(file, () => platform.check(publication, asOf));
      result.alarms.push(
        ...newAlarms(before, now)
          .filter(isCalling)
          .map((alarm) => ({ ...alarm, at: asOf.toISOString() })),
      );
      result.looks += 1;
      result.outcomes += now.length;
      before = now;
    }
    request.onDay(date, result.alarms.length - alarmsBefore, (Date.now() - started) / 1000);
  }
  return result;
}

async function publishDays(
  platform: Platform,
  exported: string,
  source: string,
  dates: string[],
  file: string,
  compiled?: readonly CompiledModel[],
): Promise<number> {
  const outcome = await remembered(file, async () => {
    await copyDays(exported, source, dates);
    return platform.ingest(source, compiled);
  });
  if ('refused' in outcome) throw new Error(`a day without defects is refused: ${outcome.refused}`);
  return outcome.publication;
}
