import { loadDotenvIntoProcess } from '../../contracts/config';
import { runCommandLine } from './program';

/** Entry of the `mfg` command: `bin/mfg.mjs` and `npm start` come here once everything is set up. */
loadDotenvIntoProcess();
// Whoever reads the output may stop early: `mfg query … | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
void runCommandLine(process.argv.slice(2)).then((exitCode) => {
  // What is written to a pipe is on its way only; a connection that was given up may still have a timer.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
});
