// node scripts/run.mjs <module of dist/> [arguments]: sets up what is missing, then runs the module in this process.
import './node-version.mjs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, setUpOrExit } from './set-up.mjs';

const [module] = process.argv.splice(2, 1);
setUpOrExit({ python: ['run'] }).then(() => {
  process.setSourceMapsEnabled(true);
  process.argv[1] = path.join(ROOT, 'dist', `${module}.js`);
  return import(pathToFileURL(process.argv[1]).href);
});
