// npm run test:snowflake: the warehouse suite on the Snowflake account that the environment or .env names.
import './node-version.mjs';
import fs from 'node:fs';
import path from 'node:path';
import { runChild } from './run-child.mjs';
import { ROOT, setUpOrExit } from './set-up.mjs';

const LOGINS = ['SNOWFLAKE_ACCOUNT', 'SNOWFLAKE_CONNECTION_NAME'];

if (LOGINS.some(isSet)) {
  await setUpOrExit({ python: ['run', 'test', 'snowflake'] });
  const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const suite = ['--selectProjects', 'warehouse', '--testPathPatterns', 'warehouse/snowflake(-contracts)?[.]test'];
  const args = ['--enable-source-maps', jest, ...suite, ...process.argv.slice(2)];
  const env = { ...process.env, MFG_TEST_SNOWFLAKE: 'account' };
  process.exitCode = await runChild(process.execPath, args, { cwd: ROOT, env });
} else {
  console.error(`
NOTHING WAS TESTED: no Snowflake account is named.

Set SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER and SNOWFLAKE_PRIVATE_KEY_PATH (or SNOWFLAKE_CONNECTION_NAME) in the environment or in .env, with a
role that may create databases and use the virtual warehouses. What the tests make is named MFG_TEST_… and dropped after them.
`);
  process.exitCode = 3;
}

/** In the environment, or in .env. */
function isSet(name) {
  if (process.env[name]) return true;
  const file = path.join(ROOT, '.env');
  return fs.existsSync(file) && new RegExp(`^\\s*${name}\\s*=\\s*\\S`, 'm').test(fs.readFileSync(file, 'utf8'));
}
