// npm run model -- [--runs N] [--seed S] [--bugs]: a longer run of the model-based test than npm test makes, by default 1,000
// sequences from a new seed. --bugs also looks for the smallest sequence that catches each seeded bug.
import './node-version.mjs';
import path from 'node:path';
import { runChild } from './run-child.mjs';
import { ROOT } from './set-up.mjs';

const args = process.argv.slice(2);
const runs = numberAfter('--runs', 1000);
const seed = numberAfter('--seed', Date.now() % 2 ** 31);
const files = args.includes('--bugs') ? 'seeded-bugs' : 'sequences';
const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
const options = ['--selectProjects', 'model', '--testPathPatterns', files];
const env = { MFG_MODEL_RUNS: String(runs), MFG_MODEL_SEED: String(seed), MFG_MODEL_SHRINK: '1' };
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
