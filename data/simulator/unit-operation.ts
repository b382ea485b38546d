import type { ShiftWindow } from './calendar';
import { type Moment, SECONDS_PER_HOUR } from './days';
import type { Order, StateName } from './model';
import { OrderRun } from './order-run';
import type { WorkUnit } from './plant';
import { type Random, randomStream } from './random';
import type { Records } from './records';
import { BREAK_S, ShiftAccount } from './shift-account';
import { setupTimeS } from './setup-time';
import { type ShortStop, drawStop, shortStop } from './short-stops';
import type { FloorUnit, SiteFloor } from './site-floor';
import { StateTimeline } from './timeline';
import { Wear } from './wear';
import type { Material } from './materials';

/** An order may start this much before its planned start. */
const EARLY_S = 1800;

/** A stretch of constant state, as sensors see it. */
export interface Stretch {
  from: Moment;
  to: Moment;
  isProducing: boolean;
  wearFrom: number;
  wearTo: number;
}

/**
 * Runs a work unit from one moment to the next at which something changes: a shift or break begins or ends, an order is
 * done, the unit fails or stops, an hour is full. What the unit waits for wakes it.
 */
export class UnitOperation implements FloorUnit {
  readonly workUnit: WorkUnit;
  readonly timeline: StateTimeline;
  readonly wear: Wear;
  readonly queue: Order[] = [];
  /** Since they were last taken, without idle time. */
  stretches: Stretch[] = [];
  run: OrderRun | undefined;
  readonly #floor: SiteFloor;
  readonly #records: Records;
  readonly #random: Random;
  /** The shift under way, or else the next one. */
  #shift: ShiftWindow;
  #account: ShiftAccount;
  #material: Material | undefined;
  #repairedAt: Moment | undefined;
  #servicedAt: Moment | undefined;
  #stop: ShortStop | undefined;
  #producingToStopS: number;
  #accruedTo: Moment;
  #awaited = 0;

  constructor(workUnit: WorkUnit, floor: SiteFloor, records: Records, seed: number, beginsAt: Moment) {
    this.workUnit = workUnit;
    this.timeline = new StateTimeline(workUnit, beginsAt);
    this.#random = randomStream(seed, 'unit', workUnit.equipmentId);
    this.wear = new Wear(workUnit, randomStream(seed, 'wear', workUnit.equipmentId));
    this.#floor = floor;
    this.#records = records;
    this.#shift = workUnit.calendar.at(beginsAt);
    this.#account = new ShiftAccount(workUnit, this.#shift);
    this.#producingToStopS = drawStop(this.#random, workUnit.kind);
    this.#accruedTo = beginsAt;
    this.#await(beginsAt);
  }

  enqueue(order: Order): void {
    if (!this.queue.includes(order)) this.queue.push(order);
    this.queue.sort((a, b) => a.plan.startAt - b.plan.startAt || a.number - b.number);
    this.wakeIfWaiting();
  }

  forget(order: Order): void {
    const index = this.queue.indexOf(order);
    if (index >= 0) this.queue.splice(index, 1);
    this.wakeIfWaiting();
  }

  wakeIfWaiting(): void {
    if (this.run === undefined || this.run.isDone) this.#await(this.#floor.clock.now);
  }

  /** Books the time up to `at`, in which nothing changed. */
  accrueTo(at: Moment): void {
    const [from, seconds] = [this.#accruedTo, at - this.#accruedTo];
    if (seconds === 0) return;
    const { current } = this.timeline;
    const wearFrom = this.wear.level;
    if (this.#shift.startsAt <= from) this.#account.spend(current, seconds);
    if (current.state === 'setup') (this.run as OrderRun).setupLeftS -= seconds;
    if (current.state === 'producing') {
      (this.run as OrderRun).runLeftS -= seconds;
      this.#producingToStopS -= seconds;
      this.wear.run(seconds);
    }
    if (current.state !== 'idle') {
      const isProducing = current.state === 'producing';
      this.stretches.push({ from, to: at, isProducing, wearFrom, wearTo: this.wear.level });
    }
    this.#accruedTo = at;
  }

  #advance(at: Moment): void {
    this.accrueTo(at);
    this.#endStops(at);
    if (this.timeline.current.state === 'producing') this.#beginStops(at);
    const isInShift = this.#shift.startsAt <= at;
    const isShiftEnd = this.#shift.endsAt <= at;
    if (this.run?.hasProgress && (at % SECONDS_PER_HOUR === 0 || isShiftEnd)) this.#report(this.run, at);
    if (isInShift) this.#completeIfDone(at);
    if (isShiftEnd) this.#endShift(at);
    const [state, order, reason] = this.#decide(at);
    this.timeline.change(at, state, order, reason);
    this.#await(this.#nextChangeAfter(at));
  }

  #endStops(at: Moment): void {
    if (this.#repairedAt !== undefined && this.#repairedAt <= at) this.#repairedAt = undefined;
    if (this.#servicedAt !== undefined && this.#servicedAt <= at) this.#servicedAt = undefined;
    if (this.#stop !== undefined && this.#stop.endsAt <= at) this.#stop = undefined;
  }

  #beginStops(at: Moment): void {
    if (this.wear.hasFailed) {
      const { failureCode, waitS, repairS } = this.wear.fail();
      this.#repairedAt = at + waitS + repairS;
      this.#recordMaintenance('corrective', failureCode, at, at + waitS, this.#repairedAt);
    } else if (this.#producingToStopS <= 0) {
      this.#stop = shortStop(this.#random, this.workUnit.kind, at);
      this.#producingToStopS = drawStop(this.#random, this.workUnit.kind);
    }
  }

  #recordMaintenance(
    type: 'corrective' | 'preventive',
    failureCode: string,
    reportedAt: Moment,
    startedAt: Moment,
    completedAt: Moment,
  ): void {
    const number = this.#records.next('maintenance');
    const order = { number, workUnit: this.workUnit, type, failureCode, reportedAt, startedAt, completedAt };
    this.#records.newMaintenanceOrders.push(order);
  }

  #report(run: OrderRun, at: Moment): void {
    const standardTimeS = this.workUnit.standardTimes.get(run.order.batch.material.number) as number;
    this.#account.count(run.count(this.wear.level), standardTimeS);
    this.#records.counts.push(run.report(this.#records.next('count'), at));
  }

  #completeIfDone(at: Moment): void {
    const { run } = this;
    if (run === undefined || !run.isDone || this.#repairedAt !== undefined || !this.#floor.canLeave(run)) return;
    // The second at which a shift begins belongs to no shift yet: what ends then has been reported before.
    if (run.lastReportAt !== at && this.#shift.startsAt < at) this.#report(run, at);
    this.run = undefined;
    this.#floor.complete(run, at);
  }

  #endShift(at: Moment): void {
    this.#records.endedShifts.push(this.#account);
    this.#shift = this.workUnit.calendar.at(at);
    this.#account = new ShiftAccount(this.workUnit, this.#shift);
  }

  #decide(at: Moment): [StateName, Order | undefined, string] {
    if (this.#repairedAt !== undefined) return ['unplanned_down', this.run?.order, 'breakdown'];
    if (this.#servicedAt !== undefined) return ['planned_down', this.run?.order, 'maintenance'];
    if (this.#shift.startsAt > at) {
      this.#stop = undefined;
      return ['idle', this.run?.order, ''];
    }
    if (this.#stop !== undefined) return ['unplanned_down', this.run?.order, this.#stop.reason];
    const breakStartsAt = this.#breakStartsAt;
    if (at >= breakStartsAt && at < breakStartsAt + BREAK_S) return ['planned_down', this.run?.order, 'break'];
    if (this.run === undefined && this.wear.isServiceDue) {
      const seconds = this.wear.service();
      this.#servicedAt = at + seconds;
      this.#recordMaintenance('preventive', '', at, at, this.#servicedAt);
      return ['planned_down', undefined, 'maintenance'];
    }
    return this.#work(at);
  }

  #work(at: Moment): [StateName, Order | undefined, string] {
    const isPackaging = this.workUnit.kind === 'packaging';
    if (this.run === undefined) {
      const due = this.queue.filter(({ plan }) => plan.startAt - EARLY_S <= at);
      // When batches pile up, packaging takes what is there, due or not.
      const candidates = isPackaging ? (this.#floor.isBufferFull ? this.queue : due) : due.slice(0, 1);
      const next = candidates.find((order) => this.#floor.hasInput(order));
      if (next !== undefined) this.#start(next, at);
      else if (due.length === 0) return ['idle', undefined, ''];
      else return ['starved', undefined, isPackaging ? 'no_batch' : 'no_raw_material'];
    }
    const run = this.run as unknown as OrderRun;
    if (run.setupLeftS > 0) return ['setup', run.order, ''];
    return run.runLeftS > 0 ? ['producing', run.order, ''] : ['blocked', run.order, 'buffer_full'];
  }

  #start(order: Order, at: Moment): void {
    this.queue.splice(this.queue.indexOf(order), 1);
    const { material } = order.batch;
    const setupS = setupTimeS(this.#material, material, this.workUnit.kind, this.#random);
    this.#material = material;
    this.#floor.start(order, at);
    this.run = new OrderRun(order, setupS, this.#random);
  }

  get #breakStartsAt(): Moment {
    const { startsAt, endsAt } = this.#shift;
    return startsAt + Math.floor((endsAt - startsAt) / 2) - BREAK_S / 2 + this.workUnit.breakOffsetS;
  }

  #nextChangeAfter(at: Moment): Moment {
    const isInShift = this.#shift.startsAt <= at;
    let next = isInShift ? this.#shift.endsAt : this.#shift.startsAt;
    const consider = (moment: Moment | undefined) => {
      if (moment !== undefined && moment > at && moment < next) next = moment;
    };
    consider(this.#repairedAt);
    consider(this.#servicedAt);
    if (!isInShift) return next;
    consider(this.#stop?.endsAt);
    consider(this.#breakStartsAt);
    consider(this.#breakStartsAt + BREAK_S);
    const { run } = this;
    const { state } = this.timeline.current;
    if (run === undefined) {
      for (const { plan } of this.queue) consider(plan.startAt - EARLY_S);
    } else {
      consider(at - (at % SECONDS_PER_HOUR) + SECONDS_PER_HOUR);
      if (state === 'setup') consider(at + run.setupLeftS);
      if (state === 'producing') {
        consider(at + Math.min(run.runLeftS, this.wear.secondsToFailure, Math.max(1, this.#producingToStopS)));
      }
    }
    return next;
  }

  /** The next moment at which to advance; an earlier call's moment no longer counts. */
  #await(at: Moment): void {
    const awaited = ++this.#awaited;
    this.#floor.clock.schedule(at, (now) => {
      if (awaited === this.#awaited) this.#advance(now);
    });
  }
}
