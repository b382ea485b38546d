// npm run model -- [--runs N] [--seed S] [--bugs | --live]: a longer run of the model-based test than npm test makes, by default 1,000
// sequences from a new seed. --bugs looks for the smallest sequence that catches each seeded bug; --live runs five sequences on a
// real server with workers and dbt instead.
import './node-version.mjs';
import path from 'node:path';
import { runChild } from './run-child.mjs';
import { ROOT } from './set-up.mjs';

const args = process.argv.slice(2);
const isLive = args.includes('--live');
const runs = numberAfter('--runs', isLive ? 5 : 1000);
const seed = numberAfter('--seed', Date.now() % 2 ** 31);
const files = args.includes('--bugs') ? 'seeded-bugs' : 'sequences';
const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
const options = ['--selectProjects', isLive ? 'chaos' : 'model', '--testPathPatterns', files];
const env = {
  MFG_MODEL_RUNS: String(runs),
  MFG_MODEL_SEED: String(seed),
  MFG_MODEL_SHRINK: '1',
  MFG_MODEL_LIVE_RUNS: String(runs),
};
process.exitCode = await runChild(process.execPath, [jest, ...options], { cwd: ROOT, env: { ...process.env, ...env } });

function numberAfter(option, otherwise) {
  const at = args.indexOf(option);
  if (at < 0) return otherwise;
  const number = Number(args[at + 1]);
  if (!Number.isSafeInteger(number) || number < 0) {
    console.error(`${option} takes a whole number, such as ${option} ${otherwise}.`);
    process.exit(2);
  }
  return number;
}
