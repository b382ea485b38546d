// npm run setup: everything that `npm start` and the checks need, so that both work offline afterwards; with --peer also what
// the tests on Snowflake's protocol need, which `npm test` sets up by itself.
import './node-version.mjs';
import { setUpOrExit } from './set-up.mjs';

setUpOrExit(
  process.argv.includes('--peer')
    ? { python: ['run', 'test', 'snowflake'], peer: ['snowflake-peer'] }
    : { python: ['run', 'test'] },
);
