import { Coverage } from './coverage';
import { loadPlatform } from './platform';
import { SEEDED_BUGS } from './seeded-bugs';
import { runSequences } from './sequences';

const GIVEN_SEED = process.env.MFG_MODEL_SEED;
const DEFAULT_SEED = 20261124;
/** Looking for the smallest counterexample takes minutes: on demand. */
const isShrinking = process.env.MFG_MODEL_SHRINK === '1';
/** Some need more than there is time for in `npm test`. */
const MAX_SEQUENCES = isShrinking ? 2000 : 60;
/** Looking for the smallest counterexample runs hundreds of sequences. */
const TIME_LIMIT_MS = (isShrinking ? 1800 : 600) * 1000;

const caught: string[] = [];

it.each(SEEDED_BUGS.filter((bug) => isShrinking || bug.isRare !== true).map((bug) => [bug.name, bug] as const))(
  'catches a seeded bug: %s',
  async (name, bug) => {
    const { runs, counterexample } = await runSequences({
      platform: await loadPlatform(bug.edits),
      coverage: new Coverage(),
      seed: Number(GIVEN_SEED ?? bug.seed ?? DEFAULT_SEED),
      runs: MAX_SEQUENCES,
      from: isShrinking || GIVEN_SEED !== undefined ? 1 : bug.from,
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
  process.stdout.write(
    `\nsequences  seeded bug, caught with seed ${GIVEN_SEED ?? DEFAULT_SEED} or its own\n${caught.join('\n')}\n`,
  );
});
