import { Command, InvalidArgumentError, Option } from 'commander';

/** Seeds by what they are for: what is tuned on one must be reported on another. Seeds 1 to 3 were looked at when thresholds were chosen. */
const SEEDS = {
  tuning: { faults: [101, 102], cleanDays: [101] },
  report: { faults: [5], cleanDays: [4] },
} as const;

/** What a call of the bench asks for. */
export interface DetectionOptions {
  purpose: keyof typeof SEEDS;
  /** Seeds whose days get faults, and those whose days stay clean. */
  faults: readonly number[];
  cleanDays: readonly number[];
  /** Days of history before the first day that counts. */
  history: number;
  /** How many clean days. */
  days: number;
  /** Faults whose kind and target contain it. */
  only: string;
  /** At most so many targets of each kind of fault. */
  targets: number;
  isQuick: boolean;
  /** Whether dbt's own tests are asked too. */
  withDbtTests: boolean;
  /** Whether what was loaded and built stays, so that a later call asks the checks only. */
  isKept: boolean;
  /** Which parts are run. */
  parts: readonly Part[];
}

type Part = 'faults' | 'defects' | 'days';
const PARTS: readonly Part[] = ['faults', 'defects', 'days'];

interface CliOptions {
  seeds: keyof typeof SEEDS;
  days: number;
  history: number;
  only: string;
  targets: number;
  seedCount: number;
  part: Part[] | undefined;
  quick: boolean;
  keep: boolean;
  dbtTests: boolean;
}

/** Reads the command line; ends the process with one sentence when it is wrong. */
export function parseOptions(args: readonly string[]): DetectionOptions {
  const command = new Command('npm run bench -- detection')
    .description(
      'What the quality checks find: faults put one by one into a simulated day, clean days, and the simulator’s own defects. ' +
        'With the reporting seeds it writes docs/quality-benchmark.md. An interrupted call goes on where it stopped.',
    )
    .addOption(new Option('--seeds <purpose>', 'tuning or report').choices(Object.keys(SEEDS)).default('tuning'))
    .option('--days <number>', 'clean days', wholeNumber, 60)
    .option('--history <number>', 'days published before them, 42 at least', wholeNumber, 42)
    .option('--only <text>', 'only faults whose kind or target contains it', '')
    .option('--seed-count <number>', 'only the first seeds', wholeNumber, 99)
    .option('--targets <number>', 'at most so many targets of each kind of fault', wholeNumber, 99)
    .addOption(new Option('--part <parts...>', 'only these parts').choices(PARTS))
    .option('--no-dbt-tests', 'leave out what dbt’s own tests find')
    .option('--quick', 'the first seed only, 14 clean days, no dbt tests', false)
    .option(
      '--keep',
      'keep what was loaded and built, and take it over from a call before: only the checks run anew',
      false,
    )
    .addHelpText(
      'after',
      '\nExamples:\n  npm run bench -- detection --seeds report\n  npm run bench -- detection --quick --only PSI',
    );
  command.parse(args, { from: 'user' });
  const cli = command.opts<CliOptions>();
  const { faults, cleanDays } = SEEDS[cli.seeds];
  const seeds = cli.quick ? 1 : cli.seedCount;
  return {
    purpose: cli.seeds,
    faults: faults.slice(0, seeds),
    cleanDays: cleanDays.slice(0, seeds),
    history: cli.history,
    days: cli.quick ? 14 : cli.days,
    only: cli.only,
    targets: cli.targets,
    isQuick: cli.quick,
    withDbtTests: cli.dbtTests && !cli.quick,
    isKept: cli.keep,
    parts: cli.part ?? PARTS,
  };
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 to 9999.');
  return Number(text);
}
