import { mkdirSync, utimesSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Delivery, RunManifest } from '../../contracts/run';
import type { RawIngestionInput } from '../../contracts/workflow-inputs';
import type { RunPlan } from '../../ingestion/plan-run';
import type { Candidate, CandidateRequest, Warehouse } from '../../warehouse/warehouse';
import { candidateRequest } from '../support/candidate-request';
import { deliver } from '../support/scratch';
import { smallSystem } from '../support/tables';
import { dateOf, fileText, placeOf, tableOf, type Content, type Place } from './deliveries';
import type { Interruption } from './interruption';
import type { OpenDuckDb } from './open-duckdb';
import type { Platform } from './platform';
import { quickLoad } from './quick-load';

/** An attempt at a batch that stands between placing its partitions and sealing them. */
export interface PausedLoad {
  loadId: string;
  places: Place[];
  loadSeqs: bigint[];
  /** Lets it go on; resolves when it has ended, with what it threw. */
  wake: () => Promise<unknown>;
}

/** The real thing of one sequence: a state folder, a source folder, the warehouse, and the steps of a run on them. */
export class ModelBench {
  readonly warehouse: Warehouse;
  readonly interruption: Interruption;
  readonly manifests = new Map<string, RunManifest>();
  readonly candidates = new Map<number, Candidate>();
  readonly paused: PausedLoad[] = [];
  private readonly sourceDir: string;
  private readonly system = smallSystem();
  private readonly contents = new Map<string, Map<Place, Content>>();
  private files = 0;

  constructor(
    private readonly platform: Platform,
    readonly db: OpenDuckDb,
    readonly stateDir: string,
    /** Whether loads read the delivered files as the product does, or are made quickly. */
    private readonly isStaging: boolean,
  ) {
    this.sourceDir = path.join(stateDir, 'source');
    mkdirSync(path.join(this.sourceDir, 'mes'), { recursive: true });
    this.warehouse = platform.createDuckDbWarehouse(stateDir, 'test');
    this.interruption = platform.interruption;
  }

  /** Writes a delivery's file, with a time of its own: equal size and time would pass for an untouched file. */
  deliver(place: Place, content: Content): void {
    const name = `mes/${dateOf(place)}/${tableOf(place)}.csv`;
    const file = deliver(this.sourceDir, name, fileText(tableOf(place), content));
    this.files += 1;
    utimesSync(file, 1_780_000_000 + this.files, 1_780_000_000 + this.files);
  }

  /** Discovery of one run. */
  async plan(loadId: string, input: RawIngestionInput): Promise<RunPlan> {
    const [workflowId = '', runId = ''] = loadId.split('::');
    return this.platform.planRun({
      run: { loadId, workflowId, runId },
      input,
      scheduledAt: undefined,
      systems: [this.system],
      sourceDir: this.sourceDir,
      known: await this.warehouse.knownDeliveries(),
      codeVersion: 'test',
    });
  }

  async saveManifest(manifest: RunManifest, contents: Map<Place, Content>): Promise<void> {
    this.contents.set(manifest.loadId, contents);
    this.manifests.set(
      manifest.loadId,
      await this.warehouse.saveManifest(this.isStaging ? manifest : inOneBatch(manifest)),
    );
  }

  /** A run's manifest as a later attempt reads it: from the store. */
  async manifestOf(loadId: string): Promise<RunManifest> {
    const manifest = await this.warehouse.readManifest(loadId);
    expect(manifest).toEqual(this.manifests.get(loadId));
    if (manifest === undefined) throw new Error(`${loadId} has no manifest`);
    return manifest;
  }

  /** An attempt at every batch of a run; returns what went wrong, batch by batch. */
  async load(manifest: RunManifest, attempt: number, isGoingOn: boolean): Promise<Error[]> {
    const errors: Error[] = [];
    for (const batch of manifest.batches.keys()) {
      const error = await this.loadBatch(this.warehouse, manifest, batch, attempt, isGoingOn);
      if (error !== undefined) errors.push(error);
    }
    return errors;
  }

  /** Starts an attempt at a batch and stops it before it seals. Undefined when it ended before that. */
  async pauseLoad(manifest: RunManifest, batch: number, attempt: number): Promise<PausedLoad | undefined> {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let reached: () => void = () => undefined;
    const isReached = new Promise<'paused'>((resolve) => (reached = () => resolve('paused')));
    const loadSeqs: bigint[] = [];
    const stopping: Warehouse = {
      ...this.warehouse,
      sealPartitions: async (placed) => {
        loadSeqs.push(...placed.map((partition) => partition.loadSeq));
        reached();
        await released;
        return this.warehouse.sealPartitions(placed);
      },
    };
    const ended = this.loadBatch(stopping, manifest, batch, attempt);
    if ((await Promise.race([isReached, ended])) !== 'paused' || loadSeqs.length === 0) {
      release();
      await ended;
      return undefined;
    }
    const wake = async () => {
      release();
      return ended;
    };
    const paused = { loadId: manifest.loadId, places: placesOf(manifest.batches[batch] ?? []), loadSeqs, wake };
    this.paused.push(paused);
    return paused;
  }

  private async loadBatch(
    warehouse: Warehouse,
    manifest: RunManifest,
    batch: number,
    attempt: number,
    isGoingOn = false,
  ): Promise<Error | undefined> {
    try {
      const { tables } = this.system;
      const stagingDir = path.join(this.stateDir, 'staging');
      const request = {
        manifest,
        batch,
        attempt,
        tables,
        sourceDir: this.sourceDir,
        stagingDir,
        threads: 1,
        isGoingOn,
      };
      if (this.isStaging) {
        const { failed = [] } = await this.platform.loadBatch(warehouse, request);
        return failed.length > 0 ? new Error(failed[0]?.error) : undefined;
      }
      await quickLoad(warehouse, this.db, { ...request, contentOf: (d) => this.contentOf(manifest.loadId, d) });
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  private contentOf(loadId: string, { table, logicalDate }: Delivery): Content {
    const content = this.contents.get(loadId)?.get(placeOf(table, logicalDate));
    if (content === undefined) throw new Error(`${loadId} has no ${table} of ${logicalDate}`);
    return content;
  }

  async open(loadId: string, options: Partial<CandidateRequest>): Promise<Candidate> {
    const [workflowId = '', runId = ''] = loadId.split('::');
    const request = candidateRequest({ loadId, workflowId, runId }, this.system.tables, options);
    const candidate = await this.warehouse.createCandidate(request);
    this.candidates.set(candidate.publication, candidate);
    return candidate;
  }

  get publishedFile(): string {
    return path.join(this.stateDir, 'published', 'mfg.duckdb');
  }

  fileOf(dataSet: number): string {
    return path.join(this.stateDir, 'builds', String(dataSet), 'mfg.duckdb');
  }

  remove(): void {
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}

export function placesOf(deliveries: Delivery[]): Place[] {
  return deliveries.map((delivery) => placeOf(delivery.table, delivery.logicalDate));
}

function inOneBatch(manifest: RunManifest): RunManifest {
  const deliveries = manifest.batches.flat();
  return { ...manifest, batches: deliveries.length === 0 ? [] : [deliveries] };
}
