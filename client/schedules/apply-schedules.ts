import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleNotFoundError, type Client, type ScheduleDescription } from '@temporalio/client';
import { InvalidInputError } from '../../contracts/errors';
import type { ScheduleEntries } from '../../contracts/schedules-file';
import { changesOf, isFromFile, scheduleOptions, type FieldChange } from './schedule-state';

/** What applying a file does, or would do, to one schedule. */
export interface ScheduleChange {
  scheduleId: string;
  /**
   * `unlisted`: it came from a file and is in this one no more: it runs on unless it is pruned. Schedules that somebody made by
   * hand are none of the file's concern, unless it names them: then it takes them over.
   */
  change: 'create' | 'update' | 'none' | 'unlisted' | 'delete';
  /** Of an update. */
  fields: FieldChange[];
}

/** The platform's schedules on the server, whoever made them, by id. */
export async function platformSchedules(client: Client): Promise<ScheduleDescription[]> {
  const ids: string[] = [];
  for await (const { scheduleId, action } of client.schedule.list()) {
    if (action?.workflowType.startsWith('mfg')) ids.push(scheduleId);
  }
  const described: ScheduleDescription[] = [];
  for (const id of ids.sort()) {
    const schedule = await describe(client, id);
    if (schedule !== undefined) described.push(schedule);
  }
  return described;
}

/** What applying the entries would change, by schedule id. */
export async function planSchedules(
  client: Client,
  entries: ScheduleEntries,
  prune: boolean,
): Promise<ScheduleChange[]> {
  const plan: ScheduleChange[] = [];
  for (const [scheduleId, entry] of Object.entries(entries)) {
    // Asked by id: the list may lag behind.
    const found = await describe(client, scheduleId);
    const fields = found === undefined ? [] : changesOf(entry, found);
    plan.push({ scheduleId, change: found === undefined ? 'create' : fields.length > 0 ? 'update' : 'none', fields });
  }
  for (const schedule of await platformSchedules(client)) {
    if (schedule.scheduleId in entries || !isFromFile(schedule)) continue;
    plan.push({ scheduleId: schedule.scheduleId, change: prune ? 'delete' : 'unlisted', fields: [] });
  }
  return plan;
}

/**
 * Makes the server's schedules as the entries have them. Applied twice it changes nothing the second time. Whether a schedule is
 * paused, and why, is the operators' and stays.
 *
 * @returns what was changed.
 */
export async function applySchedules(
  client: Client,
  entries: ScheduleEntries,
  prune: boolean,
): Promise<ScheduleChange[]> {
  const plan = await planSchedules(client, entries, prune);
  for (const { scheduleId, change } of plan) {
    const entry = entries[scheduleId];
    if (change === 'delete') await client.schedule.getHandle(scheduleId).delete();
    if (entry === undefined) continue;
    const options = scheduleOptions(scheduleId, entry);
    if (change === 'create') await client.schedule.create({ scheduleId, ...options });
    if (change === 'update') {
      await client.schedule
        .getHandle(scheduleId)
        .update(({ state: { paused, note } }) => ({ ...options, state: { paused, note } }));
    }
  }
  return plan;
}

/**
 * Holds a schedule, or lets it go on.
 *
 * @throws InvalidInputError when there is none.
 */
export async function pauseSchedule(
  client: Client,
  scheduleId: string,
  isPaused: boolean,
  note: string,
): Promise<void> {
  const handle = client.schedule.getHandle(scheduleId);
  await knownSchedule(scheduleId, () => (isPaused ? handle.pause(note) : handle.unpause(note)));
}

/** The server takes a trigger up within a moment, unless the run before is still under way and the policy says to wait. */
const TRIGGER_PATIENCE_MS = 5_000;

/**
 * Starts a schedule's work now, under its overlap policy.
 *
 * @returns the run; undefined when it was not started (yet), since the one before is under way.
 * @throws InvalidInputError when there is no such schedule.
 */
export async function triggerSchedule(
  client: Client,
  scheduleId: string,
): Promise<{ workflowId: string; runId: string } | undefined> {
  const handle = client.schedule.getHandle(scheduleId);
  const before = await knownSchedule(scheduleId, () => handle.describe());
  await handle.trigger(before.policies.overlap);
  const until = Date.now() + TRIGGER_PATIENCE_MS;
  while (Date.now() < until) {
    const { info } = await handle.describe();
    const newest = info.recentActions.at(-1)?.action.workflow;
    if (info.numActionsTaken > before.info.numActionsTaken && newest !== undefined) {
      return { workflowId: newest.workflowId, runId: newest.firstExecutionRunId };
    }
    await sleep(200);
  }
  return undefined;
}

async function describe(client: Client, scheduleId: string): Promise<ScheduleDescription | undefined> {
  try {
    return await client.schedule.getHandle(scheduleId).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

async function knownSchedule<T>(scheduleId: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new InvalidInputError(`there is no schedule ${scheduleId}: \`npx mfg schedules list\` shows them.`, {
      cause: error,
    });
  }
}
