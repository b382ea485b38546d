import type { SnowflakeNames } from '../../contracts/snowflake-settings';
import type { SnowflakeConnection } from './connection';
import { snowflakeString } from './sql-text';

/** What an account's set-up may be told. */
export interface AccountSetup {
  names: SnowflakeNames;
  /**
   * Credits a month for the three virtual warehouses together; they are suspended beyond. Undefined leaves what was set before,
   * and begins with a default.
   */
  creditQuota?: number;
  /** Base64 of the service user's public key; without it the user is made and cannot log in yet. */
  publicKey?: string;
}

/** Statements that one role runs. Each may be repeated: what is there already stays as it is. */
export interface SetupSection {
  title: string;
  /** The role that Snowflake demands for these. */
  role: string;
  statements: string[];
}

/** What one statement of the set-up said. */
export interface SetupStep {
  role: string;
  statement: string;
  /** Snowflake's own words, such as "MFG_LOAD already exists, statement succeeded." */
  status: string;
}

/** Credits a month of a resource monitor that nobody gave a quota. */
export const DEFAULT_CREDITS = 100;

const NOTIFY_AT_PERCENT = 80;

/**
 * Everything that the platform needs on a Snowflake account, in the order in which it can be made.
 *
 * Functional roles are what people and services get; access roles, of which they are made, allow one thing each. Data sets are
 * databases, which the platform makes and drops itself: hence CREATE DATABASE, and no more rights on the account.
 */
export function accountSetup({ names, creditQuota, publicKey }: AccountSetup): SetupSection[] {
  const { database, store, platformRole, analystRole, operatorRole, accessRoles, serviceUser, warehouses } = names;
  const { dataRead, storeRead, readUse, buildUse } = accessRoles;
  const monitor = `${names.prefix}_MONITOR`;
  const raw = `${store}.RAW`;
  return [
    {
      title: 'Roles: what people and services get, and the access roles that these are made of',
      role: 'USERADMIN',
      statements: [
        createRole(platformRole, 'Loads, builds and publishes; owns the databases'),
        createRole(analystRole, 'Reads what is published'),
        createRole(operatorRole, 'Reads what is published, the audits and the rows of all loads'),
        createRole(dataRead, 'Access: reads what is published'),
        createRole(storeRead, 'Access: reads audits and the rows of all loads'),
        createRole(readUse, `Access: uses ${warehouses.read}`),
        createRole(buildUse, `Access: uses ${warehouses.load} and ${warehouses.transform}`),
        ...serviceUserStatements(names, publicKey),
      ],
    },
    {
      title: 'Who gets which role',
      role: 'SECURITYADMIN',
      statements: [
        ...[buildUse, readUse].map((role) => grantRole(role, platformRole)),
        ...[dataRead, readUse].map((role) => grantRole(role, analystRole)),
        ...[analystRole, storeRead].map((role) => grantRole(role, operatorRole)),
        ...[platformRole, operatorRole].map((role) => grantRole(role, 'SYSADMIN')),
        `GRANT ROLE ${platformRole} TO USER ${serviceUser}`,
      ],
    },
    {
      title: 'Virtual warehouses; a size that was changed since stays',
      role: 'SYSADMIN',
      statements: [
        createWarehouse(warehouses.load, 'COPY, the ledger and the audits'),
        createWarehouse(warehouses.transform, 'dbt'),
        createWarehouse(warehouses.read, 'Readers, mfg query and mfg export'),
        `GRANT USAGE ON WAREHOUSE ${warehouses.load} TO ROLE ${buildUse}`,
        `GRANT USAGE ON WAREHOUSE ${warehouses.transform} TO ROLE ${buildUse}`,
        `GRANT USAGE ON WAREHOUSE ${warehouses.read} TO ROLE ${readUse}`,
        ...distinct(Object.values(warehouses)).map(
          (name) => `GRANT MONITOR ON WAREHOUSE ${name} TO ROLE ${operatorRole}`,
        ),
      ],
    },
    {
      title: 'What it may cost, and the one right on the account',
      role: 'ACCOUNTADMIN',
      statements: [
        `CREATE RESOURCE MONITOR IF NOT EXISTS ${monitor} WITH CREDIT_QUOTA = ${creditQuota ?? DEFAULT_CREDITS} FREQUENCY = MONTHLY` +
          ` START_TIMESTAMP = IMMEDIATELY` +
          ` TRIGGERS ON ${NOTIFY_AT_PERCENT} PERCENT DO NOTIFY ON 100 PERCENT DO SUSPEND`,
        ...(creditQuota === undefined ? [] : [`ALTER RESOURCE MONITOR ${monitor} SET CREDIT_QUOTA = ${creditQuota}`]),
        ...distinct(Object.values(warehouses)).map(
          (name) => `ALTER WAREHOUSE ${name} SET RESOURCE_MONITOR = ${monitor}`,
        ),
        `GRANT CREATE DATABASE ON ACCOUNT TO ROLE ${platformRole}`,
      ],
    },
    {
      title: 'Databases: the store, and what readers open; data sets are made by builds',
      role: platformRole,
      statements: [
        `CREATE DATABASE IF NOT EXISTS ${store} COMMENT = 'Ledger, audits and the rows of all loads'`,
        `CREATE SCHEMA IF NOT EXISTS ${store}.PLATFORM`,
        `CREATE SCHEMA IF NOT EXISTS ${raw}`,
        `CREATE FILE FORMAT IF NOT EXISTS ${raw}.LOAD_FILE TYPE = PARQUET`,
        `CREATE STAGE IF NOT EXISTS ${raw}.LOADS FILE_FORMAT = (FORMAT_NAME = '${raw}.LOAD_FILE')`,
        `CREATE TRANSIENT DATABASE IF NOT EXISTS ${database} COMMENT = 'What is published'`,
        `CREATE SCHEMA IF NOT EXISTS ${database}.RAW`,
      ],
    },
    {
      title: 'Who reads what; each publication grants the same on its own database',
      role: 'SECURITYADMIN',
      statements: [
        `GRANT USAGE ON DATABASE ${database} TO ROLE ${dataRead}`,
        ...['ALL', 'FUTURE'].flatMap((which) => [
          `GRANT USAGE ON ${which} SCHEMAS IN DATABASE ${database} TO ROLE ${dataRead}`,
          `GRANT SELECT ON ${which} TABLES IN DATABASE ${database} TO ROLE ${dataRead}`,
          `GRANT SELECT ON ${which} VIEWS IN DATABASE ${database} TO ROLE ${dataRead}`,
        ]),
        `GRANT USAGE ON DATABASE ${store} TO ROLE ${storeRead}`,
        `GRANT USAGE ON SCHEMA ${raw} TO ROLE ${storeRead}`,
        `GRANT SELECT ON ALL TABLES IN SCHEMA ${raw} TO ROLE ${storeRead}`,
        `GRANT SELECT ON FUTURE TABLES IN SCHEMA ${raw} TO ROLE ${storeRead}`,
      ],
    },
  ];
}

/** The set-up as a script for a worksheet or for Snowflake's own command line. */
export function setupScript(sections: SetupSection[]): string {
  const parts = sections.map(({ title, role, statements }) =>
    [`-- ${title}`, `USE ROLE ${role};`, ...statements.map((statement) => `${statement};`)].join('\n'),
  );
  return `${parts.join('\n\n')}\n`;
}

/**
 * Runs the set-up as the connected user, who must have the administrators' roles.
 *
 * @param onStep told after each statement.
 * @throws the first statement's error, with the role that it was run with.
 */
export async function applySetup(
  connection: SnowflakeConnection,
  sections: SetupSection[],
  onStep: (step: SetupStep) => void,
): Promise<void> {
  for (const { role, statements } of sections) {
    await connection.run(`USE ROLE ${role}`);
    for (const statement of statements) {
      const [row] = await connection.rows(statement);
      onStep({ role, statement, status: String(row?.status ?? 'done') });
    }
  }
}

/** A service user has no password: without a key nobody can log in as it. */
function serviceUserStatements({ serviceUser, platformRole, warehouses }: SnowflakeNames, key?: string): string[] {
  return [
    `CREATE USER IF NOT EXISTS ${serviceUser} TYPE = SERVICE DEFAULT_ROLE = ${platformRole}` +
      ` DEFAULT_WAREHOUSE = ${warehouses.load} COMMENT = 'Workers of the manufacturing data platform'`,
    ...(key === undefined ? [] : [`ALTER USER ${serviceUser} SET RSA_PUBLIC_KEY = ${snowflakeString(key)}`]),
  ];
}

function createRole(name: string, comment: string): string {
  return `CREATE ROLE IF NOT EXISTS ${name} COMMENT = ${snowflakeString(comment)}`;
}

function grantRole(role: string, to: string): string {
  return `GRANT ROLE ${role} TO ROLE ${to}`;
}

function createWarehouse(name: string, comment: string): string {
  return (
    `CREATE WAREHOUSE IF NOT EXISTS ${name} WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE` +
    ` INITIALLY_SUSPENDED = TRUE COMMENT = ${snowflakeString(comment)}`
  );
}

/** One virtual warehouse may serve several uses. */
function distinct(names: string[]): string[] {
  return [...new Set(names)];
}
