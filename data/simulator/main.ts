import { CommanderError, Command, InvalidArgumentError } from 'commander';
import { type Day, parseDay } from './local-time';
import { writeExport } from './write-export';

const WRONG_USAGE = 2;
const MAX_DAYS = 3660;
const MAX_SEED = 2 ** 32 - 1;

interface CliOptions {
  days: number;
  firstDay: Day;
  seed: number;
  out: string;
  defects: boolean;
}

async function main(): Promise<void> {
  const command = new Command('simulator')
    .description(
      'Simulates a coatings maker with three sites and writes what its execution system would export:\n' +
        '<out>/source_system/mes/<YYYY-MM-DD>/{materials,batches,production_orders}.csv, one folder a day, and\n' +
        '<out>/truth.json, which says how many records each file has and which of them are wrong on purpose.',
    )
    .option('--days <number>', 'how many deliveries, one a day', wholeNumber(1, MAX_DAYS), 10)
    .option('--first-day <YYYY-MM-DD>', 'logical date of the first one', day, parseDay('2026-03-02'))
    .option('--seed <number>', 'equal seeds give equal files', wholeNumber(0, MAX_SEED), 2026)
    .option('--out <folder>', 'output folder, from the working folder', 'data/raw')
    .option('--no-defects', 'write a flawless export')
    .allowExcessArguments(false)
    .exitOverride();
  // Commander shows a default as it is; a day is a number only to us.
  command.options.find(({ long }) => long === '--first-day')?.default(parseDay('2026-03-02'), '2026-03-02');
  command.parse();
  const { out, ...options } = command.opts<CliOptions>();
  const { files, records, bytes } = await writeExport(out, options);
  console.log(`${records} records in ${files} files (${(bytes / 1e6).toFixed(1)} MB) under ${out}/source_system/mes`);
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
  if (value === undefined) throw new InvalidArgumentError('Give a calendar day, written YYYY-MM-DD.');
  return value;
}

main().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  } else {
    console.error(`The export could not be written: ${(error as Error).message}`);
    process.exitCode = 1;
  }
});
