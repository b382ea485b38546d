import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { loadConfig } from '../../../contracts/config';
import { InvalidInputError } from '../../../contracts/errors';
import { rawIngestionInputSchema } from '../../../contracts/workflow-inputs';
import { findTables, type FoundFile, type FoundFolder } from '../../../onboarding/folder';
import { plainName } from '../../../onboarding/names';
import { surveyFolder, type Survey, type SurveyedTable } from '../../../onboarding/survey';
import {
  copyDeliveries,
  draftSystem,
  modelsFolder,
  otherSystems,
  refuseTaken,
  writeDraft,
  type Draft,
} from '../../../onboarding/write-draft';
import { as } from '../options';
import { bytes, colors, heading, number, plural, table, visible } from '../print';

interface SourceInitOptions {
  system?: string;
  timeZone?: string;
  copy?: boolean;
  dryRun?: true;
  json?: true;
}

const timeZone = z.string().refine((name) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}, 'must be an IANA time zone such as Europe/Berlin');

const COLUMNS_SHOWN = 60;

/** `mfg source init`: describes a folder of CSV files that no contract describes yet. */
export function addSource(program: Command): void {
  const source = program.command('source').summary('describe new source systems').description('Source systems.');
  source
    .command('init')
    .summary('draft sources, staging models and tests for a folder of CSV files')
    .description(
      'Reads CSV files it has never seen, shows how they are written and what their columns hold, and how sure that is, and drafts the sources file, one staging model per table and their tests. The files are copied to where `mfg ingest` looks for them. Nothing that stands is written over.',
    )
    .argument('<folder>', '<table>.csv, <table>_<date>.csv or <yyyy-mm-dd>/<table>*.csv, each also with .gz')
    .option(
      '-s, --system <name>',
      "name of the source system; default: the folder's",
      as(rawIngestionInputSchema.shape.sourceSystem, 'must be lower-case letters, digits and underscores, as in erp'),
    )
    .option(
      '--time-zone <zone>',
      "zone of its local times, such as Europe/Berlin; default: this machine's",
      as(timeZone),
    )
    .option('--copy', 'copy the files to where the loader looks for them (the default)')
    .option('--no-copy', 'leave the files where they are, and say how to put them in place')
    .option('--dry-run', 'write nothing; print what would be drafted')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg source init ~/export --system erp              then: npx mfg ingest --system erp
  npx mfg source init ~/export --system erp --dry-run    only look
  npx mfg source init ~/export --system erp --time-zone America/Chicago
  npx mfg source init ~/export --json | jq '.tables[].columns[] | select(.sureness == "guess")'

What a person must decide is marked DECIDE in the drafted files, with what was seen. Delete
dbt/models/staging/<system> to begin anew.`,
    )
    .action(sourceInit);
}

async function sourceInit(folder: string, options: SourceInitOptions): Promise<void> {
  const config = loadConfig();
  const found = await findTables(path.resolve(folder));
  const system = options.system ?? systemOf(found.root);
  const others = await otherSystems(config.dbtDir, system);
  const target = path.join(config.sourceDir, system);
  const isInPlace = (await realpath(target).catch(() => target)) === found.root;
  const copies = !isInPlace && options.copy !== false;
  if (copies) await refuseTaken(target);
  const taken = new Set(others.flatMap(({ tables }) => tables.map(({ name }) => name)));
  const survey = await surveyFolder(found, system, taken, (stem) => {
    if (process.stderr.isTTY) console.error(colors.dim(`reading ${visible(stem)} …`));
  });
  const zone = options.timeZone ?? others[0]?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const draft = draftSystem(survey, zone);
  const files = survey.tables.flatMap((surveyed) => surveyed.files);
  if (options.dryRun !== true) {
    if (copies) await copyDeliveries(files, target);
    await writeDraft(config.dbtDir, system, draft);
  }
  const written = modelsFolder(config.dbtDir, system);
  if (options.json) {
    const report = {
      ...reportOf(survey),
      timeZone: zone,
      folder: written,
      files: draft,
      written: options.dryRun !== true,
    };
    console.log(JSON.stringify({ ...report, copiedTo: copies && !options.dryRun ? target : null }, null, 2));
    return;
  }
  console.log(surveyText(survey));
  if (options.dryRun) console.log(draftText(draft));
  console.log(nextText(found, survey, files, { target, written, copies, isInPlace, zone, options }));
}

function systemOf(root: string): string {
  const name = plainName(path.basename(root));
  if (name !== '') return name;
  throw new InvalidInputError(`${root} has no name that could be a system's: name one with --system.`);
}

/** What was found, for programs: without what only the drafting needs. */
function reportOf({ system, tables, refused, ignored }: Survey) {
  return {
    system,
    tables: tables.map(({ files, columns, written, ...rest }) => ({
      ...rest,
      files: files.map((file) => file.path),
      written: { ...written, header: undefined },
      columns: columns.map(({ name, header, type, sureness, evidence, otherwise, format }) => {
        return { name, header, type, sureness, evidence, otherwise, format };
      }),
    })),
    refused,
    ignored,
  };
}

/** A survey for people. */
function surveyText({ tables, refused, ignored }: Survey): string {
  const lines = tables.flatMap(tableText);
  if (refused.length > 0) {
    lines.push(heading('Not drafted: the loader cannot read these'));
    lines.push(...refused.map(({ problem }) => `  ${colors.red(visible(problem))}`));
  }
  if (ignored.length > 0) {
    lines.push(heading('Ignored'), ...ignored.slice(0, 20).map((line) => `  ${visible(line)}`));
    if (ignored.length > 20) lines.push(`  and ${number(ignored.length - 20)} more`);
  }
  return lines.join('\n');
}

function tableText({ name, files, written, columns, key, mode, ...rest }: SurveyedTable): string[] {
  const { delimiter, quote, encoding, lineEnd, hasBom, header } = written;
  const marks = `fields between ${JSON.stringify(delimiter)}, quote ${quote}, ${encoding}${hasBom ? ' with BOM' : ''}, ${lineEnd}`;
  const from = `${plural(files.length, 'file')}${files.length === 1 ? ` (${files[0]?.path})` : ''}`;
  const read =
    rest.deliveries.length < new Set(files.map(({ logicalDate }) => logicalDate)).size
      ? ` of the newest ${plural(rest.deliveries.length, 'delivery').replace('deliverys', 'deliveries')}`
      : '';
  const shown = columns.slice(0, COLUMNS_SHOWN);
  return [
    heading(
      `${visible(name)}: ${plural(header.length, 'column')}, ${plural(rest.rowCount, 'row')}${read}, from ${visible(from)}`,
    ),
    `  ${visible(marks)} (${[written.sureness, ...written.remarks].join('; ')})`,
    `  key   ${key.columns.slice(0, 8).join(', ')} (${key.sureness}: ${visible(key.evidence)})`,
    `  mode  ${mode.is} (${mode.sureness}: ${mode.evidence})`,
    ...(rest.rejected > 0
      ? [
          `  ${colors.yellow(`${plural(rest.rejected, 'record')} would be rejected: as many fields as the header they have not`)}`,
        ]
      : []),
    ...rest.problems.map((problem) => `  ${colors.yellow(visible(problem))}`),
    table(
      ['column', 'in the file', 'type', 'how sure', 'evidence'],
      shown.map((column) => [
        column.name,
        column.header.toLowerCase() === column.name ? '' : column.header,
        column.type,
        column.sureness,
        column.evidence + (column.otherwise.length === 0 ? '' : `; or ${column.otherwise.slice(0, 4).join(', or ')}`),
      ]),
    ),
    ...(columns.length > shown.length
      ? [colors.dim(`and ${number(columns.length - shown.length)} more columns; --json and the sources file have all`)]
      : []),
  ];
}

function draftText(draft: Draft): string {
  return Object.entries(draft)
    .map(([name, text]) => `${heading(name)}\n${text.trimEnd()}`)
    .join('\n');
}

interface Outcome {
  target: string;
  written: string;
  copies: boolean;
  isInPlace: boolean;
  zone: string;
  options: SourceInitOptions;
}

function nextText(found: FoundFolder, survey: Survey, files: FoundFile[], outcome: Outcome): string {
  const { system, tables } = survey;
  const size = `${plural(files.length, 'file')} (${bytes(files.reduce((sum, file) => sum + file.sizeBytes, 0))})`;
  const guesses = tables.reduce(
    (sum, { columns, key, mode }) =>
      sum + [...columns, key, mode].filter(({ sureness }) => sureness === 'guess').length,
    0,
  );
  if (outcome.options.dryRun) return `\nNothing was written. Without --dry-run, ${outcome.written} would be.`;
  const first = tables[0]?.name ?? '';
  const lines = [
    heading('Drafted'),
    `  ${shortPath(outcome.written)}: the sources file, ${plural(tables.length, 'staging model')} and their tests; time zone ${outcome.zone}`,
    `  ${guesses === 0 ? 'No guesses' : plural(guesses, 'guess').replace('guesss', 'guesses')} among what was found; look for DECIDE in _${system}__sources.yml.`,
  ];
  if (outcome.copies) lines.push(`  ${size} copied to ${shortPath(outcome.target)}, where the loader looks for them.`);
  lines.push(heading('Next'));
  if (!outcome.copies && !outcome.isInPlace) {
    lines.push(`  Put the files in place: the loader looks for them in ${outcome.target}.`);
    lines.push(...placeText(files, found.root, outcome.target));
  }
  const misplaced = outcome.isInPlace ? files.filter((file) => file.place !== file.path) : [];
  if (misplaced.length > 0) {
    lines.push(`  Move each dated file into a folder of its date; the loader does not take dates from file names:`);
    lines.push(...misplaced.slice(0, 5).map((file) => `    ${visible(file.path)} → ${visible(file.place)}`));
  }
  lines.push(`  npx mfg ingest --system ${system} --plan`, `  npx mfg ingest --system ${system}`);
  lines.push(`  npx mfg query "select * from staging.stg_${system}__${first} limit 10"`);
  return lines.join('\n');
}

function placeText(files: FoundFile[], root: string, target: string): string[] {
  if (files.every((file) => file.place === file.path)) return [`    cp -R ${quoted(root)} ${quoted(target)}`];
  return files.slice(0, 10).map((file) => `    ${visible(file.path)} → ${visible(path.join(target, file.place))}`);
}

function quoted(file: string): string {
  return /^[\w/.-]+$/.test(file) ? file : `'${visible(file).replaceAll("'", `'\\''`)}'`;
}

/** Relative to where the command runs, when it is below. */
function shortPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}
