// Imported first by every entry point: says in one sentence what is missing before anything newer can fail.
// This file and setup.mjs stay within syntax that Node 14 parses.
const OLDEST = [20, 3];

if (process.platform === 'win32') stop('Windows is supported through WSL: run this inside a WSL distribution.');

const current = process.versions.node.split('.').map(Number);
if (current[0] < OLDEST[0] || (current[0] === OLDEST[0] && current[1] < OLDEST[1])) {
  stop(
    `Node ${OLDEST.join('.')} or newer is needed; this is ${process.versions.node}: install a newer one (https://nodejs.org).`,
  );
}

function stop(sentence) {
  console.error(sentence);
  process.exit(2);
}
