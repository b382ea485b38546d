// npm run check: every check that is not a test, each with its name and result, then the count. Names given as
// arguments choose among them: npm run check -- lint format
import './node-version.mjs';
import path from 'node:path';
import { runChild } from './run-child.mjs';
import { ROOT, setUpOrExit, VENV } from './set-up.mjs';

const bin = (name) => path.join(ROOT, 'node_modules', '.bin', name);

const CHECKS = {
  types: [bin('tsc'), '--noEmit', '-p', '.'],
  page: [bin('tsc'), '--noEmit', '-p', 'report/page'],
  lint: [bin('eslint'), '--max-warnings', '0', '.'],
  format: [bin('prettier'), '--check', '--log-level', 'warn', '.'],
  imports: [bin('depcruise'), '--config', '.dependency-cruiser.cjs', '--output-type', 'err', '.'],
  unused: [bin('knip')],
  lock: [process.execPath, 'scripts/complete-lock.mjs', '--check'],
  contract: [process.execPath, 'scripts/json-contract.mjs', '--check'],
  sql: [path.join(VENV, 'bin', 'sqlfluff'), 'lint', '--disable-progress-bar', 'dbt'],
};

const [major, minor] = process.versions.node.split('.').map(Number);
if (major === 20 && minor < 19) {
  console.error(`npm run check needs Node 20.19 or newer, for ESLint and knip; this is ${process.versions.node}.`);
  process.exit(2);
}

setUpOrExit({ python: ['run', 'test'] }).then(async () => {
  const chosen = process.argv.slice(2);
  const unknown = chosen.find((name) => !CHECKS[name]);
  if (unknown) {
    console.error(`There is no check '${unknown}': the checks are ${Object.keys(CHECKS).join(', ')}.`);
    process.exit(2);
  }
  const results = [];
  for (const name of chosen.length > 0 ? chosen : Object.keys(CHECKS)) {
    const started = Date.now();
    const [command, ...args] = CHECKS[name];
    const passed = (await runChild(command, args, { cwd: ROOT })) === 0;
    results.push(passed);
    console.log(`${passed ? 'pass' : 'FAIL'}  ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  }
  const failed = results.filter((passed) => !passed).length;
  console.log(`Checks: ${results.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
});
