import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { CheckOutcome } from '../../contracts/quality';
import { randomStream } from '../../data/simulator/random';
import { type Alarm, type Verdict, judgeAlarms, judgeRefusal, newAlarms } from './alarms';
import { Ancestry } from './ancestry';
import { type CompiledModel, readCompiledModels } from './compiled-models';
import { staleForDbt } from './dbt-freshness';
import { failingDbtTests } from './dbt-tests';
import { Deliveries } from './delivery';
import { copyDays, exportOf } from './exports';
import { NO_FAULT } from './faults-files';
import { type InjectedFault, nameOf } from './injected-fault';
import { remembered } from './memory';
import { Platform, type RunOutcome } from './platform';

const DAY_MS = 86_400_000;
const DAYS_LATER = { 'a day later': 1, 'four days later': 4 } as const;
const FIRST_DAY = '2026-01-05';

/** What one fault came to in the export of one seed. */
export interface FaultRun extends Verdict {
  kind: string;
  target: string;
  isClean: boolean;
  seed: number;
  /** dbt tests and sources' freshness that do not pass now and did the day before; undefined when dbt was not asked. */
  dbt: string[] | undefined;
}

/** How a seed's faults are run. */
export interface FaultRunsRequest {
  seed: number;
  /** Days of history, published before the faulty one. */
  days: number;
  faults: readonly InjectedFault[];
  /** Other options of the simulated plant than the bench's own. */
  plant?: readonly string[];
  /** The seed's own work folder. */
  folder: string;
  /** The dbt project that builds the data sets. */
  dbtDir: string;
  withDbtTests: boolean;
  /** The folders of what is done are removed at once. */
  isTidy: boolean;
  onRun: (run: FaultRun, seconds: number) => void;
}

/** What a day's run left, and what was heard of it. */
interface Heard {
  outcome: RunOutcome;
  outcomes: CheckOutcome[];
  dbt: string[] | undefined;
}

/**
 * Publishes a history without defects, then for each fault a copy of that platform meets the next day with this one fault in it.
 * The day without a fault is run first, for comparison.
 */
export async function runFaults(request: FaultRunsRequest): Promise<FaultRun[]> {
  const bench = await FaultBench.open(request);
  const runs: FaultRun[] = [];
  for (const fault of request.faults) {
    const started = Date.now();
    const run = await bench.run(fault);
    runs.push(run);
    request.onRun(run, (Date.now() - started) / 1000);
  }
  return runs;
}

/** The faulty day, and the ones beside it. */
interface Dates {
  before: string;
  next: string;
  after: string;
}

class FaultBench {
  readonly #request: FaultRunsRequest;
  readonly #history: string;
  readonly #export: string;
  readonly #dates: Dates;
  readonly #platform: Platform;
  readonly #ancestry: Ancestry;
  #before: CheckOutcome[] = [];
  #dbtBefore: string[] = [];
  #control: Alarm[] = [];
  #publication = 0;
  #compiled: CompiledModel[] = [];

  private constructor(
    request: FaultRunsRequest,
    folders: { export: string; history: string },
    dates: Dates,
    platform: Platform,
    ancestry: Ancestry,
  ) {
    this.#request = request;
    this.#export = folders.export;
    this.#history = folders.history;
    this.#dates = dates;
    this.#platform = platform;
    this.#ancestry = ancestry;
  }

  static async open(request: FaultRunsRequest): Promise<FaultBench> {
    const { seed, days, folder, dbtDir, withDbtTests, plant = [] } = request;
    // The faulty day is a Tuesday to Friday, by the seed: a weekday, with a weekday after it.
    const historyDays = days + 1 + (seed % 4);
    const exported = path.join(folder, 'export');
    const options = [...plant, '--no-defects', '--seed', String(seed), '--first-day', FIRST_DAY];
    const sourceDir = await exportOf(exported, ...options, '--days', String(historyDays + 2));
    const dates = await new Deliveries(sourceDir).dates();
    const [before = '', next = '', after = ''] = dates.slice(-3);
    const [earlier, history] = [path.join(folder, 'earlier'), path.join(folder, 'history')];
    await copyDays(sourceDir, earlier, dates.slice(0, historyDays - 1));
    await copyDays(sourceDir, history, dates.slice(0, historyDays));
    const platform = await Platform.open(path.join(folder, 'state'), dbtDir);
    const first = await remembered(path.join(folder, 'earlier.json'), () => platform.ingest(earlier));
    if ('refused' in first) throw new Error(`the history of seed ${seed} cannot be published: ${first.refused}`);
    const manifest = platform.manifestOf(first.publication);
    const compiled = await readCompiledModels(manifest);
    // The run before is one of a single day, as the faulty day's own is.
    const base = await remembered(path.join(folder, 'base.json'), () => platform.ingest(history, compiled));
    if ('refused' in base) throw new Error(`the history of seed ${seed} cannot be published: ${base.refused}`);
    const ancestry = await Ancestry.read(manifest);
    const bench = new FaultBench(request, { export: sourceDir, history }, { before, next, after }, platform, ancestry);
    bench.#publication = base.publication;
    bench.#compiled = compiled;
    bench.#before = await remembered(path.join(folder, 'outcomes.json'), () =>
      platform.check(base.publication, platform.endOf(before)),
    );
    if (withDbtTests) {
      bench.#dbtBefore = await remembered(path.join(folder, 'dbt.json'), () =>
        bench.#askDbt(platform, base.publication),
      );
    }
    const control = await bench.#hear(NO_FAULT);
    bench.#control = newAlarms(bench.#before, control.outcomes);
    return bench;
  }

  async run(fault: InjectedFault): Promise<FaultRun> {
    const { outcome, outcomes, dbt } = await this.#hear(fault);
    const { kind, target } = fault;
    const alarms = newAlarms(this.#before, outcomes);
    const verdict =
      'refused' in outcome
        ? judgeRefusal(fault, outcome.refused)
        : // Of a day without a fault all that is heard is false: it is what the others are compared with.
          judgeAlarms(fault, alarms, fault.expected === undefined ? [] : this.#control, this.#ancestry);
    const heard = dbt?.filter((test) => !this.#dbtBefore.includes(test));
    return { kind, target, isClean: fault.expected === undefined, seed: this.#request.seed, ...verdict, dbt: heard };
  }

  async #hear(fault: InjectedFault): Promise<Heard> {
    const { folder, isTidy, withDbtTests } = this.#request;
    const own = path.join(folder, 'faults', nameOf(fault));
    const state = path.join(own, 'state');
    const asOf = this.#asOf(fault);
    const heard = async (): Promise<Heard> => {
      const outcome = await remembered(path.join(own, 'run.json'), () => this.#runDay(fault, own, state));
      if ('refused' in outcome) return { outcome, outcomes: [], dbt: withDbtTests ? [] : undefined };
      const isOfBase = outcome.publication === this.#publication;
      const platform = isOfBase ? this.#platform : await Platform.open(state, this.#request.dbtDir);
      const outcomes = await platform.check(outcome.publication, asOf);
      const dbt = withDbtTests
        ? await remembered(path.join(own, 'dbt.json'), async () => [
            ...(isOfBase ? this.#dbtBefore : await this.#askDbt(platform, outcome.publication)),
            ...(await staleForDbt(platform, outcome.publication, asOf)),
          ])
        : undefined;
      return { outcome, outcomes, dbt };
    };
    const result = await remembered(path.join(own, 'outcomes.json'), heard);
    if (isTidy) await rm(state, { recursive: true, force: true });
    return result;
  }

  /** A copy of the published history's platform meets the day; when nothing is delivered, readers keep what they have. */
  async #runDay(fault: InjectedFault, own: string, state: string): Promise<RunOutcome> {
    const source = path.join(own, 'source');
    const { before, next: date, after } = this.#dates;
    await copyDays(this.#export, source, [date, ...(fault.with === undefined ? [] : [after])]);
    const next = new Deliveries(source);
    const random = randomStream(this.#request.seed, 'fault', nameOf(fault));
    const history = new Deliveries(this.#history);
    await fault.inject({ next, date, dateBefore: before, dateAfter: after, history, random });
    if ((await next.dates()).length === 0) return { publication: this.#publication };
    const platform = await this.#platform.copyTo(state, this.#publication);
    return platform.ingest(source, this.#compiled);
  }

  #asOf({ asOf, with: together }: InjectedFault): Date {
    const { next, after } = this.#dates;
    const days = asOf === undefined ? 0 : DAYS_LATER[asOf];
    return new Date(this.#platform.endOf(together === undefined ? next : after).getTime() + days * DAY_MS);
  }

  async #askDbt(platform: Platform, publication: number): Promise<string[]> {
    const { folder } = this.#request;
    const database = platform.layout.database(publication);
    return [...(await failingDbtTests(database, path.join(folder, 'dbt'), path.join(folder, '..', 'parsed-tests')))];
  }
}
