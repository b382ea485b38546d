/**
 * Acts on the publication log with the platform's built code, and stops itself (SIGSTOP) before a given step of the act. A step
 * is whatever another process could come before: a statement on the store, opening and closing it, a file operation.
 *
 * usage: pausing-program.mjs DIST STATE_DIR, then one JSON object per line on stdin: { act: 'publish' | 'approve' | 'rollback',
 * publication, step }. Answers with a line { stopping: name of the step } as it stops, and a line { done } or { failed }.
 */
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';

const [dist, stateDir] = process.argv.slice(2);
const require = createRequire(`${dist}/`);
const { DuckDBConnection, DuckDBInstance } = require('@duckdb/node-api');
const files = require('node:fs/promises');

let before = Infinity;

/** Wraps functions of an object so that each call is a step. */
function pauseBefore(owner, names) {
  for (const name of names) {
    const original = owner[name];
    owner[name] = function step(...args) {
      if (--before === 0) {
        say({
          stopping: `${name} ${String(args[0] ?? '')
            .replace(/\s+/g, ' ')
            .slice(0, 60)}`,
        });
        process.kill(process.pid, 'SIGSTOP');
      }
      return original.apply(this, args);
    };
  }
}

function say(answer) {
  writeSync(1, `${JSON.stringify(answer)}\n`);
}

pauseBefore(files, ['stat', 'readlink', 'rm', 'symlink', 'rename']);
// `runAndReadAll` is a `run` too.
pauseBefore(DuckDBConnection.prototype, ['run', 'closeSync']);
pauseBefore(DuckDBInstance, ['create']);
pauseBefore(DuckDBInstance.prototype, ['closeSync']);

const { createDuckDbWarehouse } = require(path.join(dist, 'warehouse', 'duckdb', 'duckdb-warehouse.js'));
const warehouse = createDuckDbWarehouse(stateDir, 'test');
const person = { actor: 'paused', reason: 'test' };
const acts = {
  publish: (publication) => warehouse.publish(publication),
  approve: (publication) => warehouse.approve(publication, person),
  rollback: (publication) => warehouse.rollback(publication, person),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { act, publication, step } = JSON.parse(line);
  before = step;
  await acts[act](publication).then(
    (done) => say({ done }),
    (error) => say({ failed: error.message }),
  );
}
