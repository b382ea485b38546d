import { createHash } from 'node:crypto';
import {
  Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  type Connection,
  type ConnectionOptions,
} from '@temporalio/client';
import { ConfigurationError, InvalidInputError, TemporalUnreachableError } from '../contracts/errors';
import type { PublicationsResult, PublicationsInput } from '../contracts/publications';
import type { InputOf, WorkflowType } from '../contracts/workflow-contracts';
import {
  isBackfillInput,
  type DataQualityMonitoringInput,
  type DbtTransformInput,
  type RawIngestionInput,
} from '../contracts/workflow-inputs';
import { encryptingDataConverter } from './payload-encryption';
import { PlatformRun } from './platform-run';
import { runRequest, startRun, type RunRequest, type StartOptions } from './start-runs';
import { openConnection, serverReason } from './temporal-connection';
import { assertWorkerPolls } from './worker-polls';

/** What both ways of connecting have in common. */
interface PlatformSettings {
  /** Temporal namespace; default `default`. */
  namespace?: string;
  /** As `MFG_PAYLOAD_KEYS` of the platform's workers has them: `<id>:<base64 of 32 bytes>`, comma-separated. A secret. */
  payloadKeys?: string;
}

/** A connection that is made, and closed by `close()`. */
export interface ServerSettings extends PlatformSettings {
  /** host:port of the Temporal server. */
  address: string;
  /** true, or certificates: as Temporal's own `Connection.connect` takes them. */
  tls?: ConnectionOptions['tls'];
  /** Of Temporal Cloud. A secret. */
  apiKey?: string;
}

/** A connection that the caller has, and closes. */
export interface GivenConnection extends PlatformSettings {
  connection: Connection;
}

/** Of a start that may be repeated: letters, digits and . : @ + = _ -, so that it is safe in a shell and an address. */
const IDEMPOTENCY_KEY = /^[\w.:@+=-]{1,200}$/;
/** Memo by which a repeated start is told from another one under the same key. */
const INPUT_DIGEST = 'mfgInputDigest';
/** Somebody waits for an answer: without a worker it is given up. */
const ANSWER_WITHIN = '2m';

/**
 * Connects to the platform's Temporal server, or takes a connection that there is.
 *
 * @throws TemporalUnreachableError when nobody answers within six seconds, ConfigurationError when a setting is not valid.
 */
export async function connectPlatform(settings: ServerSettings | GivenConnection): Promise<MfgPlatform> {
  const { namespace = 'default', payloadKeys } = settings;
  const dataConverter = encryptingDataConverter(payloadKeys);
  if ('connection' in settings) {
    return new MfgPlatform(new Client({ connection: settings.connection, namespace, dataConverter }));
  }
  const { address, tls, apiKey } = settings;
  if (typeof address !== 'string' || address.trim() === '') {
    throw new ConfigurationError('address must be host:port of the Temporal server, such as 127.0.0.1:7233.');
  }
  const remedy = 'address, tls and apiKey';
  const connection = await openConnection(
    { address, ...(tls !== undefined && { tls }), ...(apiKey !== undefined && { apiKey }) },
    remedy,
  );
  return new MfgPlatform(new Client({ connection, namespace, dataConverter }), address, () => connection.close());
}

/**
 * The platform, for other services: starts, follows and cancels runs, and reads the publication log. Inputs are checked before any
 * call. It needs the Temporal server only, never the warehouse.
 */
export class MfgPlatform {
  /** @param client of Temporal, with the data converter of the platform's workers. It is the caller's to close. */
  constructor(
    private readonly client: Client,
    private readonly address = 'the given connection',
    private readonly closeConnection: () => Promise<void> = () => Promise.resolve(),
  ) {}

  /** Closes the connection, if `connectPlatform` has made it. Runs go on. */
  async close(): Promise<void> {
    await this.closeConnection();
  }

  /** @throws TemporalUnreachableError in one sentence when the namespace does not exist or no worker would take a run up. */
  async assertReady(): Promise<void> {
    const { client, address } = this;
    await assertWorkerPolls({ client, address, namespace: client.options.namespace });
  }

  /**
   * Starts a run, without waiting for it.
   *
   * @throws InvalidInputError naming the field, before any call; or when a run goes on under the given workflow id.
   */
  async start<T extends WorkflowType>(
    workflowType: T,
    input: InputOf<T> = {} as InputOf<T>,
    options: StartOptions = {},
  ): Promise<PlatformRun<T>> {
    const request = runRequest(workflowType, input, options);
    try {
      return await this.begin(request);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      throw new InvalidInputError(
        `a run goes on under the workflow id ${request.workflowId}: choose another id, or attach to it.`,
        { cause: error },
      );
    }
  }

  /**
   * Starts a run once, however often this is called with the same key: a run that goes on or has ended well is attached to. One that
   * failed or was cancelled is started again, as a new run with its own LOAD_ID.
   *
   * @param key becomes the workflow id; what arrived and when is a good one, such as `mes-2026-03-11`. The server forgets it
   * when its retention is over (30 days, by default).
   * @throws InvalidInputError naming the field, before any call; or when the key was used for another workflow or input.
   */
  async startOrAttach<T extends WorkflowType>(
    workflowType: T,
    input: InputOf<T>,
    key: string,
  ): Promise<PlatformRun<T>> {
    if (!IDEMPOTENCY_KEY.test(key)) {
      throw new InvalidInputError(
        `key must be 1 to 200 letters, digits or any of . : @ + = _ - (${JSON.stringify(key)}).`,
      );
    }
    const request = runRequest(workflowType, input, { workflowId: key });
    const digest = digestOf(request.input);
    try {
      return await this.begin(request, {
        memo: { [INPUT_DIGEST]: digest },
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return this.attach(workflowType, key, digest);
    }
  }

  /**
   * The newest run under a workflow id, whether it goes on or has ended.
   *
   * @throws InvalidInputError when there is none, or it is of another type.
   */
  async attach<T extends WorkflowType>(
    workflowType: T,
    workflowId: string,
    inputDigest?: string,
  ): Promise<PlatformRun<T>> {
    const { type, memo, raw, runId } = await this.describe(workflowId);
    if (type !== workflowType) {
      throw new InvalidInputError(`${workflowId} is a run of ${type}, not of ${workflowType}.`);
    }
    const digest = memo?.[INPUT_DIGEST];
    if (inputDigest !== undefined && digest !== undefined && digest !== inputDigest) {
      throw new InvalidInputError(`the key ${workflowId} was used with another input: a key belongs to one input.`);
    }
    const firstRunId = raw.workflowExecutionInfo?.firstRunId || runId;
    return new PlatformRun(this.client, { workflowType, workflowId, runId: firstRunId, isNew: false });
  }

  /** Starts an ingestion: the newest delivery, or that of `logicalDate`, and every pending earlier one. */
  async ingest(input: RawIngestionInput = {}, options?: StartOptions): Promise<PlatformRun<'mfgRawIngestion'>> {
    return this.start('mfgRawIngestion', input, options);
  }

  /**
   * Starts a backfill: what is pending of a range or a list of logical dates, with `reload` all of it.
   *
   * @throws InvalidInputError before any call, when there are no dates.
   */
  async backfill(
    input: RawIngestionInput & ({ from: string; to: string } | { dates: string[] }),
    options?: StartOptions,
  ): Promise<PlatformRun<'mfgRawIngestion'>> {
    if (!isBackfillInput(input)) throw new InvalidInputError('a backfill needs from and to, or dates.');
    return this.start('mfgRawIngestion', input, options);
  }

  /** Starts a build and tests with dbt on what is loaded. */
  async transform(input: DbtTransformInput = {}, options?: StartOptions): Promise<PlatformRun<'mfgDbtTransform'>> {
    return this.start('mfgDbtTransform', input, options);
  }

  /** Starts the quality checks of a publication, by default of the one that readers see. */
  async checkQuality(
    input: DataQualityMonitoringInput = {},
    options?: StartOptions,
  ): Promise<PlatformRun<'mfgDataQualityMonitoring'>> {
    return this.start('mfgDataQualityMonitoring', input, options);
  }

  /**
   * The publication that readers see, and the newest entries of the log, rollbacks and approvals too. A worker reads them, as a short run
   * of `mfgPublications`.
   *
   * @throws InvalidInputError before any call; RunFailedError, retryable, when no worker answers within two minutes.
   */
  async publications(input: PublicationsInput = {}): Promise<PublicationsResult> {
    const request = runRequest('mfgPublications', input);
    return (await this.begin(request, { workflowExecutionTimeout: ANSWER_WITHIN })).result();
  }

  private async begin<T extends WorkflowType>(
    request: RunRequest<T>,
    options?: Parameters<typeof startRun>[2],
  ): Promise<PlatformRun<T>> {
    const { workflowType } = request;
    const { workflowId, firstExecutionRunId: runId } = await this.asked(() => startRun(this.client, request, options));
    return new PlatformRun(this.client, { workflowType, workflowId, runId, isNew: true });
  }

  private async describe(workflowId: string) {
    try {
      return await this.asked(() => this.client.workflow.getHandle(workflowId).describe());
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      throw new InvalidInputError(`there is no run ${workflowId}, or the server does not keep it any more.`, {
        cause: error,
      });
    }
  }

  /** Errors of the connection in one sentence; what the caller has to know stays as it is. */
  private async asked<V>(call: () => Promise<V>): Promise<V> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError || error instanceof WorkflowNotFoundError) throw error;
      const { cause } = error as Error;
      throw new TemporalUnreachableError(
        `The Temporal server at ${this.address} did not take the call (${serverReason(cause ?? error)}).`,
        { cause: error },
      );
    }
  }
}

/** The same for inputs that say the same, in whatever order. */
function digestOf(input: object): string {
  const text = JSON.stringify(input, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(text).digest('hex');
}
