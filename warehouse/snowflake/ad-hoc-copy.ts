import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { SnowflakeSettings } from '../../contracts/snowflake-settings';
import type { AdHocCopy } from '../warehouse';
import type { SnowflakeConnection } from './connection';
import { unquoted } from './database-names';
import { dbtEnvironment } from './dbt-environment';
import { hasDatabase, type SnowflakeStore } from './publications';
import { entryIn } from './publishing';
import { statementTag } from './statement-tag';

/** A person's own zero-copy clone of what readers open. What it is a copy of stands in the clone itself. */
export async function adHocCopy(
  { account, names, stateDir }: SnowflakeStore,
  settings: SnowflakeSettings,
  person: string,
): Promise<AdHocCopy> {
  const database = names.adHoc(person);
  const entry = await account.withConnection(statementTag('copy for dbt'), 'transform', async (connection) => {
    const shown = await entryOf(connection, names.shown);
    if (shown === undefined) {
      await connection.run(`create transient database if not exists ${database}`);
    } else if ((await entryOf(connection, database)) !== shown) {
      await connection.run(`create or replace transient database ${database} clone ${names.shown}`);
    }
    return entryOf(connection, database);
  });
  const folder = path.join(stateDir, 'snowflake', 'dbt', 'adhoc');
  await mkdir(folder, { recursive: true });
  return {
    copyOf: entry === undefined ? undefined : String(entry),
    place: `the database ${unquoted(database)}`,
    folder,
    environment: dbtEnvironment(settings, database, 'dbt by hand'),
  };
}

async function entryOf(connection: SnowflakeConnection, database: string): Promise<number | undefined> {
  return (await hasDatabase(connection, database)) ? entryIn(connection, database) : undefined;
}
