import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../contracts/config';
import { externalServer } from '../connection';
import type { Check } from './finding';

/** Who is told of incidents, and who notices when nothing is told any more. Nobody is called to try it. */
export function checkAlerts(config: Config): Check {
  return async (tell) => {
    const { slackUrl, webhookUrl, webhookToken, file, deadmanUrl } = config.alerts;
    // An embedded platform is somebody's own, who sees what a command says.
    const isService = externalServer(config) !== undefined;
    const receivers = [slackUrl, webhookUrl].filter((url) => url !== undefined).map((url) => new URL(url).hostname);
    if (receivers.length === 0 && isService) {
      const remedy = 'set MFG_ALERT_SLACK_URL or MFG_ALERT_WEBHOOK_URL';
      tell.warning('alerts', `incidents are written to ${file}, and nobody is told`, remedy);
    } else {
      tell.ok('alerts', ['of incidents are told', [...receivers, file].join(', ')].join(' '));
    }
    if (webhookToken !== undefined && webhookUrl === undefined) {
      tell.warning(
        'alerts',
        'MFG_ALERT_WEBHOOK_TOKEN belongs to MFG_ALERT_WEBHOOK_URL, which is not set',
        'set it too',
      );
    }
    if (!(await isWritable(file))) {
      tell.failed('alerts', `${file} cannot be written`, 'make it writable for this user, or correct MFG_ALERT_FILE');
    }
    if (deadmanUrl !== undefined) tell.ok('dead-man ping', new URL(deadmanUrl).hostname);
    else if (isService) {
      tell.warning('dead-man ping', 'nobody notices a worker that stands still', 'set MFG_DEADMAN_URL');
    } else tell.ok('dead-man ping', 'nobody is pinged');
  };
}

/** The file, or the nearest folder above it that exists: the first message makes what is missing. */
async function isWritable(file: string): Promise<boolean> {
  for (let place = file; ; place = path.dirname(place)) {
    try {
      await access(place, constants.W_OK);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || place === path.dirname(place)) return false;
    }
  }
}
