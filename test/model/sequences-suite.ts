import { Coverage } from './coverage';
import { loadPlatform } from './platform';
import { runSequences } from './sequences';

const SEED = Number(process.env.MFG_MODEL_SEED ?? 20261124);
const RUNS = Number(process.env.MFG_MODEL_RUNS ?? 200);

/** Half of the sequences: each half is a test file, so that they run side by side. */
const HALF = Math.ceil(RUNS / 2);

/** A longer run takes longer: 10 s for a sequence is far more than one takes. */
const TIME_LIMIT_MS = Math.max(60, HALF) * 10_000;

/** The test of one half of the sequences, which have a seed of their own. */
export function testSequences(half: 0 | 1): void {
  it(
    'shows readers what the model says, after every step of every sequence',
    async () => {
      const coverage = new Coverage();
      const seed = SEED + half;
      const request = { platform: await loadPlatform(), coverage, seed, runs: HALF, isShrinking: true };
      const { runs, counterexample } = await runSequences(request);
      process.stdout.write(
        `\n${runs} sequences, ${coverage.commands} commands, seed ${seed}; which followed which (${Math.round(coverage.share * 100)} % of all pairs):\n` +
          `${coverage.table()}\n`,
      );
      if (counterexample !== undefined) {
        const { commands, error, path } = counterexample;
        throw new Error(
          `the smallest failing sequence (seed ${seed}, path ${path}):\n${commands.join('\n')}\n\n${error}`,
        );
      }
      expect(runs).toBe(HALF);
    },
    TIME_LIMIT_MS,
  );
}
