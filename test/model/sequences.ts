import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { ModelBench } from './bench';
import { commands } from './commands';
import type { Coverage } from './coverage';
import { DATES, placeOf, type Content } from './deliveries';
import { OpenDuckDb } from './open-duckdb';
import { Plant } from './plant';
import type { Platform } from './platform';
import { expectKeptPublications } from './readers';
import { deliver } from './steps';

/** What to run. */
export interface SequencesRequest {
  platform: Platform;
  coverage: Coverage;
  seed: number;
  runs: number;
  /** The first sequence of the seed to run. Default 1. */
  from?: number | undefined;
  /** Looks for a smaller sequence once one has failed. */
  isShrinking: boolean;
  /** Of twenty sequences, how many read the delivered files as the product does. Default 1. */
  stagedOf20?: number;
}

/** What came of them. */
export interface SequencesResult {
  /** Sequences that were run before one failed, and that one. */
  runs: number;
  /** The smallest failing sequence, a command a line, and what went wrong; undefined when none failed. */
  counterexample: { commands: string[]; error: string; seed: number; path: string } | undefined;
}

/** What lies in the folder as a sequence begins. */
const FIRST: Content = { value: 1, rows: 1, rejects: 0, isReadable: true };

/** In memory where the machine has a file system there: what survives a power cut is not the question here. */
const ROOT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Commands per sequence, at most. */
const LENGTH = 16;

/** Runs random sequences of commands on the real warehouse and the model, each on a state folder of its own. */
export async function runSequences(request: SequencesRequest): Promise<SequencesResult> {
  const { platform, coverage, seed, runs, from = 1, isShrinking, stagedOf20 = 1 } = request;
  const sequences = fc.commands(commands(coverage), { maxCommands: LENGTH, size: 'max' });
  const db = await OpenDuckDb.open();
  const property = fc.asyncProperty(sequences, fc.nat({ max: 19 }), async (steps, staging) => {
    const stateDir = mkdtempSync(path.join(ROOT, 'mfg model '));
    const bench = new ModelBench(platform, db, stateDir, staging < stagedOf20);
    const plant = new Plant();
    platform.opening.openDuckDb = staging < stagedOf20 ? undefined : db;
    try {
      deliver(plant, bench, placeOf('materials', DATES[1]), FIRST);
      deliver(plant, bench, placeOf('readings', DATES[1]), FIRST);
      await fc.asyncModelRun(() => ({ model: plant, real: bench }), steps);
      await expectKeptPublications(plant, bench);
      const disagreements = await bench.warehouse.reconcile({ checksums: false });
      // What a kill leaves is told of, and is no disagreement.
      expect(disagreements.filter(({ severity }) => severity !== 'INFO')).toEqual([]);
    } finally {
      bench.interruption.disarm();
      bench.remove();
    }
  });
  const details = await fc.check(property, {
    ...{ seed, numRuns: runs, endOnFailure: !isShrinking },
    ...(from > 1 && { path: String(from - 1) }),
  });
  db.close();
  const counted = from - 1 + details.numRuns;
  if (!details.failed) return { runs: counted, counterexample: undefined };
  const [steps] = details.counterexample ?? [];
  return {
    runs: counted,
    counterexample: {
      commands: [...(steps ?? [])].map(String),
      error: String((details.errorInstance as Error | null)?.message ?? details.errorInstance),
      seed: details.seed,
      path: details.counterexamplePath ?? '',
    },
  };
}
