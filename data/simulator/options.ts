import { realpathSync } from 'node:fs';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { type Day, SECONDS_PER_DAY, formatDay, parseDay } from './days';
import {
  FILE_KINDS,
  type FileKind,
  RATE_OFTEN,
  RATE_OTHERWISE,
  ROW_KINDS,
  fileDefect,
  rowDefect,
} from './defects/catalogue';
import { parseDefects } from './defect-options';
import { NO_DEFECTS } from './defects/settings';
import { SITE_PROFILES } from './site-list';
import type { ExportOptions } from './write-export';

const DEFAULT_FIRST_DAY: Day = Date.UTC(2026, 0, 5) / 1000 / SECONDS_PER_DAY;
const MAX_DAYS = 3650;
const MAX_SEED = 2 ** 32 - 1;

interface CliOptions {
  out: string;
  days: number;
  firstDay: Day | undefined;
  sites: number;
  workUnits: number;
  sensorInterval: number;
  seed: number;
  layout: string;
  gzip: boolean;
  defects: boolean;
  defect: string[] | undefined;
}

/** What the command line asks for. */
export interface SimulatorCall {
  folder: string;
  options: ExportOptions;
}

/**
 * Reads the command line.
 *
 * @throws CommanderError whose message is one sentence; its exit code is 0 after --help.
 */
export function parseCall(args: readonly string[]): SimulatorCall {
  const command = simulatorCommand();
  command.parse(args, { from: 'user' });
  const cli = command.opts<CliOptions>();
  const firstDay = cli.firstDay ?? DEFAULT_FIRST_DAY;
  const { out: folder, days, sites, workUnits, sensorInterval: sensorIntervalS, seed, gzip } = cli;
  const layout = cli.layout === 'flat' ? 'flat' : 'dated';
  if (!cli.defects && cli.defect !== undefined) command.error('error: --no-defects and --defect exclude each other.');
  const fail = (reason: string) => command.error(`error: ${reason}`);
  const defects = cli.defects ? parseDefects(cli.defect ?? [], { firstDay, days, layout }, fail) : NO_DEFECTS;
  return { folder, options: { firstDay, days, sites, workUnits, sensorIntervalS, seed, layout, gzip, defects } };
}

function simulatorCommand(): Command {
  return (
    new Command('simulator')
      .description(
        'Simulates a maker of coatings and writes what its manufacturing execution system would export, 14 tables a day: ' +
          '<out>/source_system/mes/<YYYY-MM-DD>/<table>.csv.gz, and <out>/truth.json, which says how many records each ' +
          'file has, which of them are wrong on purpose, and what really happened in each shift.',
      )
      .option('--out <folder>', 'output folder, from the working folder', outputFolder, 'data/raw')
      .option('--days <number>', `how many deliveries, one a day: 1 to ${MAX_DAYS}`, wholeNumber(1, MAX_DAYS), 90)
      .option(
        '--first-day <YYYY-MM-DD>',
        `logical date of the first one (default: ${formatDay(DEFAULT_FIRST_DAY)})`,
        day,
      )
      .option(
        '--sites <number>',
        `1 to ${SITE_PROFILES.length}: ${SITE_PROFILES.map(({ name }) => name).join(', ')}`,
        wholeNumber(1, SITE_PROFILES.length),
        2,
      )
      .option('--work-units <number>', 'of each site, two thirds of them production: 2 to 60', wholeNumber(2, 60), 6)
      .option(
        '--sensor-interval <seconds>',
        `between two readings of a sensor: 1 to ${SECONDS_PER_DAY}`,
        wholeNumber(1, SECONDS_PER_DAY),
        3600,
      )
      .option('--seed <number>', 'equal seeds give equal files', wholeNumber(0, MAX_SEED), 2026)
      .option(
        '--layout <layout>',
        'dated: a folder for each day; flat: <out>/source_system/mes/<table>.csv.gz, snapshots of the last day; a flat ' +
          "file belongs to the run's own date, so load it with `npx mfg ingest --date <last day>`",
        oneOf('dated', 'flat'),
        'dated',
      )
      .option('--gzip', 'compress the files to <table>.csv.gz', true)
      .option('--no-gzip', 'write plain <table>.csv')
      .option('--no-defects', 'write an export without any')
      .option(
        '--defect <kind=value>',
        'set one kind of defect, again for others: a share of the records, 0 to 1, or a day, or off',
        (text: string, others: string[] = []) => [...others, text],
      )
      .addHelpText('after', defectsHelp())
      .allowExcessArguments(false)
      .exitOverride()
      // Commander makes two sentences of some errors.
      .configureOutput({
        outputError: (text, write) =>
          write(text.replace(/\. ([A-Z])/g, (_, first: string) => `: ${first.toLowerCase()}`)),
      })
  );
}

function defectsHelp(): string {
  const rows = ROW_KINDS.map((kind) => {
    const { what, tables } = rowDefect(kind);
    return `  ${kind}: ${what}\n      ${tables.join(', ')}`;
  });
  const files = (kinds: readonly FileKind[]) =>
    kinds.map((kind) => {
      const { what, table, onDelivery } = fileDefect(kind);
      return `  ${kind}: ${what}\n      ${table}; ${onDelivery === undefined ? 'off' : `first day + ${onDelivery}`}\n`;
    });
  const isOn = (kind: FileKind) => fileDefect(kind).onDelivery !== undefined;
  return (
    `\nDefects of records, --defect <kind>=<share>; by default ${RATE_OFTEN} of materials, batches and ` +
    `production_orders,\n${RATE_OTHERWISE} of all others. A record has one at most, the same in each delivery.\n` +
    `${rows.join('\n')}\n` +
    '  planned_far_from_manufacture: follows manufacture_date_wrong\n      production_orders\n' +
    '  ambiguous_local_time: a time of a snapshot that the clock shows twice as daylight saving ends; never off\n' +
    '\nDefects of the files of one day, --defect <kind>=<YYYY-MM-DD>; they need --layout dated. There by default, and loaded:\n' +
    files(FILE_KINDS.filter(isOn)).join('') +
    'Off by default; the platform refuses these files, but for invalid_utf8, unless a drift policy or an alias lets them in\n(docs/deliveries.md):\n' +
    files(FILE_KINDS.filter((kind) => !isOn(kind))).join('')
  );
}

/** Folders of the kernel: making one there does not end. */
const KERNEL_FOLDER = /^\/(proc|sys|dev)(\/|$)/;

function outputFolder(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Give the name of a folder.');
  if (KERNEL_FOLDER.test(realFolder(path.resolve(text)))) {
    throw new InvalidArgumentError('Give a folder outside of /proc, /sys and /dev.');
  }
  return text;
}

/** The folder that links lead to, of which the last parts need not exist. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    const parent = path.dirname(folder);
    return parent === folder ? folder : path.join(realFolder(parent), path.basename(folder));
  }
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    return value;
  };
}

function day(text: string): Day {
  const value = parseDay(text);
  if (value !== undefined && text >= '2000-01-01' && text <= '2100-12-31') return value;
  throw new InvalidArgumentError('Give a calendar day of 2000 to 2100, written YYYY-MM-DD.');
}

function oneOf(...values: string[]): (text: string) => string {
  return (text) => {
    if (!values.includes(text)) throw new InvalidArgumentError(`Give ${values.join(' or ')}.`);
    return text;
  };
}
