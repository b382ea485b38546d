import { CommanderError } from 'commander';
import { DELIVERIES } from './deliveries';
import { parseCall } from './options';
import { progressBar } from './progress-bar';
import { WriteError } from './write-error';
import { writeExport } from './write-export';

const FAILED = 1;
const WRONG_USAGE = 2;
const INTERRUPTED = 130;

async function main(): Promise<void> {
  const { folder, options } = parseCall(process.argv.slice(2));
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
  const progress = progressBar(process.stderr);
  const began = Date.now();
  try {
    const { files, records, bytes } = await writeExport(folder, options, {
      signal: interrupt.signal,
      onDay: (share) => progress.show(share),
    });
    progress.clear();
    const size = `${(bytes / 1e6).toFixed(1)} MB${options.gzip ? ' before compression' : ''}`;
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    console.log(`${records} records in ${files} files (${size}) under ${folder}/${DELIVERIES}, in ${seconds} s`);
  } catch (error) {
    progress.clear();
    if (!interrupt.signal.aborted) throw error;
    console.error(
      `The export was interrupted: whole files of it may stand in ${folder}, without a truth.json of theirs; run it again.`,
    );
    process.exitCode = INTERRUPTED;
  }
}

main().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    // Commander has said why; it uses 1 for wrong usage.
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  } else {
    console.error(error instanceof WriteError ? error.message : error);
    process.exitCode = FAILED;
  }
});
