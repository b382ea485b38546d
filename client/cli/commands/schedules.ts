import path from 'node:path';
import type { Command } from 'commander';
import { loadConfig, PROJECT_ROOT } from '../../../contracts/config';
import { InvalidInputError } from '../../../contracts/errors';
import { runUrl } from '../../../contracts/run-url';
import { readSchedules } from '../../../contracts/schedules-file';
import { withServer } from '../../connection';
import { assertWorkerPolls } from '../../worker-polls';
import {
  applySchedules,
  pauseSchedule,
  planSchedules,
  platformSchedules,
  triggerSchedule,
} from '../../schedules/apply-schedules';
import { personalAct } from '../actor';
import { asReason } from '../options';
import { fields } from '../print';
import { changesText, listedSchedule, schedulesText } from '../show-schedules';

const DEFAULT_FILE = 'schedules.yml';

interface FileOptions {
  file: string;
  prune?: true;
  json?: true;
}

/** `mfg schedules`: what runs by itself, from a file under version control. */
export function addSchedules(program: Command): void {
  const schedules = program
    .command('schedules')
    .summary('what runs by itself: apply, diff, list, pause, resume, trigger')
    .description(
      "Keeps Temporal's schedules as schedules.yml has them: workflow, input, cron expression, time zone, overlap policy, catch-up window, jitter. A run's logical date comes from the time it was meant for, never from when it started.",
    )
    .addHelpText(
      'after',
      `
Examples:
  npx mfg schedules diff                          what applying schedules.yml would change, field by field
  npx mfg schedules apply                         make it so; a second time changes nothing
  npx mfg schedules apply --prune                 also delete those that have left the file
  npx mfg schedules list
  npx mfg schedules pause nightly-ingestion --reason "line 2 is rebuilt"
  npx mfg schedules resume nightly-ingestion
  npx mfg schedules trigger nightly-ingestion     now, as its overlap policy allows

Days that are past: npx mfg backfill, or npx mfg temporal schedule backfill --help`,
    );
  addFileCommand(
    schedules,
    'apply',
    'make the schedules as the file has them',
    'Creates and updates the schedules of the file. Whether one is paused stays as it is. Those that came from a file and are in it no more are named, and deleted with --prune; those that somebody made by hand are left alone.',
    apply,
  );
  addFileCommand(
    schedules,
    'diff',
    'what applying the file would change',
    'Shows what `apply` would do, field by field, and changes nothing. Exit code 0, whether or not there is a difference.',
    diff,
  );
  schedules
    .command('list')
    .summary('schedules, their next and last runs')
    .description("Lists the platform's schedules, from the file or not, with their next run and their last one.")
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      "\nExamples:\n  npx mfg schedules list\n  npx mfg schedules list --json | jq '.schedules[] | select(.paused)'",
    )
    .action(list);
  for (const [verb, summary, description] of [
    ['pause', 'start nothing until `resume`', 'Holds a schedule: what it has started goes on, nothing new begins.'],
    [
      'resume',
      'let it go on',
      'Lets a schedule that was paused go on. Runs that it missed meanwhile are not made up for: the next one loads what is pending.',
    ],
  ] as const) {
    schedules
      .command(verb)
      .summary(summary)
      .description(description)
      .argument('<schedule>', 'its id')
      .option('--reason <text>', 'why; the Web UI shows it', asReason)
      .option('--json', 'print one JSON object instead of text')
      .addHelpText('after', `\nExamples:\n  npx mfg schedules ${verb} nightly-ingestion`)
      .action((id: string, options: { reason?: string; json?: true }) => steer(id, verb, options));
  }
  schedules
    .command('trigger')
    .summary('start its work now')
    .description('Starts what the schedule starts, now, under its overlap policy. The logical date is that of now.')
    .argument('<schedule>', 'its id')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', '\nExamples:\n  npx mfg schedules trigger nightly-ingestion')
    .action(trigger);
}

function addFileCommand(
  schedules: Command,
  name: string,
  summary: string,
  description: string,
  action: (options: FileOptions) => Promise<void>,
): void {
  schedules
    .command(name)
    .summary(summary)
    .description(description)
    .option('-f, --file <path>', 'schedules file', DEFAULT_FILE)
    .option('--prune', 'delete schedules that came from a file and are in this one no more')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `\nExamples:\n  npx mfg schedules ${name}\n  npx mfg schedules ${name} --file plant-2.yml --prune`,
    )
    .action(action);
}

async function apply(options: FileOptions): Promise<void> {
  const { file, entries } = entriesOf(options);
  await withServer(loadConfig(), async ({ client, lease }) => {
    const changes = await applySchedules(client, entries, options.prune === true);
    if (options.json) console.log(JSON.stringify({ file, changes }, null, 2));
    else console.log(changesText(changes, 'applied'));
    if (lease?.staysUp === false) {
      console.error(
        'Schedules start runs while a platform is up: `npm run dev`, or a server of your own (TEMPORAL_ADDRESS).',
      );
    }
  });
}

async function diff(options: FileOptions): Promise<void> {
  const { file, entries } = entriesOf(options);
  await withServer(loadConfig(), async ({ client }) => {
    const changes = await planSchedules(client, entries, options.prune === true);
    console.log(options.json ? JSON.stringify({ file, changes }, null, 2) : changesText(changes, 'planned'));
  });
}

async function list(options: { json?: true }): Promise<void> {
  await withServer(loadConfig(), async ({ client, uiUrl, namespace }) => {
    const described = await platformSchedules(client);
    const schedules = await Promise.all(
      described.map(async (schedule) => {
        const last = schedule.info.recentActions.at(-1)?.action.workflow;
        if (last === undefined) return listedSchedule(schedule, undefined);
        const { workflowId, firstExecutionRunId: runId } = last;
        // Temporal forgets closed runs after the namespace's retention.
        const status = await client.workflow
          .getHandle(workflowId, runId)
          .describe()
          .then((run) => run.status.name.toLowerCase())
          .catch(() => 'forgotten');
        return listedSchedule(schedule, {
          workflowId,
          runId,
          status,
          url: runUrl(uiUrl, namespace, { workflowId, runId }) ?? null,
        });
      }),
    );
    console.log(options.json ? JSON.stringify({ schedules }, null, 2) : schedulesText(schedules));
  });
}

async function steer(id: string, verb: 'pause' | 'resume', options: { reason?: string; json?: true }): Promise<void> {
  const { actor, reason } = personalAct(options.reason);
  const note = `${verb === 'pause' ? 'paused' : 'resumed'} by ${actor}${reason === undefined ? '' : `: ${reason}`}`;
  await withServer(loadConfig(), async ({ client }) => {
    await pauseSchedule(client, id, verb === 'pause', note);
    if (options.json) console.log(JSON.stringify({ scheduleId: id, paused: verb === 'pause', note }, null, 2));
    else
      console.log(
        verb === 'pause' ? `${id} is paused: \`npx mfg schedules resume ${id}\` lets it go on.` : `${id} goes on.`,
      );
  });
}

async function trigger(id: string, options: { json?: true }): Promise<void> {
  await withServer(loadConfig(), async (server) => {
    const { client, lease, uiUrl, namespace } = server;
    if (lease?.staysUp === false) {
      throw new InvalidInputError(
        'a triggered run needs a platform that outlives this command: start `npm run dev` in another terminal first.',
      );
    }
    await assertWorkerPolls(server);
    const run = await triggerSchedule(client, id);
    const url = run && runUrl(uiUrl, namespace, run);
    if (options.json)
      console.log(
        JSON.stringify({ scheduleId: id, run: run === undefined ? null : { ...run, url: url ?? null } }, null, 2),
      );
    else if (run === undefined)
      console.log(
        `Nothing was started: the run before is under way, and the overlap policy of ${id} decides what becomes of this one.`,
      );
    else
      console.log(
        fields([
          ['workflow id', run.workflowId],
          ['run id', run.runId],
          ['Web UI', url],
        ]),
      );
  });
}

function entriesOf({ file }: FileOptions) {
  const resolved = path.resolve(file === DEFAULT_FILE ? PROJECT_ROOT : process.cwd(), file);
  return { file: resolved, entries: readSchedules(resolved) };
}
