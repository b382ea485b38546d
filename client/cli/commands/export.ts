import path from 'node:path';
import { Option, type Command } from 'commander';
import { loadConfig } from '../../../contracts/config';
import { InvalidInputError, TerminalError } from '../../../contracts/errors';
import type { ExportFormat } from '../../../warehouse/warehouse';
import { CommandFailure, EXIT } from '../failures';
import { configuredWarehouse } from '../configured-warehouse';
import { asPublication } from '../options';
import { bytes, plural, visible } from '../print';

interface ExportOptions {
  out: string;
  format?: ExportFormat;
  publication?: number;
  json?: true;
}

const FORMATS: readonly ExportFormat[] = ['parquet', 'csv'];

/** `mfg export`: one relation of a publication as a file. */
export function addExport(program: Command): void {
  program
    .command('export')
    .summary('one table of a publication as a Parquet or CSV file')
    .description(
      'Writes one relation of a publication to a file that says where it comes from: publication, LOAD_IDs, code version. The same publication always gives the same file. An existing file is replaced once the new one is whole.',
    )
    .argument('<mart>', 'a relation of schema marts, or schema.relation for raw, staging, core and marts')
    .requiredOption('-o, --out <file>', 'the file to write, in a folder that exists')
    .addOption(new Option('-f, --format <format>', "default: from the file's ending").choices(FORMATS))
    .option('-p, --publication <number>', 'an older publication; default: the one that readers see', asPublication)
    .option('--json', 'print one JSON object instead of a line of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg export plant_day_kpis --out kpis.parquet
  npx mfg export plant_day_kpis --publication 3 --out kpis-3.csv
  npx mfg export core.fct_production_orders --format parquet --out orders.pq

Parquet (zstd) has the facts in its key-value metadata: mfg.relation, mfg.publication, mfg.published_at, mfg.code_version,
mfg.load_ids. CSV (RFC 4180, never compressed) has them, its columns and its row count in <file>-metadata.json (W3C's "CSV
on the Web"); null is empty, an empty text is ""; cells are not escaped for spreadsheets: = + - @ stay as they are.`,
    )
    .action(exportMart);
}

async function exportMart(mart: string, options: ExportOptions, command: Command): Promise<void> {
  const { out, publication } = options;
  if (out === '-') command.error('error: --out is the name of a file; `npx mfg query --csv` writes to stdout');
  const ending = FORMATS.find((name) => out.toLowerCase().endsWith(`.${name}`));
  const format = options.format ?? ending;
  if (ending !== undefined && format !== ending) {
    command.error(
      `error: '${visible(out)}' ends in .${ending}, which --format ${format} contradicts: leave one of them out`,
    );
  }
  if (format === undefined) {
    return command.error(`error: '${visible(out)}' ends neither in .parquet nor in .csv: say --format parquet or csv`);
  }
  const target =
    publication === undefined ? ({ kind: 'head' } as const) : ({ kind: 'publication', publication } as const);
  const interrupt = interruptSignal();
  try {
    const { metadataFile, relation, ...written } = await (
      await configuredWarehouse(loadConfig())
    )
      .exportRelation(target, mart, { path: out, format }, interrupt.signal)
      .catch((error: unknown): never => {
        if (!(error instanceof TerminalError)) throw error;
        // DuckDB's sentences may quote what the data holds.
        const Kind = error instanceof InvalidInputError ? InvalidInputError : TerminalError;
        throw new Kind(visible(error.message), { cause: error });
      });
    if (options.json) {
      const { publication, rows, bytes, loadIds } = written;
      console.log(JSON.stringify({ file: out, relation, publication, rows, bytes, loadIds }, null, 2));
      return;
    }
    const described = metadataFile === undefined ? '' : `, described in ${path.basename(metadataFile)}`;
    console.log(
      visible(
        `${relation} of publication ${written.publication}: ${plural(written.rows, 'row')}, ${bytes(written.bytes)} to ${out}${described}`,
      ),
    );
  } finally {
    interrupt.dispose();
  }
}

/** Aborted by Ctrl-C, so that what was written by then is removed. */
function interruptSignal() {
  const controller = new AbortController();
  const abort = () => controller.abort(new CommandFailure('Left by Ctrl-C: nothing was written.', EXIT.interrupted));
  process.on('SIGINT', abort).on('SIGTERM', abort);
  return { signal: controller.signal, dispose: () => void process.off('SIGINT', abort).off('SIGTERM', abort) };
}
