import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { parse as parseToml } from 'toml';
import { z } from 'zod';
import { parseEnvironment, PROJECT_ROOT, wholeNumber } from './config';
import { ConfigurationError } from './errors';

const identifier = z
  .string()
  .trim()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'must be letters, digits and _, not beginning with a digit')
  .transform((name) => name.toUpperCase());

/** A prefix leaves room for what follows it, and no database of its platform looks like another platform's copy for a person. */
const prefix = identifier.pipe(
  z
    .string()
    .max(32, 'must have 32 characters at the most')
    .regex(/^(?!.*_ADHOC(_|$))/, 'must not contain _ADHOC, which names copies for `mfg dbt`'),
);

const portNumber = z
  .string()
  .regex(/^\d+$/, 'must be a whole number')
  .transform(Number)
  .pipe(z.number().min(1).max(65535));

/** Variables that reach Snowflake and name what the platform has there. `.env.example` lists the same names (a test compares them). */
export const snowflakeSchema = z.object({
  /** `<organization>-<account>`, or the older locator with region. */
  SNOWFLAKE_ACCOUNT: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be an account identifier such as ACME-FACTORY, not an address')
    .optional(),
  SNOWFLAKE_USER: z.string().trim().optional(),
  /** Default: `<prefix>_PLATFORM`. */
  SNOWFLAKE_ROLE: identifier.optional(),
  /** PEM file; a relative path counts from the project's folder. */
  SNOWFLAKE_PRIVATE_KEY_PATH: z.string().trim().optional(),
  SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: z.string().optional(),
  /** The driver's name of the way to log in; default: what the other variables make possible. */
  SNOWFLAKE_AUTHENTICATOR: z.string().trim().optional(),
  SNOWFLAKE_PASSWORD: z.string().optional(),
  SNOWFLAKE_TOKEN: z.string().trim().optional(),
  SNOWFLAKE_HOST: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'must be a host name without protocol, port and path')
    .optional(),
  SNOWFLAKE_PORT: portNumber.optional(),
  SNOWFLAKE_PROTOCOL: z.enum(['https', 'http'], "must be 'https' or 'http'").optional(),
  /** A section of connections.toml; variables that are set win over it. */
  SNOWFLAKE_CONNECTION_NAME: z.string().trim().optional(),
  MFG_SNOWFLAKE_PREFIX: prefix.default('MFG'),
  MFG_SNOWFLAKE_LOAD_WAREHOUSE: identifier.optional(),
  MFG_SNOWFLAKE_TRANSFORM_WAREHOUSE: identifier.optional(),
  MFG_SNOWFLAKE_READ_WAREHOUSE: identifier.optional(),
  /** Seconds after which Snowflake itself ends a statement. */
  MFG_SNOWFLAKE_STATEMENT_TIMEOUT_S: wholeNumber(3600, 60, 86400),
});

const SECRET = ['SNOWFLAKE_PRIVATE_KEY_PASSPHRASE', 'SNOWFLAKE_PASSWORD', 'SNOWFLAKE_TOKEN'];

/** What a virtual warehouse is used for. */
export type WarehouseUse = 'load' | 'transform' | 'read';

/** Names of what the platform has on a Snowflake account; upper case, as unquoted identifiers are. */
export interface SnowflakeNames {
  prefix: string;
  /** What readers open. */
  database: string;
  /** Ledger, audits, log and the rows of all partitions. */
  store: string;
  /** The service user that workers log in as. */
  serviceUser: string;
  /** Owns and builds; the role of the service user. */
  platformRole: string;
  /** Reads what is published. */
  analystRole: string;
  /** Reads the audits and the rows of all partitions as well. */
  operatorRole: string;
  /** What functional roles are made of: each allows one thing. */
  accessRoles: {
    /** Reading what is published: publications grant to it, and set-up. */
    dataRead: string;
    /** Reading the store's RAW schema. */
    storeRead: string;
    /** Using the virtual warehouse for reading. */
    readUse: string;
    /** Using those for loading and for dbt. */
    buildUse: string;
  };
  warehouses: Record<WarehouseUse, string>;
}

/**
 * How to reach and use a Snowflake account. Holds secrets: never log it, never put it into a workflow's payload.
 */
export interface SnowflakeSettings {
  account: string;
  /** Undefined where the authenticator says who logs in. */
  user: string | undefined;
  /** Empty for the user's default role. */
  role: string;
  /** As the driver names it, upper case; Okta's is an address. */
  authenticator: string;
  /** Absolute path of a PEM file, for SNOWFLAKE_JWT. */
  privateKeyPath: string | undefined;
  privateKeyPassphrase: string | undefined;
  password: string | undefined;
  token: string | undefined;
  /** Undefined where it follows from the account. */
  host: string | undefined;
  port: number | undefined;
  protocol: 'https' | 'http';
  names: SnowflakeNames;
  statementTimeoutS: number;
  /** What else the section of connections.toml gives, by the file's names: passed to the driver as it is. */
  others: Readonly<Record<string, unknown>>;
}

/**
 * Reads how to reach Snowflake from the environment, `.env` and the named section of connections.toml.
 *
 * @throws ConfigurationError in one sentence; it never repeats a secret.
 */
export function loadSnowflakeSettings(env: NodeJS.ProcessEnv = process.env): SnowflakeSettings {
  return settingsFrom(parseEnvironment(snowflakeSchema, env, SECRET), env);
}

/**
 * The same for whoever sets the account up: with their default role, since the platform's may not be there yet.
 *
 * @param connection a section of connections.toml that says alone who logs in, whoever the variables name.
 */
export function loadAdminSettings(connection?: string, env: NodeJS.ProcessEnv = process.env): SnowflakeSettings {
  const parsed = parseEnvironment(snowflakeSchema, env, SECRET);
  if (connection === undefined) return settingsFrom(parsed, env, '');
  const ours = Object.fromEntries(Object.entries(parsed).filter(([name]) => name.startsWith('MFG_')));
  return settingsFrom({ ...(ours as typeof parsed), SNOWFLAKE_CONNECTION_NAME: connection }, env, '');
}

function settingsFrom(
  v: z.infer<typeof snowflakeSchema>,
  env: NodeJS.ProcessEnv,
  defaultRole?: string,
): SnowflakeSettings {
  const section =
    v.SNOWFLAKE_CONNECTION_NAME === undefined ? NO_SECTION : readSection(v.SNOWFLAKE_CONNECTION_NAME, env);
  const names = snowflakeNames(v);
  const account = v.SNOWFLAKE_ACCOUNT ?? section.account;
  if (account === undefined) {
    throw new ConfigurationError(
      'SNOWFLAKE_ACCOUNT is not set: name the account (<organization>-<account>) in the environment or in .env.',
    );
  }
  const keyPath = v.SNOWFLAKE_PRIVATE_KEY_PATH ?? section.private_key_path ?? section.private_key_file;
  const settings: SnowflakeSettings = {
    account,
    user: v.SNOWFLAKE_USER ?? section.user,
    role: v.SNOWFLAKE_ROLE ?? section.role ?? defaultRole ?? names.platformRole,
    authenticator: '',
    privateKeyPath: keyPath === undefined ? undefined : path.resolve(PROJECT_ROOT, keyPath),
    privateKeyPassphrase:
      v.SNOWFLAKE_PRIVATE_KEY_PASSPHRASE ?? section.private_key_passphrase ?? section.private_key_file_pwd,
    password: v.SNOWFLAKE_PASSWORD ?? section.password,
    token: v.SNOWFLAKE_TOKEN ?? section.token,
    host: v.SNOWFLAKE_HOST ?? section.host,
    port: v.SNOWFLAKE_PORT ?? section.port,
    protocol: v.SNOWFLAKE_PROTOCOL ?? section.protocol ?? 'https',
    names,
    statementTimeoutS: v.MFG_SNOWFLAKE_STATEMENT_TIMEOUT_S,
    others: section.others,
  };
  settings.authenticator = authenticatorOf(settings, v.SNOWFLAKE_AUTHENTICATOR ?? section.authenticator);
  assertProtocol(settings);
  return settings;
}

/** The names alone, for what needs no login. @throws ConfigurationError */
export function loadSnowflakeNames(env: NodeJS.ProcessEnv = process.env): SnowflakeNames {
  return snowflakeNames(parseEnvironment(snowflakeSchema, env, SECRET));
}

function snowflakeNames(v: z.infer<typeof snowflakeSchema>): SnowflakeNames {
  const name = v.MFG_SNOWFLAKE_PREFIX;
  return {
    prefix: name,
    database: name,
    store: `${name}_STORE`,
    serviceUser: `${name}_SERVICE`,
    platformRole: `${name}_PLATFORM`,
    analystRole: `${name}_ANALYST`,
    operatorRole: `${name}_OPERATOR`,
    accessRoles: {
      dataRead: `${name}_DATA_READ`,
      storeRead: `${name}_STORE_READ`,
      readUse: `${name}_READ_USE`,
      buildUse: `${name}_BUILD_USE`,
    },
    warehouses: {
      load: v.MFG_SNOWFLAKE_LOAD_WAREHOUSE ?? `${name}_LOAD`,
      transform: v.MFG_SNOWFLAKE_TRANSFORM_WAREHOUSE ?? `${name}_TRANSFORM`,
      read: v.MFG_SNOWFLAKE_READ_WAREHOUSE ?? `${name}_READ`,
    },
  };
}

/** The key pair comes first; a token alone does not say of which kind it is. */
function authenticatorOf(settings: SnowflakeSettings, named: string | undefined): string {
  const { privateKeyPath, token, password, user } = settings;
  const isAddress = /^https:\/\//i.test(named ?? '');
  const authenticator =
    (isAddress ? named : named?.toUpperCase()) ??
    (privateKeyPath !== undefined ? 'SNOWFLAKE_JWT' : password !== undefined && token === undefined ? 'SNOWFLAKE' : '');
  if (authenticator === '') {
    throw new ConfigurationError(
      token === undefined
        ? 'No login for Snowflake is set: name a private key in SNOWFLAKE_PRIVATE_KEY_PATH, or another way in SNOWFLAKE_AUTHENTICATOR.'
        : 'SNOWFLAKE_TOKEN is set without SNOWFLAKE_AUTHENTICATOR: say which kind of token it is (OAUTH, PROGRAMMATIC_ACCESS_TOKEN).',
    );
  }
  const lacking = (
    [
      ['SNOWFLAKE_USER', user, ['SNOWFLAKE_JWT', 'SNOWFLAKE', 'USERNAME_PASSWORD_MFA'].includes(authenticator)],
      ['SNOWFLAKE_PRIVATE_KEY_PATH', privateKeyPath, authenticator === 'SNOWFLAKE_JWT'],
      ['SNOWFLAKE_PASSWORD', password, ['SNOWFLAKE', 'USERNAME_PASSWORD_MFA'].includes(authenticator) || isAddress],
      ['SNOWFLAKE_TOKEN', token ?? password ?? settings.others.token_file_path, TOKEN_LOGINS.includes(authenticator)],
    ] as const
  ).find(([, value, isNeeded]) => isNeeded && value === undefined);
  if (lacking === undefined) return authenticator;
  throw new ConfigurationError(`${lacking[0]} is not set, which a login by ${authenticator} needs.`);
}

const TOKEN_LOGINS = ['OAUTH', 'PROGRAMMATIC_ACCESS_TOKEN'];

function assertProtocol({ protocol, host }: SnowflakeSettings): void {
  if (protocol === 'https' || (host !== undefined && isLoopback(host))) return;
  throw new ConfigurationError(
    `SNOWFLAKE_PROTOCOL is 'http' for ${host ?? "the account's own host"}: credentials go over https only, except to the loopback address.`,
  );
}

/** Whether a host is this machine for certain. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

const text = z.string().trim().min(1).optional();

/** What the platform itself takes from a section; all else goes to the driver. */
const sectionSchema = z.object({
  account: snowflakeSchema.shape.SNOWFLAKE_ACCOUNT,
  user: text,
  role: snowflakeSchema.shape.SNOWFLAKE_ROLE,
  private_key_path: text,
  private_key_file: text,
  private_key_passphrase: text,
  private_key_file_pwd: text,
  authenticator: text,
  password: text,
  token: text,
  host: snowflakeSchema.shape.SNOWFLAKE_HOST,
  port: z.number().int().min(1).max(65535).optional(),
  protocol: z.enum(['https', 'http']).optional(),
});

type Section = z.infer<typeof sectionSchema> & { others: Record<string, unknown> };

const NO_SECTION: Section = { others: {} };

/**
 * Not for the driver: the platform decides on the virtual warehouse of each piece of work, opens databases by name, and has no
 * log file written.
 */
const LEFT_OUT = ['warehouse', 'database', 'schema', 'username', 'private_key_pass', 'client_config_file'];

/**
 * Reads one section of connections.toml, the file that Snowflake's own tools share.
 *
 * @throws ConfigurationError when there is no such file or section, or others may read the file.
 */
function readSection(name: string, env: NodeJS.ProcessEnv): Section {
  const file = path.join(env.SNOWFLAKE_HOME || path.join(homedir(), '.snowflake'), 'connections.toml');
  const asked = `SNOWFLAKE_CONNECTION_NAME is '${name}'`;
  let content: string;
  try {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
      throw new ConfigurationError(`${asked}, but others may read ${file}: run chmod 600 on it.`);
    }
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError(`${asked}, but ${file} cannot be read: create it, or leave the variable out.`);
  }
  let sections: Record<string, unknown>;
  try {
    sections = parseToml(content) as Record<string, unknown>;
  } catch {
    // The parser's message repeats lines of the file, which may hold a password.
    throw new ConfigurationError(`${asked}, but ${file} is not valid TOML: correct it.`);
  }
  const section = Object.hasOwn(sections, name) ? sections[name] : undefined;
  if (typeof section !== 'object' || section === null) {
    throw new ConfigurationError(`${asked}, but ${file} has no section of that name.`);
  }
  const all: Record<string, unknown> = { ...section };
  const aliased = {
    ...all,
    user: all.user ?? all.username,
    private_key_passphrase: all.private_key_passphrase ?? all.private_key_pass,
  };
  const parsed = sectionSchema.safeParse(aliased);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ConfigurationError(
      `${asked}, and ${String(issue?.path[0])} in that section of ${file} ${issue?.message}.`,
    );
  }
  const ours = new Set([...Object.keys(sectionSchema.shape), ...LEFT_OUT]);
  return { ...parsed.data, others: Object.fromEntries(Object.entries(all).filter(([key]) => !ours.has(key))) };
}
