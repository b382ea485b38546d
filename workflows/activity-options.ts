import { ActivityCancellationType, type ActivityOptions } from '@temporalio/workflow';

/**
 * Every timeout and retry policy of the platform, with its reason.
 *
 * Common to all: a worker that dies is noticed by the missing heartbeat (activities beat every second), so the heartbeat
 * timeout bounds the recovery time; transient errors (a busy store, a file system hiccup, a worker restart) are retried
 * with backoff and no limit of attempts, because an operator can cancel but cannot un-fail; errors that no retry can
 * mend are thrown as TerminalError and are not retried at all. A cancelled run ends when its activities have ended, so that
 * "cancelled" means that nothing of it works on.
 */
const common = {
  heartbeatTimeout: '15s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const;

/** Short metadata work: discovery, gates, publishing. Discovery may hash many files, hence an hour. */
export const METADATA: ActivityOptions = { ...common, startToCloseTimeout: '1h' };

/**
 * A question of somebody who waits: the log's answer takes milliseconds, so it is soon tried again and given up after a minute,
 * instead of being answered when nobody listens any more.
 */
export const READ: ActivityOptions = { ...common, startToCloseTimeout: '20s', scheduleToCloseTimeout: '1m' };

/** Loading one batch of files: bounded by the largest file, with room for slow disks. */
export const LOAD: ActivityOptions = { ...common, startToCloseTimeout: '6h' };

/**
 * One dbt build. A failing model or test is terminal (a result or a TerminalError); what is retried is a lost worker.
 * Five attempts, since a build that kills its worker five times (out of memory) will do so again.
 */
export const BUILD: ActivityOptions = {
  ...common,
  startToCloseTimeout: '6h',
  retry: { ...common.retry, maximumAttempts: 5 },
};

/** Quality checks: a few queries per table. A check that breaks is a result (status ERROR), not a failure. */
export const QUALITY: ActivityOptions = { ...common, startToCloseTimeout: '1h' };

/** The report page: some seconds of queries. A disk that is full or a folder that is missing will not be mended by trying for long. */
export const REPORT: ActivityOptions = {
  ...common,
  startToCloseTimeout: '10m',
  retry: { ...common.retry, maximumAttempts: 3 },
};

/**
 * Delivering an alert: the receiver is cut off after ten seconds, and tried again at most ten minutes later (or when it says) until
 * three days are over. No heartbeat: a lost worker is noticed by the short time limit.
 */
export const DELIVERY: ActivityOptions = {
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '3d',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '10m' },
};

/** The dead-man ping: tried for a minute or two. When it stays away, its receiver says so, which is what it is for. */
export const PING: ActivityOptions = {
  startToCloseTimeout: '30s',
  retry: { initialInterval: '2s', backoffCoefficient: 3, maximumAttempts: 4 },
};

/** Rebuilds after another run published first; each loss means that somebody else made progress. */
export const MAX_REBUILDS = 20;
