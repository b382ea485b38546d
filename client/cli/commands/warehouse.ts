import type { Command } from 'commander';
import { Option } from 'commander';
import { z } from 'zod';
import { loadAdminSettings, loadSnowflakeNames } from '../../../contracts/snowflake-settings';
import {
  accountSetup,
  applySetup,
  DEFAULT_CREDITS,
  setupScript,
  type SetupStep,
} from '../../../warehouse/snowflake/account-setup';
import { SnowflakeAccount } from '../../../warehouse/snowflake/connection';
import { readPublicKey } from '../../../warehouse/snowflake/public-key';
import { CommandFailure, EXIT } from '../failures';
import { asNumber } from '../options';
import { colors, plural, visible } from '../print';

interface SetupOptions {
  print?: boolean;
  apply?: boolean;
  publicKey?: string;
  creditQuota?: number;
  connection?: string;
  json?: boolean;
}

const creditQuota = z.number().min(1).max(1_000_000);

/** `mfg warehouse …`: what an administrator does once on an account. */
export function addWarehouse(program: Command): void {
  const warehouse = program
    .command('warehouse')
    .summary('set up a Snowflake account')
    .description('A Snowflake account for the platform.');
  warehouse
    .command('setup')
    .summary('databases, virtual warehouses, roles, service user')
    .description(
      'Makes what the platform needs on a Snowflake account: databases, virtual warehouses with a resource monitor, roles, a stage and a service user with key-pair login. It may be repeated: what is there stays.',
    )
    .addOption(new Option('--print', 'print the SQL, in sections for the roles that run them').conflicts('apply'))
    .option('--apply', 'run it as the user of the SNOWFLAKE_ variables, who has the administrators’ roles')
    .option('--public-key <file>', 'RSA public key (PEM) of the service user; exchanged when it has another')
    .option(
      '--credit-quota <number>',
      `credits a month for all three virtual warehouses, which are suspended beyond; default: what is set, ${DEFAULT_CREDITS} at first`,
      asNumber(creditQuota),
    )
    .option('--connection <name>', 'log in by this section of connections.toml alone, not by the variables')
    .option('--json', 'print JSON: the sections, or the steps that were taken')
    .addHelpText(
      'after',
      `
Examples:
  openssl genrsa 2048 | openssl pkcs8 -topk8 -v2 aes256 -inform PEM -out rsa_key.p8
  openssl rsa -in rsa_key.p8 -pubout -out rsa_key.pub
  npx mfg warehouse setup --print --public-key rsa_key.pub > setup.sql
  npx mfg warehouse setup --apply --public-key rsa_key.pub --connection admin
  npx mfg warehouse setup --apply --connection admin --credit-quota 250

Names begin with MFG_SNOWFLAKE_PREFIX. Needs USERADMIN, SECURITYADMIN, SYSADMIN and ACCOUNTADMIN (which has them all).
Then: SNOWFLAKE_USER=<prefix>_SERVICE and SNOWFLAKE_PRIVATE_KEY_PATH in .env, MFG_WAREHOUSE=snowflake, npx mfg doctor.`,
    )
    .action(setup);
}

async function setup(options: SetupOptions): Promise<void> {
  if (options.print !== true && options.apply !== true) {
    throw new CommandFailure('Say --print to see the SQL, or --apply to run it.', EXIT.usage);
  }
  const publicKey = options.publicKey === undefined ? undefined : readPublicKey(options.publicKey);
  const sections = accountSetup({ names: loadSnowflakeNames(), creditQuota: options.creditQuota, publicKey });
  if (options.print) {
    console.log(options.json ? JSON.stringify(sections, null, 2) : setupScript(sections).trimEnd());
    return;
  }
  const steps: SetupStep[] = [];
  const account = new SnowflakeAccount(loadAdminSettings(options.connection), { maxConnections: 1, isAttended: true });
  try {
    await account.withConnection({ command: 'mfg warehouse setup' }, 'none', (connection) =>
      applySetup(connection, sections, (step) => {
        steps.push(step);
        if (!options.json) console.log(lineOf(step));
      }),
    );
  } catch (error) {
    const { role, statement } = nextOf(sections, steps.length);
    console.error(`Stopped at, as ${role}: ${statement}`);
    throw error;
  } finally {
    await account.close();
  }
  if (options.json) console.log(JSON.stringify(steps, null, 2));
  else console.log(`${plural(steps.length, 'statement')} done; repeating them changes nothing.`);
}

function lineOf({ statement, status }: SetupStep): string {
  const shown = statement.length > SHOWN ? `${statement.slice(0, SHOWN)}…` : statement;
  return `${colors.green('✓')} ${visible(shown)}: ${colors.dim(visible(status))}`;
}

/** Characters of a statement that say what it is. */
const SHOWN = 90;

function nextOf(sections: ReturnType<typeof accountSetup>, done: number): { role: string; statement: string } {
  const all = sections.flatMap(({ role, statements }) => statements.map((statement) => ({ role, statement })));
  return all[done] ?? { role: 'nobody', statement: 'the end' };
}
