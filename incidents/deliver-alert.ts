import { createReadStream } from 'node:fs';
import { appendFile, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { AlertSettings } from '../contracts/config';
import type { AlertMessage, AlertTarget } from '../contracts/incidents';
import { runUrl } from '../contracts/run-url';
import { alertText, slackText, type Links } from './alert-text';
import { NotDeliveredError, send } from './request';

export { NotDeliveredError };

/** Where the runs of a message are shown. */
export interface WebUi {
  uiUrl: string | undefined;
  namespace: string;
}

/** The configured receivers; a file is always one of them. */
export function targetsOf({ slackUrl, webhookUrl }: AlertSettings): AlertTarget[] {
  return [
    ...(slackUrl === undefined ? [] : (['slack'] as const)),
    ...(webhookUrl === undefined ? [] : (['webhook'] as const)),
    'file',
  ];
}

/**
 * Delivers a message to one receiver. Repeating it is safe: the key is the same, and the file does not take a key twice.
 *
 * @returns whether it was new, as far as can be known.
 * @throws NotDeliveredError when the receiver did not take it.
 */
export async function deliver(
  settings: AlertSettings,
  target: AlertTarget,
  message: AlertMessage,
  { uiUrl, namespace }: WebUi,
  signal?: AbortSignal,
): Promise<{ isNew: boolean }> {
  const links: Links = (run) => runUrl(uiUrl, namespace, run);
  if (target === 'file') return { isNew: await appendOnce(settings.file, message.key, payloadOf(message, links)) };
  if (target === 'slack') {
    // Nothing in a cell is to become a preview of a page.
    const body = JSON.stringify({ text: slackText(message, links), unfurl_links: false, unfurl_media: false });
    await send({ ...to('MFG_ALERT_SLACK_URL', settings.slackUrl), headers: JSON_CONTENT, body }, signal);
    return { isNew: true };
  }
  const { webhookUrl, webhookToken } = settings;
  const headers = {
    ...JSON_CONTENT,
    'Idempotency-Key': message.key,
    ...(webhookToken !== undefined && { Authorization: `Bearer ${webhookToken}` }),
  };
  const body = JSON.stringify(payloadOf(message, links));
  await send({ ...to('MFG_ALERT_WEBHOOK_URL', webhookUrl), headers, body }, signal);
  return { isNew: true };
}

const JSON_CONTENT = { 'Content-Type': 'application/json; charset=utf-8' };

/** A variable that was set when the message was made and is not any more can be set again: the message waits for it. */
function to(variable: string, url: string | undefined): { variable: string; url: string; method: 'POST' } {
  if (url === undefined) throw new NotDeliveredError(`${variable} is not set on this worker: set it and restart it`);
  return { variable, url, method: 'POST' };
}

/** The message as JSON: what programs read beside the text for people. */
function payloadOf(message: AlertMessage, links: Links): Record<string, unknown> {
  const { key, at, changes, changeCount, run } = message;
  return {
    ...{ key, at, text: alertText(message, links) },
    changes: changes.map(({ kind, incident, actor, reason }) => ({
      // The same from an incident's opening to its resolution: what receivers group by.
      ...{ incidentKey: `${incident.id}:${incident.firstRunId}`, kind, ...incident, actor, reason },
      incidentUrl: links({ workflowId: incident.id, runId: incident.firstRunId }) ?? null,
    })),
    changeCount,
    run: run && { ...run, url: links(run) ?? null },
  };
}

async function appendOnce(file: string, key: string, payload: Record<string, unknown>): Promise<boolean> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const { hasKey, isTorn } = await look(file, key);
    if (hasKey) return false;
    await appendFile(file, `${isTorn ? '\n' : ''}${JSON.stringify(payload)}\n`);
    return true;
  } catch (error) {
    const { code = 'an unknown error' } = error as { code?: string };
    throw new NotDeliveredError(`MFG_ALERT_FILE (${file}) cannot be written (${code})`);
  }
}

/** Is a message in the file, and does its last line lack an end, as a crash leaves it? */
async function look(file: string, key: string): Promise<{ hasKey: boolean; isTorn: boolean }> {
  const handle = await open(file, 'a+');
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const isTorn = size > 0 && last.toString() !== '\n';
    // The key stands first in each line; a torn line has its key too, and not all of the message.
    const start = `{"key":${JSON.stringify(key)},`;
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (line.startsWith(start) && line.endsWith('}')) return { hasKey: true, isTorn };
    }
    return { hasKey: false, isTorn };
  } finally {
    await handle.close();
  }
}
