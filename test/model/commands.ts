import type * as fc from 'fast-check';
import type { ModelBench } from './bench';
import type { Coverage } from './coverage';
import * as people from './people-commands';
import type { Plant } from './plant';
import { expectReadersSeeTheModel } from './readers';
import * as runs from './run-commands';
import type { Step } from './step';
import * as steps from './step-commands';

/** Does a step, then looks at everything a reader can see. */
class Command implements fc.AsyncCommand<Plant, ModelBench> {
  constructor(
    private readonly step: Step,
    private readonly coverage: Coverage,
  ) {}

  check(plant: Plant): boolean {
    return this.step.isPossible(plant);
  }

  async run(plant: Plant, bench: ModelBench): Promise<void> {
    this.coverage.count(bench, this.step.kind);
    await this.step.act(plant, bench);
    await expectReadersSeeTheModel(plant, bench);
  }

  toString(): string {
    return this.step.text;
  }
}

/** The frequent ones several times. */
const STEPS: fc.Arbitrary<Step>[] = [
  ...[runs.delivery, runs.delivery, runs.delivery, runs.correction, runs.correction],
  ...[runs.ingestion, runs.ingestion, runs.ingestion, runs.ingestion, runs.replacement, runs.backfill, runs.backfill],
  ...[runs.reset, runs.reset, runs.transform, runs.overtaking, runs.overtaking, runs.zombie, runs.zombie],
  ...[steps.start, steps.start, steps.load, steps.load, steps.opening, steps.opening, steps.closing, steps.closing],
  ...[steps.publishing, steps.publishing, steps.pausing, steps.waking, steps.waking],
  ...[steps.killedLoad, steps.killedBuild, steps.killedPublishing],
  ...[
    people.goingBack,
    people.goingBack,
    people.goingBack,
    people.approval,
    people.approval,
    people.pinning,
    people.pinning,
  ],
  ...[people.retention, people.retention],
];

/** All commands. */
export function commands(coverage: Coverage): fc.Arbitrary<fc.AsyncCommand<Plant, ModelBench>>[] {
  return STEPS.map((steps) => steps.map((step) => new Command(step, coverage)));
}
