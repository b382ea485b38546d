#!/usr/bin/env node
// The `mfg` command: sets up what is missing (everything it prints goes to stderr), then runs the command line.
import '../scripts/node-version.mjs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, setUpOrExit } from '../scripts/set-up.mjs';

setUpOrExit({ python: ['run'] }).then(() => {
  process.setSourceMapsEnabled(true);
  return import(pathToFileURL(path.join(ROOT, 'dist', 'client', 'cli', 'main.js')).href);
});
