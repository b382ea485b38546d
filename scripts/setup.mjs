// npm run setup: everything that `npm start` and `npm test` need, so that both work offline afterwards.
import './node-version.mjs';
import { setUpOrExit } from './set-up.mjs';

setUpOrExit({ python: ['run', 'test'] });
