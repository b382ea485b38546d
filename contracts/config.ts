import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { z } from 'zod';
import { ConfigurationError } from './errors';
import { strategySchema, type Strategy } from './strategy';

/** The folder that holds package.json: found upwards from this file, so that `dist/` and the sources agree. */
export const PROJECT_ROOT = findProjectRoot(__dirname);

const absolutePath = (fallback: string) =>
  z
    .string()
    .trim()
    .min(1)
    .default(fallback)
    .transform((value) => path.resolve(PROJECT_ROOT, value));

export const wholeNumber = (fallback: number, min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .default(String(fallback))
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** An address that may be a secret: no message repeats it. A token has a variable of its own, so that it is in no address. */
const receiverUrl = z
  .string()
  .trim()
  .refine(isReceiverUrl, 'must be an http or https address without user and password')
  .optional();

/**
 * Every variable the platform reads, with its default. `.env.example` lists the same names (a test compares them).
 * `TEMPORAL_*` variables other than `TEMPORAL_ADDRESS` (namespace, TLS, API key, profile) are read by Temporal's own
 * environment configuration (`@temporalio/envconfig`), not here.
 */
export const configSchema = z.object({
  /** Address of a Temporal server; empty means the embedded dev server. */
  TEMPORAL_ADDRESS: z.string().trim().optional(),
  /** Folder for everything the platform keeps: store, partitions, builds, the dev server's database, logs. */
  MFG_STATE_DIR: absolutePath('.mfg'),
  /** Folder for landed files (`landing: copy`); workers on several hosts share it, as they share the sources. Default: in the state folder. */
  MFG_LANDING_DIR: z
    .string()
    .trim()
    .transform((value) => path.resolve(PROJECT_ROOT, value))
    .optional(),
  /** Folder of source-system exports: `<system>/<table>.csv` and `<system>/<YYYY-MM-DD>/<table>*.csv[.gz]`. */
  MFG_SOURCE_DIR: absolutePath('data/raw/source_system'),
  /** The dbt project, which is also where source tables are described. */
  MFG_DBT_DIR: absolutePath('dbt'),
  /** Where the data lives. What reaches Snowflake stands in snowflake-settings.ts. */
  MFG_WAREHOUSE: z.enum(['duckdb', 'snowflake'], "must be 'duckdb' or 'snowflake'").default('duckdb'),
  /** Threads that dbt and DuckDB may use each. */
  MFG_THREADS: wholeNumber(2, 1, 64),
  /** Loads of one run that may be under way at once. */
  MFG_PARALLEL_LOADS: wholeNumber(4, 1, 64),
  /** What a run does with unchanged files and models when its input does not say: load and build them again, or reuse them. */
  MFG_ON_UNCHANGED: z.enum(['load', 'reuse'], "must be 'load' or 'reuse'").default('load'),
  /** Strategy of runs and source systems that name none. */
  MFG_STRATEGY: strategySchema.default('run_partitioned'),
  /** Preferred ports of the embedded server and its UI; others are taken when these are not free. */
  MFG_TEMPORAL_PORT: wholeNumber(7233, 1024, 65535),
  MFG_TEMPORAL_UI_PORT: wholeNumber(8233, 1024, 65535),
  /** Base address for links to runs, when the UI is not the embedded one. */
  MFG_TEMPORAL_UI_URL: z.url().optional(),
  /** Where the worker's log goes, one JSON object per line: `worker.log` in the state folder, or the error output. */
  MFG_WORKER_LOG: z.enum(['file', 'stderr'], "must be 'file' or 'stderr'").default('file'),
  /** Address on which a worker shows its metrics to Prometheus, under `/metrics`; empty means nowhere. */
  MFG_METRICS_ADDRESS: z
    .string()
    .trim()
    .regex(/^[^\s:]+:\d{1,5}$/, 'must be host:port, such as 0.0.0.0:9464')
    .optional(),
  /** Slack-compatible incoming webhook that is told of incidents. A secret. */
  MFG_ALERT_SLACK_URL: receiverUrl,
  /** Any receiver of JSON that is told of incidents. */
  MFG_ALERT_WEBHOOK_URL: receiverUrl,
  /** Sent to it as `Authorization: Bearer …`. */
  MFG_ALERT_WEBHOOK_TOKEN: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]{1,4096}$/, 'must be printable characters without blanks')
    .optional(),
  /** File that is told of incidents, one JSON object per line. Default: `alerts.jsonl` in the state folder. */
  MFG_ALERT_FILE: z
    .string()
    .trim()
    .transform((value) => path.resolve(PROJECT_ROOT, value))
    .optional(),
  /** Address that is asked (GET) after each run that ended well: what stands there says when that stops. */
  MFG_DEADMAN_URL: receiverUrl,
  /** Worker deployment whose versions runs are pinned to; empty means that workers have no versions. */
  MFG_WORKER_DEPLOYMENT: z
    .string()
    .trim()
    .regex(/^[\w-]{1,100}$/, 'must be letters, digits, - and _')
    .optional(),
  /** HTML file into which the report page is written after each publication and each look at its quality; empty means none. */
  MFG_REPORT_FILE: z
    .string()
    .trim()
    .transform((value) => path.resolve(PROJECT_ROOT, value))
    .optional(),
  /** Preferred port of the report page under `npm run dev`; another is taken when it is not free. */
  MFG_REPORT_PORT: wholeNumber(8234, 1024, 65535),
  /** Keys that encrypt payloads, `<id>:<base64 of 32 bytes>` with commas between, the one to encrypt with first. Never shown. */
  MFG_PAYLOAD_KEYS: z.string().optional(),
});

/** Variables whose values no message repeats. */
export const SECRET_VARIABLES: readonly string[] = [
  'MFG_ALERT_SLACK_URL',
  'MFG_ALERT_WEBHOOK_URL',
  'MFG_ALERT_WEBHOOK_TOKEN',
  'MFG_DEADMAN_URL',
  'MFG_PAYLOAD_KEYS',
];

/** Who is told of incidents. Addresses and token are secrets. */
export interface AlertSettings {
  slackUrl: string | undefined;
  webhookUrl: string | undefined;
  webhookToken: string | undefined;
  file: string;
  deadmanUrl: string | undefined;
}

/** The platform's configuration, in the code's own names. Paths are absolute. */
export interface Config {
  temporalAddress: string | undefined;
  stateDir: string;
  landingDir: string;
  sourceDir: string;
  dbtDir: string;
  warehouse: 'duckdb' | 'snowflake';
  threads: number;
  parallelLoads: number;
  onUnchanged: 'load' | 'reuse';
  strategy: Strategy;
  temporalPort: number;
  temporalUiPort: number;
  temporalUiUrl: string | undefined;
  workerLog: 'file' | 'stderr';
  metricsAddress: string | undefined;
  workerDeployment: string | undefined;
  alerts: AlertSettings;
  reportFile: string | undefined;
  reportPort: number;
  /** As written; `client/payload-encryption.ts` reads it. */
  payloadKeys: string | undefined;
}

/**
 * Reads the configuration from the environment; `.env` in the project's root fills what the environment leaves out.
 *
 * @throws ConfigurationError naming the first wrong variable and what it must be.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const v = parseEnvironment(configSchema, env, SECRET_VARIABLES);
  return {
    temporalAddress: v.TEMPORAL_ADDRESS || undefined,
    stateDir: v.MFG_STATE_DIR,
    landingDir: v.MFG_LANDING_DIR ?? path.join(v.MFG_STATE_DIR, 'landing'),
    sourceDir: v.MFG_SOURCE_DIR,
    dbtDir: v.MFG_DBT_DIR,
    warehouse: v.MFG_WAREHOUSE,
    threads: v.MFG_THREADS,
    parallelLoads: v.MFG_PARALLEL_LOADS,
    onUnchanged: v.MFG_ON_UNCHANGED,
    strategy: v.MFG_STRATEGY,
    temporalPort: v.MFG_TEMPORAL_PORT,
    temporalUiPort: v.MFG_TEMPORAL_UI_PORT,
    temporalUiUrl: v.MFG_TEMPORAL_UI_URL,
    workerLog: v.MFG_WORKER_LOG,
    metricsAddress: v.MFG_METRICS_ADDRESS,
    workerDeployment: v.MFG_WORKER_DEPLOYMENT,
    alerts: {
      slackUrl: v.MFG_ALERT_SLACK_URL,
      webhookUrl: v.MFG_ALERT_WEBHOOK_URL,
      webhookToken: v.MFG_ALERT_WEBHOOK_TOKEN,
      file: v.MFG_ALERT_FILE ?? path.join(v.MFG_STATE_DIR, 'alerts.jsonl'),
      deadmanUrl: v.MFG_DEADMAN_URL,
    },
    reportFile: v.MFG_REPORT_FILE,
    reportPort: v.MFG_REPORT_PORT,
    payloadKeys: v.MFG_PAYLOAD_KEYS,
  };
}

/**
 * Parses variables of the environment, and of `.env` where the environment leaves them out; an empty one counts as left out.
 *
 * @param secret variables whose values no message may repeat.
 * @throws ConfigurationError naming the first wrong variable and what it must be.
 */
export function parseEnvironment<T>(schema: z.ZodType<T>, env: NodeJS.ProcessEnv, secret: readonly string[] = []): T {
  const merged = withoutEmpty({ ...readDotenv(), ...withoutEmpty(env) });
  const parsed = schema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0] ?? 'environment');
  const value = secret.includes(name) ? '' : ` is '${merged[name] ?? ''}', which`;
  throw new ConfigurationError(
    `${name}${value} is not valid (${issue?.message}): correct it in the environment or in .env.`,
  );
}

/**
 * Puts the variables of `.env` into `process.env` where they are not set, so that libraries which read the environment
 * themselves (Temporal's environment configuration, dbt) see them too. Called once, first, by every entry point.
 */
export function loadDotenvIntoProcess(): void {
  for (const [name, value] of Object.entries(readDotenv())) process.env[name] ??= value;
}

function isReceiverUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '';
}

function readDotenv(): Record<string, string> {
  const file = path.join(PROJECT_ROOT, '.env');
  return existsSync(file) ? parseDotenv(readFileSync(file)) : {};
}

function withoutEmpty(env: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''));
}

function findProjectRoot(from: string): string {
  for (let dir = from; ; dir = path.dirname(dir)) {
    if (existsSync(path.join(dir, 'package.json'))) return dir;
    if (dir === path.dirname(dir)) throw new Error(`no package.json above ${from}`);
  }
}
