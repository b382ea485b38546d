// npm test: sets up what is missing, then runs jest with the arguments given.
import './node-version.mjs';
import path from 'node:path';
import { runChild } from './run-child.mjs';
import { hasPythonForPeer, ROOT, setUpOrExit } from './set-up.mjs';

const LEFT_OUT =
  'NOT RUN: the tests on the Snowflake peer, which needs Python 3.11 or newer: install one, or name it in MFG_PYTHON.';

const hasPeer = hasPythonForPeer();
if (!hasPeer) console.error(LEFT_OUT);
const needs = { python: ['run', 'test', 'snowflake', 'python-caller'] };
setUpOrExit(hasPeer ? { ...needs, peer: ['snowflake-peer'] } : needs).then(async () => {
  const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const left = hasPeer ? [] : ['--testPathIgnorePatterns', '/snowflake[^/]*[.]test[.]ts$'];
  const args = ['--enable-source-maps', jest, ...left, ...process.argv.slice(2)];
  process.exitCode = await runChild(process.execPath, args, { cwd: ROOT });
  if (!hasPeer) console.error(LEFT_OUT);
});
