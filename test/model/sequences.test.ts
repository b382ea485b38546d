import { Coverage } from './coverage';
import { loadPlatform } from './platform';
import { runSequences } from './sequences';

const SEED = Number(process.env.MFG_MODEL_SEED ?? 20261124);
const RUNS = Number(process.env.MFG_MODEL_RUNS ?? 200);
/** A longer run takes longer: 3 s for a sequence is far more than one takes. */
const TIME_LIMIT_MS = Math.max(300, RUNS * 3) * 1000;

it(
  'shows readers what the model says, after every step of every sequence',
  async () => {
    const coverage = new Coverage();
    const request = { platform: await loadPlatform(), coverage, seed: SEED, runs: RUNS, isShrinking: true };
    const { runs, counterexample } = await runSequences(request);
    process.stdout.write(
      `\n${runs} sequences, ${coverage.commands} commands, seed ${SEED}; ${Math.round(coverage.share * 100)} % of all pairs:\n` +
        `${coverage.table()}\n`,
    );
    expect(counterexample).toBeUndefined();
    expect(runs).toBe(RUNS);
  },
  TIME_LIMIT_MS,
);
