// npm run bench [-- NAME]: runs one bench of bench/ with the options that follow, or names them.
import fs from 'node:fs';
import path from 'node:path';
import { runChild } from './run-child.mjs';
import { ROOT, setUpOrExit } from './set-up.mjs';

const names = fs
  .readdirSync(path.join(ROOT, 'bench'))
  .flatMap((file) => (file.endsWith('.ts') ? [path.basename(file, '.ts')] : []));
const [name, ...options] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`npm run bench -- NAME [OPTION…]: NAME is one of ${names.join(', ')}.`);
  process.exit(2);
}
await setUpOrExit({ python: ['run'] });
process.exitCode = await runChild(process.execPath, [path.join(ROOT, 'dist', 'bench', `${name}.js`), ...options]);
