import { z } from 'zod';
import { actInputSchema, incidentSchema, incidentSummarySchema, silenceInputSchema } from './incidents';
import { publicationsInputSchema, publicationsResultSchema } from './publications';
import { dataQualityResultSchema } from './quality';
import { dbtTransformResultSchema, rawIngestionResultSchema, retentionResultSchema, runProgressSchema } from './run';
import {
  dataQualityMonitoringInputSchema,
  dbtTransformInputSchema,
  rawIngestionInputSchema,
  retentionInputSchema,
} from './workflow-inputs';

/**
 * What can be asked of each workflow, by its type: what a start takes and gives, its queries, its updates. The client
 * package has its types from here, and contracts/json is generated from it for other languages.
 */
interface WorkflowContract {
  /** One sentence. */
  does: string;
  /** Of its one argument; undefined for a workflow that nobody but the platform starts. */
  input: z.ZodType | undefined;
  result: z.ZodType;
  queries: Record<string, { does: string; result: z.ZodType }>;
  /** Undefined as input: the update takes no argument. */
  updates: Record<string, { does: string; input: z.ZodType | undefined; result: z.ZodType }>;
}

/** The workflows that anybody may start. */
export const WORKFLOW_CONTRACTS = {
  mfgRawIngestion: {
    does: 'Loads deliveries, builds and tests with dbt, publishes, checks quality. With a range or a list of dates: a backfill.',
    input: rawIngestionInputSchema,
    result: rawIngestionResultSchema,
    queries: {
      progress: {
        does: 'Where the run is: stage, batches, days and rows so far, what it waits for, which dates failed.',
        result: runProgressSchema,
      },
    },
    updates: {
      pause: {
        does: 'Holds the run between two batches or days: what is under way ends, nothing new begins.',
        input: undefined,
        result: runProgressSchema,
      },
      resume: { does: 'Lets a run that was paused go on.', input: undefined, result: runProgressSchema },
    },
  },
  mfgDbtTransform: {
    does: 'Builds and tests with dbt on what is loaded, and publishes.',
    input: dbtTransformInputSchema,
    result: dbtTransformResultSchema,
    queries: {},
    updates: {},
  },
  mfgDataQualityMonitoring: {
    does: 'Checks the quality of a publication. Failed checks are a result, not a failure of the run.',
    input: dataQualityMonitoringInputSchema,
    result: dataQualityResultSchema,
    queries: {},
    updates: {},
  },
  mfgRetention: {
    does: 'Removes what nothing needs any more.',
    input: retentionInputSchema,
    result: retentionResultSchema,
    queries: {},
    updates: {},
  },
  mfgPublications: {
    does: 'Reads the publication log: what readers see, what was published, held back, rolled back.',
    input: publicationsInputSchema,
    result: publicationsResultSchema,
    queries: {},
    updates: {},
  },
} satisfies Record<string, WorkflowContract>;

/** The workflows that runs start, and that people and other services act on. */
export const INTERNAL_WORKFLOW_CONTRACTS = {
  mfgIncident: {
    does: 'One incident, from the first failing check to its resolution. Runs start it; its id is mfg-incident-<check>-<table>.',
    input: undefined,
    result: incidentSchema,
    queries: { incident: { does: 'All that is known of the incident.', result: incidentSchema } },
    updates: {
      acknowledge: { does: 'Somebody takes it on.', input: actInputSchema, result: incidentSummarySchema },
      silence: {
        does: 'Nothing is said of it until a time.',
        input: silenceInputSchema,
        result: incidentSummarySchema,
      },
      resolve: {
        does: 'Somebody says that it is over, and why.',
        input: z.object({ ...actInputSchema.shape, reason: actInputSchema.shape.reason.unwrap().min(1) }),
        result: incidentSummarySchema,
      },
    },
  },
} satisfies Record<string, WorkflowContract>;

type Contracts = typeof WORKFLOW_CONTRACTS;

/** Workflow types that a client may start. */
export type WorkflowType = keyof Contracts;
/** What a workflow of a type takes; everything may be left out. */
export type InputOf<T extends WorkflowType> = z.input<Contracts[T]['input']>;
/** What a workflow of a type returns. */
export type ResultOf<T extends WorkflowType> = z.output<Contracts[T]['result']>;
