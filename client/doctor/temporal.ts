import { existsSync } from 'node:fs';
import type { Config } from '../../contracts/config';
import { venvProgram } from '../../contracts/installation';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes';
import { TASK_QUEUE } from '../../contracts/task-queue';
import { runningPlatform } from '../../workers/platform-record';
import { connectClient, externalServer, type ConnectedClient } from '../connection';
import { assertWorkerPolls } from '../worker-polls';
import { sentences, type Check, type Tell } from './finding';

/** IndexedValueType of Temporal's API, by number. */
const TYPES = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'];
/** A server that does not let this client ask: gRPC's PERMISSION_DENIED and UNIMPLEMENTED. */
const MAY_NOT_ASK = [7, 12];

/** The Temporal server: reachable, namespace and search attributes there, a worker at the task queue. */
export function checkTemporal(config: Config): Check {
  return async (tell) => {
    const external = externalServer(config);
    if (external === undefined) {
      if (!existsSync(venvProgram('temporal'))) {
        return tell.failed('Temporal', 'the embedded server is not installed', 'run `npm run setup`');
      }
      // A platform that does not run is started by the command that needs it; the doctor starts nothing.
      if (runningPlatform(config.stateDir) === undefined) {
        return tell.ok('Temporal', 'embedded; it starts with the command that needs it');
      }
    }
    const connected = await connectClient(config);
    try {
      tell.ok(
        'Temporal',
        `${external === undefined ? 'embedded, ' : ''}${connected.address}, namespace ${connected.namespace}`,
      );
      await checkSearchAttributes(connected, tell);
      await assertWorkerPolls(connected).then(
        () => tell.ok('worker', `task queue ${TASK_QUEUE} is polled`),
        (error: unknown) => tell.failed('worker', ...sentences(error)),
      );
    } finally {
      await connected.close();
    }
  };
}

async function checkSearchAttributes({ client, namespace, address }: ConnectedClient, tell: Tell): Promise<void> {
  let found: Record<string, number | null | undefined>;
  try {
    const answer = await client.connection.operatorService.listSearchAttributes({ namespace });
    found = answer.customAttributes ?? {};
  } catch (error) {
    const code = Number((error as { code?: unknown }).code);
    if (!MAY_NOT_ASK.includes(code)) throw error;
    return tell.warning(
      'search attributes',
      'this client may not ask for them',
      `make sure that ${Object.keys(SEARCH_ATTRIBUTES).join(', ')} are there`,
    );
  }
  const wrong = Object.entries(SEARCH_ATTRIBUTES).filter(([name, type]) => TYPES[found[name] ?? 0] !== type);
  if (wrong.length === 0) return tell.ok('search attributes', Object.keys(SEARCH_ATTRIBUTES).join(', '));
  const options = wrong.map(([name, type]) => `--name ${name} --type ${type}`).join(' ');
  tell.failed(
    'search attributes',
    `${wrong.map(([name, type]) => `${name} (${type})`).join(', ')} missing or of another type`,
    `temporal operator search-attribute create --address ${address} --namespace ${namespace} ${options}`,
  );
}
