import type { RetentionResult, RetentionRules } from '../../contracts/run';
import type { JsonRow } from '../../duckdb/connection';
import { SnowflakeAccount } from '../../warehouse/snowflake/connection';
import { databaseNames, type DatabaseNames } from '../../warehouse/snowflake/database-names';
import { closeAfterTests } from './scratch';
import type { Peer } from './snowflake-peer';
import { peerSettings, snowflakeUnderTest } from './snowflake-under-test';
import { MATERIALS, WarehouseBench } from './warehouse-bench';

/** Keeps the newest publication, and nothing for longer than it must. */
const RULES: RetentionRules = { keepPublications: 1, keepDays: 0, graceHours: 0, dryRun: false };

/** The bench on a Snowflake peer, with a look at its databases and tables past the warehouse. */
export class SnowflakeBench extends WarehouseBench {
  readonly names: DatabaseNames;
  private readonly account: SnowflakeAccount;

  constructor(
    peer: Pick<Peer, 'port'>,
    /** Of its databases' names: no other platform on the peer has it. */
    readonly prefix: string,
  ) {
    const settings = peerSettings(peer, prefix);
    super((stateDir) => snowflakeUnderTest(settings, stateDir, 0));
    this.names = databaseNames(settings.names);
    this.account = new SnowflakeAccount(settings);
    closeAfterTests(() => this.account.close());
  }

  /** Publishes a day's materials: one row and one rejected record. */
  async day(date: string, quantity: string): Promise<number> {
    this.deliver(`${date}/materials.csv`, `${MATERIALS}m1,steel,${quantity}\nbad\n`);
    return this.run(date);
  }

  retain(rules: Partial<RetentionRules> = {}): Promise<RetentionResult> {
    return this.warehouse.retain({ ...RULES, ...rules });
  }

  /** Runs statements in the store's database; `raw` is its schema. */
  async change(...statements: string[]): Promise<void> {
    await this.sql(statements);
  }

  /** The rows of a statement in the store's database. */
  async look(statement: string): Promise<JsonRow[]> {
    return this.sql([statement]);
  }

  /** Databases of data sets and what stands beside them, without the prefix. */
  async databases(): Promise<string[]> {
    const rows = await this.look(`show databases like '${this.names.pattern}'`);
    const names = rows.map((row) => String(row.name).slice(this.prefix.length + 1));
    return names.filter((name) => name !== 'STORE').sort();
  }

  /** `_LOAD_SEQ`s that have rows, and those that have rejected records. */
  async loadSeqs(): Promise<{ rows: number[]; rejects: number[] }> {
    const of = async (table: string) =>
      (await this.look(`select distinct _load_seq as n from raw.${table} order by 1`)).map((row) => Number(row.n));
    return { rows: await of('materials_run'), rejects: await of('rejected_record') };
  }

  private async sql(statements: string[]): Promise<JsonRow[]> {
    return this.account.withConnection({ node: 'test' }, 'none', async (connection) => {
      let rows: JsonRow[] = [];
      for (const statement of statements) {
        // CREATE DATABASE goes there.
        await connection.run(`use schema ${this.names.store}."PLATFORM"`);
        rows = await connection.rows(statement);
      }
      return rows;
    });
  }
}
