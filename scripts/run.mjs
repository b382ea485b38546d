// node scripts/run.mjs <module of dist/> [arguments]: sets up what is missing, then runs the module in this process.
import './node-version.mjs';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, setUpOrExit } from './set-up.mjs';

const [module] = process.argv.splice(2, 1);
setUpOrExit({ python: onSnowflake() ? ['run', 'snowflake'] : ['run'] }).then(() => {
  process.setSourceMapsEnabled(true);
  process.argv[1] = path.join(ROOT, 'dist', `${module}.js`);
  return import(pathToFileURL(process.argv[1]).href);
});

/** Whether the environment, or else .env, names Snowflake as the warehouse: dbt then needs its adapter. */
function onSnowflake() {
  if (process.env.MFG_WAREHOUSE) return process.env.MFG_WAREHOUSE === 'snowflake';
  const file = path.join(ROOT, '.env');
  return fs.existsSync(file) && /^\s*MFG_WAREHOUSE\s*=\s*['"]?snowflake\b/m.test(fs.readFileSync(file, 'utf8'));
}
