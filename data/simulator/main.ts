import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { PROJECT_ROOT } from '../../contracts/config';
import { withDefects, type DefectiveDelivery } from './defects';
import { simulate, type DayDelivery, type SimulationOptions } from './simulate';
import { writeExport, writeWhole } from './write-export';

/** `npm run simulate`: writes a simulated factory export. The shipped one is what it writes without options. */
async function main(argv: string[]): Promise<void> {
  const program = new Command('simulate')
    .description('Writes a simulated factory export: one folder per day, the whole table in each file.')
    .option('--days <n>', 'days to deliver', wholeNumber(1, 3650), 10)
    .option('--first-day <date>', 'logical date of the first delivery', date, '2026-03-02')
    .option('--materials <n>', 'materials', wholeNumber(1, 9000), 80)
    .option('--orders-per-day <n>', 'orders planned per day', wholeNumber(1, 100_000), 20)
    .option('--seed <n>', 'the same seed gives the same bytes', wholeNumber(0, 4_294_967_295), 42)
    .option('--no-defects', 'leave out the defects that real exports have')
    .option('--out <folder>', 'source folder to write to', path.join(PROJECT_ROOT, 'data', 'raw', 'source_system'))
    .addHelpText('after', '\nExample:\n  npm run simulate -- --days 30 --seed 7 --out /tmp/export')
    .parse(argv);
  const { out, defects, ...simulation } = program.opts<SimulationOptions & { out: string; defects: boolean }>();
  const folder = path.resolve(out);
  const days = simulate(simulation);
  const deliveries = defects ? withDefects(days, simulation.seed) : withoutDefects(days);
  const truth = await writeExport(deliveries, path.join(folder, 'mes'), { ...simulation, defects }, (day, records) =>
    console.log(`${day}: ${records} records`),
  );
  // Beside the source folder, not in it: nothing that loads data may see it.
  const truthFile = path.join(path.dirname(folder), 'truth.json');
  await writeWhole(truthFile, `${JSON.stringify(truth, null, 1)}\n`);
  const total = Object.values(truth.records).reduce((sum, records) => sum + records, 0);
  console.log(`${total} records and ${truth.defects.length} defects in ${folder}; what is wrong with them: ${truthFile}`);
}

function* withoutDefects(days: Iterable<DayDelivery>): Generator<DefectiveDelivery> {
  for (const day of days) yield { ...day, files: new Map(), defects: [] };
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

function date(text: string): string {
  const parsed = new Date(`${text}T00:00:00Z`);
  if (!Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError('It must be a date such as 2026-03-02.');
}

main(process.argv).catch((error: unknown) => {
  console.error(`The export was not written: ${(error as Error).message}`);
  process.exitCode = 1;
});
