import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { loadConfig } from '../../../contracts/config';
import { InvalidInputError } from '../../../contracts/errors';
import type { ActInput, IncidentSummary, SilenceInput } from '../../../contracts/incidents';
import { connectClient } from '../../connection';
import { actOnIncident } from '../../incidents';
import { userName } from '../actor';
import { as, asReason } from '../options';
import { visible } from '../print';

interface ActOptions {
  reason?: string;
  json?: true;
}

interface SilenceOptions extends ActOptions {
  until?: string;
  for?: number;
}

const ARGUMENT = ['<incident>', 'its id, or <check>/<table>'] as const;
const timeSchema = z.iso.datetime({ offset: true });

/** `mfg incidents ack|silence|resolve`: what people do to an incident; others are told. */
export function addActs(incidents: Command): void {
  incidents
    .command('ack')
    .summary('I look at it')
    .description('Acknowledges an incident: others are told. It is reminded of all the same while it goes on.')
    .argument(...ARGUMENT)
    .option('-r, --reason <text>', 'what you know of it', asReason)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', '\nExamples:\n  npx mfg incidents ack run_failed/mfgRawIngestion')
    .action((id: string, _options: ActOptions, command: Command) => act(id, 'acknowledge', command, actOf(command)));
  incidents
    .command('silence')
    .summary('say nothing of it until a time')
    .description(
      'Silences an incident until a time: it goes on counting, and when it still fails then, that is said once. Reports of its resolution are silenced too.',
    )
    .argument(...ARGUMENT)
    .option('--until <time>', 'ISO 8601 with offset', as(timeSchema, 'must be a time such as 2026-03-12T06:00:00Z'))
    .option('--for <duration>', 'such as 12h, 2d or 1w', asDuration)
    .option('-r, --reason <text>', 'why', asReason)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      '\nExamples:\n  npx mfg incidents silence freshness_event/sensor_readings --for 2d --reason "line 2 is rebuilt"\n  npx mfg incidents silence duplicates_conflicting/batches --until 2026-03-16T06:00:00+01:00',
    )
    .action((id: string, options: SilenceOptions, command: Command) =>
      act<SilenceInput>(id, 'silence', command, { ...actOf(command), until: untilOf(options) }),
    );
  incidents
    .command('resolve')
    .summary('it is over')
    .description(
      'Resolves an incident that no run resolves by itself, or that is none. The publication that it was seen on does not open it again, a later one that fails does.',
    )
    .argument(...ARGUMENT)
    .requiredOption('-r, --reason <text>', 'why', asReason)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      '\nExamples:\n  npx mfg incidents resolve duplicates_conflicting/batches --reason "a test batch"',
    )
    .action((id: string, _options: ActOptions, command: Command) => act(id, 'resolve', command, actOf(command)));
}

async function act<T extends ActInput>(
  id: string,
  what: 'acknowledge' | 'silence' | 'resolve',
  command: Command,
  input: T,
): Promise<void> {
  const { client, close } = await connectClient(loadConfig());
  try {
    const incident = await actOnIncident(client, id, what, input);
    // `--json` may stand before the subcommand too.
    console.log(command.optsWithGlobals().json ? JSON.stringify(incident, null, 2) : sentenceOf(incident));
  } finally {
    await close();
  }
}

function actOf(command: Command): ActInput {
  const { reason } = command.opts<ActOptions>();
  return { actor: userName(), ...(reason !== undefined && { reason }) };
}

function untilOf(options: SilenceOptions): string {
  if ((options.until === undefined) === (options.for === undefined)) {
    throw new InvalidInputError('a silence has an end: give either --until or --for.');
  }
  return options.until ?? new Date(Date.now() + (options.for ?? 0)).toISOString();
}

const UNIT_MS: Record<string, number> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `12h`, `2d`, `1w` in milliseconds. @throws InvalidArgumentError (wrong usage). */
function asDuration(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,3})([hdw])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('It must be a number of hours, days or weeks, such as 2d.');
  return Number(count) * (UNIT_MS[unit] ?? 0);
}

function sentenceOf({ check, table, state, silencedUntil }: IncidentSummary): string {
  const until = silencedUntil === null ? '' : ` until ${silencedUntil}`;
  return visible(`${check} on ${table} is ${state.toLowerCase()}${until}.`);
}
