import type { SnowflakeSettings } from '../../contracts/snowflake-settings';
import { unquoted } from './database-names';
import { statementTag } from './statement-tag';

/**
 * What dbt's profile reads from the environment to build into a database (quoted): the login and the database's name. It goes to
 * the dbt process alone; secrets are not written anywhere.
 *
 * @param node what of the platform its statements are tagged as.
 */
export function dbtEnvironment(settings: SnowflakeSettings, database: string, node: string): Record<string, string> {
  const { host, port } = settings;
  const given = {
    SNOWFLAKE_ACCOUNT: settings.account,
    SNOWFLAKE_USER: settings.user,
    SNOWFLAKE_ROLE: settings.role,
    SNOWFLAKE_AUTHENTICATOR: settings.authenticator,
    SNOWFLAKE_PRIVATE_KEY_PATH: settings.privateKeyPath,
    SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: settings.privateKeyPassphrase,
    SNOWFLAKE_PASSWORD: settings.password,
    SNOWFLAKE_TOKEN: settings.token,
    SNOWFLAKE_HOST: host,
    SNOWFLAKE_PORT: port === undefined ? undefined : String(port),
    SNOWFLAKE_PROTOCOL: settings.protocol,
    MFG_SNOWFLAKE_TRANSFORM_WAREHOUSE: settings.names.warehouses.transform,
    MFG_DBT_DATABASE: unquoted(database),
    MFG_QUERY_TAG: JSON.stringify(statementTag(node)),
  };
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
