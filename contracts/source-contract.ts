import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ContractError } from './errors';
import { productionCalendarSchema, type ProductionCalendar } from './production-calendar';
import { MAX_ALIASES } from './model-quality';
import { tableColumnQualitySchema, tableQualitySchema, type TableQuality } from './quality-rules';
import { DEFAULT_DRIFT_POLICY, driftPolicySchema, type DriftPolicy } from './schema-drift';
import { strategySchema, type Strategy } from './strategy';

/** What may stand between groups of three digits: the last four are a no-break and a narrow no-break space, two apostrophes. */
export const THOUSANDS_MARKS = ['.', ',', ' ', '\u00a0', '\u202f', "'", '\u2019'] as const;

/** A name that is safe as a folder, a file stem and an unquoted SQL identifier on both warehouses. */
const identifier = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'must be lower-case letters, digits and underscores, starting with a letter');

const asciiCharacter = z.string().regex(/^[\t\x20-\x7e]$/, 'must be one ASCII character');

/** Control characters separate fields in some exports: Hive's \x01, ASCII's unit separator \x1f. */
const delimiter = z
  .string()
  .refine((text) => /^[\t\x20-\x7e]$/.test(text) || isSeparator(text), 'must be one ASCII character');

/** strftime notation. It stands in SQL text, so it holds no quotes. */
const format = z.string().regex(/^[^'"\\]*%[^'"\\]*$/, "must be a strftime format such as '%d.%m.%Y'");

const tokens = z.array(z.string().trim().min(1)).min(1);

/** How values are written in cells: what the staging models cast by. RAW keeps cells as they are written. */
const cellFormatSchema = z.strictObject({
  decimal_mark: z.enum(['.', ',']),
  /** Between groups of three digits; a number may be written without it all the same. Null: no groups here. */
  thousands_mark: z.enum(THOUSANDS_MARKS).nullish(),
  null_tokens: z.array(z.string()),
  date_format: format,
  timestamp_format: format,
  time_format: format.optional(),
  /**
   * The twelve months' names, each with all its spellings, in any case and without a full stop at the end: what `%b` and
   * `%B` in a format stand for. Without it they are English names.
   */
  month_names: z
    .array(z.array(z.string().regex(/^[^\s'"\\.]+$/)).min(1))
    .length(12)
    .optional(),
  /** Words for yes and no, in any case; default: true, yes, 1 and false, no, 0. */
  true_tokens: tokens.optional(),
  false_tokens: tokens.optional(),
});

/** How a system writes its CSV files. */
const csvDialectSchema = z.strictObject({
  delimiter,
  quote: asciiCharacter,
  encoding: z.enum(['utf-8', 'latin-1', 'windows-1252']),
  ...cellFormatSchema.shape,
});

const DEFAULT_DIALECT: z.infer<typeof csvDialectSchema> = {
  delimiter: ',',
  quote: '"',
  encoding: 'utf-8',
  decimal_mark: '.',
  null_tokens: ['N/A', '#N/A'],
  date_format: '%Y-%m-%d',
  timestamp_format: '%Y-%m-%d %H:%M:%S',
};

const periodSchema = z.strictObject({
  count: z.number().int().positive(),
  period: z.enum(['minute', 'hour', 'day']),
});

/** dbt's own freshness block: how old is a warning, how old is an error. */
const freshnessSchema = z.strictObject({
  warn_after: periodSchema.optional(),
  error_after: periodSchema.optional(),
});

/** How long after a publication the next one is overdue, in the system's delivery days. */
const publicationOverdueSchema = z.strictObject({
  after: periodSchema,
  severity: z.enum(['error', 'warn', 'info']).default('error'),
});

const systemQualitySchema = tableQualitySchema.extend({ publication_overdue: publicationOverdueSchema.optional() });

const ratio = z.number().min(0).max(1);

/** What a load may look like at worst; a table's own word stands over its system's. */
const gatesSchema = {
  drift: driftPolicySchema.partial().optional(),
  max_rejected_ratio: ratio.optional(),
  min_rows_ratio: ratio.optional(),
};

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of day such as '06:30', in quotes");

/** How a run knows that a day has been delivered. */
const arrivalSchema = z.strictObject({
  done_marker: z
    .string()
    .regex(/^[\w][\w.-]{0,99}$/, 'must be a plain file name such as _SUCCESS')
    .refine((name) => !/\.csv(\.gz)?$/i.test(name), 'must not be the name of a CSV file')
    .optional(),
  settle_seconds: z.number().min(0).max(3600).default(2),
  wait_until: timeOfDay.optional(),
});

const tableMetaSchema = z.strictObject({
  mode: z.enum(['snapshot', 'append']),
  file_stem: z
    .string()
    .regex(/^[^/\\\0]+$/)
    .max(200)
    .optional(),
  key: z.array(identifier).min(1),
  required: z.boolean().default(true),
  wait_until: timeOfDay.optional(),
  complete_deliveries: z.boolean().optional(),
  event_time: identifier.optional(),
  event_freshness: freshnessSchema.optional(),
  csv: csvDialectSchema.partial().optional(),
  quality: tableQualitySchema.optional(),
  ...gatesSchema,
});

/** Read from a column's `config.meta`; other words there are its owner's. */
const columnMetaSchema = z.looseObject({
  aliases: z.array(z.string().trim().min(1).max(200)).default([]),
  source_name: z.string().trim().max(1000).optional(),
  csv: cellFormatSchema.partial().optional(),
  quality: tableColumnQualitySchema.optional(),
});

const columnSchema = z.looseObject({
  name: identifier,
  data_type: z.enum(['text', 'integer', 'decimal', 'date', 'time', 'timestamp', 'boolean']),
  config: z.looseObject({ meta: columnMetaSchema.optional() }).optional(),
});

const tableSchema = z.looseObject({
  name: identifier,
  config: z.looseObject({
    meta: tableMetaSchema,
    freshness: freshnessSchema.nullish(),
  }),
  columns: z.array(columnSchema).min(1),
});

const systemMetaSchema = z.strictObject({
  time_zone: z.string().refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin'),
  logical_date_offset_days: z.number().int().min(0).max(31).default(0),
  csv: csvDialectSchema.partial().default({}),
  ...gatesSchema,
  arrival: arrivalSchema.prefault({}),
  landing: z.enum(['in_place', 'copy']).default('in_place'),
  strategy: strategySchema.optional(),
  calendar: productionCalendarSchema.prefault({}),
  quality: systemQualitySchema.default({}),
});

/** A dbt sources file as far as the platform reads it; what it does not know is dbt's own business. */
const sourcesFileSchema = z.looseObject({
  sources: z.array(
    z.looseObject({
      name: identifier,
      config: z.looseObject({ meta: systemMetaSchema }),
      tables: z.array(tableSchema).min(1),
    }),
  ),
});

type SystemQuality = z.infer<typeof systemQualitySchema>;
export type PublicationOverdue = z.infer<typeof publicationOverdueSchema>;
export type CsvDialect = z.infer<typeof csvDialectSchema>;
export type CellFormat = z.infer<typeof cellFormatSchema>;
export type Freshness = z.infer<typeof freshnessSchema>;
export type ColumnType = z.infer<typeof columnSchema>['data_type'];

/** A column of a source table. */
export interface SourceColumn {
  name: string;
  type: ColumnType;
  /** Other names under which files may deliver it, lower-case. */
  aliases: string[];
  /** Its name in the files' header, where that is not `name`. Empty for a column without a name. */
  sourceName: string | undefined;
  /** How its cells are written: its own `csv` over its table's. */
  format: CellFormat;
}

/** One source table: what its files hold and what RAW, the checks and staging may rely on. */
export interface SourceTable {
  system: string;
  name: string;
  /** What the names of its files begin with. */
  fileStem: string;
  /** snapshot: each file is the whole table as of its logical date. append: a file holds that delivery's events. */
  mode: 'snapshot' | 'append';
  /** Columns in the file, in the contract's order. */
  columns: SourceColumn[];
  /** Columns that identify a row. */
  key: string[];
  /** A delivery of the system that lacks this table is refused. */
  required: boolean;
  /**
   * Local time (HH:MM), on the day on which a schedule would load a logical date, until which a run waits for this table;
   * undefined: it does not wait.
   */
  waitUntil: string | undefined;
  /** Each delivery of this append table holds all its rows so far, so that the newest one alone may replace the table. */
  completeDeliveries: boolean | undefined;
  csv: CsvDialect;
  /** What is done with files whose columns are not those above. */
  drift: DriftPolicy;
  /** Share of a delivery's records that may be rejected; undefined: see `refuseTooManyRejected`. */
  maxRejectedRatio: number | undefined;
  /** Share of the rows it replaces that a delivery must have; undefined: see `refuseShrunken`. */
  minRowsRatio: number | undefined;
  /** Allowed age of the newest delivery. */
  freshness: Freshness | undefined;
  /** Column of the staging model whose newest value that is not in the future tells how old the content is; its allowed age. */
  eventTime: string | undefined;
  eventFreshness: Freshness | undefined;
  /** What the table's checks say otherwise than CHECK_DEFAULTS: its own words over its system's. */
  quality: TableQuality;
  /** Share of a delivery's rows that may have the cell empty, of columns that name one. */
  maxNullRatios: Record<string, number>;
  /** SHA-256 over everything here that decides what RAW holds: columns, mode, key, dialect, drift policy. */
  digest: string;
  /** SHA-256 over all that the sources file says of the table and of its system: what dbt's models may read of it. */
  definitionDigest: string;
}

/** A source system: one folder of deliveries. */
export interface SourceSystem {
  name: string;
  /** IANA zone of the system's local timestamps and of its logical dates. */
  timeZone: string;
  /** A scheduled run loads the delivery of its local date less this many days. */
  logicalDateOffsetDays: number;
  arrival: {
    /** File that a source writes into a day's folder when the day is complete. */
    doneMarker: string | undefined;
    /** A file that was written to less than so many seconds ago is taken to be still under way. */
    settleSeconds: number;
  };
  /** copy: a run keeps the bytes that it fingerprinted; in_place: it reads the source's files, which must stay as they are. */
  landing: 'in_place' | 'copy';
  strategy: Strategy | undefined;
  /** Days on which the system delivers and the plant produces. */
  calendar: ProductionCalendar;
  publicationOverdue: PublicationOverdue | undefined;
  tables: SourceTable[];
}

/**
 * Reads every `models/staging/<system>/_<system>__sources.yml` of the dbt project: the contract of the source tables.
 *
 * @throws ContractError naming the file and the field.
 */
export async function readSourceContracts(dbtDir: string): Promise<SourceSystem[]> {
  const stagingDir = path.join(dbtDir, 'models', 'staging');
  const entries = await readdir(stagingDir, { withFileTypes: true }).catch(() => {
    throw new ContractError(`${stagingDir} does not exist: set MFG_DBT_DIR to the dbt project's folder.`);
  });
  const systems: SourceSystem[] = [];
  for (const entry of entries.filter((e) => e.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(stagingDir, entry.name, `_${entry.name}__sources.yml`);
    systems.push(parseSourcesFile(await readFile(file, 'utf8').catch(() => missingFile(file)), file, entry.name));
  }
  refuseSharedTableNames(systems);
  return systems;
}

/**
 * Parses one sources file. `system` is its folder's name, which the source must carry.
 *
 * @throws ContractError naming the file and the field.
 */
export function parseSourcesFile(text: string, file: string, system: string): SourceSystem {
  let yaml: unknown;
  try {
    yaml = parseYaml(text, { maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw new ContractError(`${file} is not valid YAML: ${(error as Error).message.split('\n')[0]}`, { cause: error });
  }
  const parsed = sourcesFileSchema.safeParse(yaml);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ContractError(`${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message}.`);
  }
  const source = parsed.data.sources.find((candidate) => candidate.name === system);
  if (source === undefined || parsed.data.sources.length > 1) {
    throw new ContractError(`${file} must describe exactly one source, named '${system}' like its folder.`);
  }
  const names = source.tables.map((table) => table.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new ContractError(`${file}: table ${twice} is described twice.`);
  const { meta } = source.config;
  return {
    name: system,
    timeZone: meta.time_zone,
    logicalDateOffsetDays: meta.logical_date_offset_days,
    arrival: { doneMarker: meta.arrival.done_marker, settleSeconds: meta.arrival.settle_seconds },
    landing: meta.landing,
    strategy: meta.strategy,
    calendar: meta.calendar,
    publicationOverdue: meta.quality.publication_overdue,
    tables: source.tables.map((table) => ({
      ...toSourceTable(table, system, meta, file),
      waitUntil: table.config.meta.wait_until ?? meta.arrival.wait_until,
      definitionDigest: sha256([{ ...source, tables: [] }, table], withoutChecks),
    })),
  };
}

function toSourceTable(
  table: z.infer<typeof tableSchema>,
  system: string,
  defaults: z.infer<typeof systemMetaSchema>,
  file: string,
): Omit<SourceTable, 'waitUntil' | 'definitionDigest'> {
  const { meta } = table.config;
  const csv = { ...DEFAULT_DIALECT, ...defaults.csv, ...meta.csv };
  const columns = table.columns.map(({ name, data_type, config }) => ({
    name,
    type: data_type,
    aliases: (config?.meta?.aliases ?? []).map((alias) => alias.toLowerCase()),
    sourceName: config?.meta?.source_name,
    format: { ...csv, ...config?.meta?.csv },
  }));
  for (const { name, config } of table.columns) {
    const { decimal_mark, thousands_mark } = { ...csv, ...config?.meta?.csv };
    if (decimal_mark === thousands_mark) {
      throw new ContractError(
        `${file}: ${table.name}.${name} has '${decimal_mark}' as both decimal_mark and thousands_mark: say 'thousands_mark: null' ` +
          `where there are no groups.`,
      );
    }
  }
  const names = columns.map((column) => column.name);
  const called = columns.flatMap((column) => [column.name, ...column.aliases]);
  const duplicate = called.find((name, index) => called.indexOf(name) !== index);
  if (duplicate !== undefined) {
    const what = names.includes(duplicate) ? 'column' : 'alias';
    throw new ContractError(`${file}: table ${table.name} lists ${what} ${duplicate} twice.`);
  }
  for (const name of meta.key) {
    if (!names.includes(name)) {
      throw new ContractError(`${file}: table ${table.name} has ${name} in its key but does not list it.`);
    }
  }
  const history = meta.quality?.row_count_history;
  for (const name of (history !== undefined && history !== false && history.groups) || []) {
    if (names.includes(name)) continue;
    throw new ContractError(`${file}: table ${table.name} counts rows by ${name} but does not list it.`);
  }
  const inFiles = columns.map((column) => column.sourceName?.toLowerCase() ?? column.name);
  const twice = inFiles.find((name, index) => inFiles.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new ContractError(`${file}: table ${table.name} has two columns that are called '${twice}' in its files.`);
  }
  const drift = { ...DEFAULT_DRIFT_POLICY, ...defaults.drift, ...meta.drift };
  return {
    system,
    name: table.name,
    fileStem: meta.file_stem ?? table.name,
    mode: meta.mode,
    columns,
    key: meta.key,
    required: meta.required,
    completeDeliveries: meta.complete_deliveries,
    csv,
    drift,
    maxRejectedRatio: meta.max_rejected_ratio ?? defaults.max_rejected_ratio,
    minRowsRatio: meta.min_rows_ratio ?? defaults.min_rows_ratio,
    freshness: table.config.freshness ?? undefined,
    eventTime: meta.event_time,
    eventFreshness: meta.event_freshness,
    quality: { ...withoutOverdue(defaults.quality), ...meta.quality },
    maxNullRatios: Object.fromEntries(
      table.columns.flatMap(({ name, config }) => {
        const most = config?.meta?.quality?.max_null_ratio;
        return most === undefined ? [] : [[name, most]];
      }),
    ),
    digest: digestOf([table.name, meta.mode, names, meta.key, csv], columns, drift),
  };
}

/** Names, aliases and policies count where there are any, so that a contract without them keeps the digest it always had. */
function digestOf(described: unknown[], columns: SourceColumn[], drift: DriftPolicy): string {
  const aliases = columns.filter((column) => column.aliases.length > 0).map(({ name, aliases }) => [name, aliases]);
  const sourceNames = columns.flatMap(({ name, sourceName }) =>
    sourceName === undefined ? [] : [[name, { sourceName }]],
  );
  const policies = Object.entries(drift)
    .filter(([kind, policy]) => policy !== DEFAULT_DRIFT_POLICY[kind as keyof DriftPolicy])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = [...described, ...[aliases, sourceNames, policies].filter((part) => part.length > 0)];
  return sha256(parts);
}

/** What is checked, and when, changes no model: leaves it out of what JSON.stringify writes. */
function withoutChecks(key: string, value: unknown): unknown {
  return key === 'quality' || key === 'calendar' ? undefined : value;
}

/** The checks of a system that its tables inherit. */
function withoutOverdue({ publication_overdue: _, ...checks }: SystemQuality): TableQuality {
  return checks;
}

function sha256(value: unknown, replacer?: (key: string, value: unknown) => unknown): string {
  return createHash('sha256').update(JSON.stringify(value, replacer)).digest('hex');
}

/** RAW has one namespace: `RAW.<TABLE>` must belong to one system. */
function refuseSharedTableNames(systems: SourceSystem[]): void {
  const owner = new Map<string, string>();
  for (const table of systems.flatMap((system) => system.tables)) {
    const other = owner.get(table.name);
    if (other !== undefined) {
      throw new ContractError(
        `table ${table.name} is described by both ${other} and ${table.system}: rename one of them.`,
      );
    }
    owner.set(table.name, table.system);
  }
}

function missingFile(file: string): never {
  throw new ContractError(`${file} is missing: every folder under models/staging needs its sources file.`);
}

/** \x01 to \x1f but the line ends. */
function isSeparator(text: string): boolean {
  const code = text.length === 1 ? text.charCodeAt(0) : 0;
  return code >= 1 && code <= 31 && text !== '\n' && text !== '\r';
}

function isTimeZone(value: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}
