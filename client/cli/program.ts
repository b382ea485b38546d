import { Command, CommanderError } from 'commander';
import { codeVersion } from '../../contracts/installation';
import { addBackfill } from './commands/backfill';
import { addDbt } from './commands/dbt';
import { addDev } from './commands/dev';
import { addDocs } from './commands/docs';
import { addDoctor } from './commands/doctor';
import { addExport } from './commands/export';
import { addIngest } from './commands/ingest';
import { addIncidents } from './commands/incidents';
import { addPin, addUnpin } from './commands/pin';
import { addPublications } from './commands/publications';
import { addQuality } from './commands/quality';
import { addQuery } from './commands/query';
import { addReconcile } from './commands/reconcile';
import { addRejects } from './commands/rejects';
import { addReport } from './commands/report';
import { addRetention } from './commands/retention';
import { addRollback } from './commands/rollback';
import { addSchedules } from './commands/schedules';
import { addSource } from './commands/source';
import { addRuns } from './commands/runs';
import { addStart } from './commands/start';
import { addStatus } from './commands/status';
import { addTemporal } from './commands/temporal';
import { addTransform } from './commands/transform';
import { addWarehouse } from './commands/warehouse';
import { addWorker } from './commands/worker';
import { EXIT, exitCodeOf, sentenceOf } from './failures';

/**
 * Runs one command line to its end. What the user asked for goes to stdout, progress and complaints to stderr.
 *
 * @param args without the interpreter and the script.
 * @returns the exit code: 0 done, 1 the run or its checks failed, 2 wrong usage.
 */
export async function runCommandLine(args: string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    // Commander has already said what is wrong, or has shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const sentence = sentenceOf(error);
    if (sentence !== '') console.error(sentence);
    return exitCodeOf(error);
  }
}

/** The command line with all its commands, before it parses anything. */
export function createProgram(): Command {
  const program = new Command('mfg')
    .description('Manufacturing data platform: CSV exports to a warehouse, dbt models, data quality, run by Temporal.')
    .version(codeVersion())
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', HELP);
  // In the order of the help page. Each inherits the settings above.
  for (const add of [
    addStart,
    addSource,
    addIngest,
    addBackfill,
    addTransform,
    addQuality,
    addIncidents,
    addStatus,
    addRuns,
    addSchedules,
    addPublications,
    addRollback,
    addPin,
    addUnpin,
    addQuery,
    addRejects,
    addExport,
    addReport,
    addRetention,
    addReconcile,
    addDoctor,
    addWarehouse,
    addDev,
    addWorker,
    addTemporal,
    addDbt,
    addDocs,
  ]) {
    add(program);
  }
  return program;
}

const HELP = `
Examples:
  npx mfg source init ~/export --system erp    describe a folder of CSV files of your own
  npx mfg ingest --plan                  what would be loaded: files, tables, pending or unchanged
  npx mfg ingest                         load every pending delivery, build, publish, check
  npx mfg ingest --date 2026-03-11       load one day again
  npx mfg backfill --from 2026-01-05 --to 2026-03-31   what is pending of a range, published as one
  npx mfg query "select * from marts.plant_day_kpis limit 10"
  npx mfg export plant_day_kpis --out kpis.parquet
  npx mfg report --open                  one HTML page: OEE with its losses, orders, quality, publications
  npx mfg retention --dry-run            what could be removed, and the space it takes
  npx mfg reconcile                      do Temporal, the audits, the log and the data agree?
  npx mfg doctor                         is everything there, and how to mend what is not
  npx mfg status                         what is published, the last loads, where the Web UI is
  npx mfg incidents                      what fails since when; \`ack\`, \`silence\` and \`resolve\` one
  npx mfg publications                   what was published, held and rolled back; \`show\`, \`diff\` and \`approve\` one
  npx mfg rollback                       readers go back to the publication before
  npm run dev                            keep Temporal, its Web UI and a worker up in a terminal of their own

Without TEMPORAL_ADDRESS, a command that needs Temporal brings the bundled server and a worker up for as long as it
runs, or uses those of a running \`npm run dev\`. All variables are in .env.example; MFG_DEBUG=1 shows errors in full.

Exit codes: 0 done; 1 the run failed, or data quality checks did; 2 wrong usage; 130 left by Ctrl-C.

Help on one command: npx mfg help ingest`;
