// npm test: sets up what is missing, then runs jest with the arguments given.
import './node-version.mjs';
import path from 'node:path';
import { runChild } from './run-child.mjs';
import { ROOT, setUpOrExit } from './set-up.mjs';

setUpOrExit({ python: ['run', 'test', 'snowflake'], peer: ['snowflake-peer'] }).then(async () => {
  const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = ['--enable-source-maps', jest, ...process.argv.slice(2)];
  process.exitCode = await runChild(process.execPath, args, { cwd: ROOT });
});
