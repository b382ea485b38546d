// node scripts/build.mjs: builds dist/ with the npm packages that are there, for the image. Everywhere else npm run setup does it.
import './node-version.mjs';
import { setUpOrExit } from './set-up.mjs';

setUpOrExit({ npm: false, python: [] });
