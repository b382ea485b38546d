import { Coverage } from './coverage';
import { loadPlatform } from './platform';
import { SEEDED_BUGS } from './seeded-bugs';
import { runSequences } from './sequences';

const SEED = Number(process.env.MFG_MODEL_SEED ?? 20261124);
const MAX_SEQUENCES = 60;
/** Looking for the smallest counterexample takes minutes: on demand. */
const isShrinking = process.env.MFG_MODEL_SHRINK === '1';
/** Looking for the smallest counterexample runs hundreds of sequences. */
const TIME_LIMIT_MS = (isShrinking ? 1800 : 600) * 1000;

const caught: string[] = [];

it.each(SEEDED_BUGS.map((bug) => [bug.name, bug] as const))(
  'catches a seeded bug: %s',
  async (name, bug) => {
    const { runs, counterexample } = await runSequences({
      platform: await loadPlatform(bug.edits),
      coverage: new Coverage(),
      seed: SEED,
      runs: MAX_SEQUENCES,
      isShrinking,
      stagedOf20: bug.isInStaging === true ? 20 : 0,
    });
    caught.push(`${String(runs).padStart(9)}  ${name}`);
    if (isShrinking) caught.push(`             ${counterexample?.error.replace(/\s+/g, ' ').slice(0, 300)}`);
    if (isShrinking) caught.push(...(counterexample?.commands ?? []).map((command) => `             ${command}`));
    expect(counterexample).toBeDefined();
  },
  TIME_LIMIT_MS,
);

afterAll(() => {
  process.stdout.write(`\nsequences  seeded bug, caught with seed ${SEED}\n${caught.join('\n')}\n`);
});
