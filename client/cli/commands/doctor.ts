import type { Command } from 'commander';
import { loadConfig, type Config } from '../../../contracts/config';
import { checkAlerts } from '../../doctor/alerts';
import { checkDuckDb } from '../../doctor/duckdb';
import { checkEnvironment } from '../../doctor/environment';
import { examine, sentences, type Check, type Finding, type Verdict } from '../../doctor/finding';
import { checkDbtProject, checkInstallation } from '../../doctor/installation';
import { checkSnowflake } from '../../doctor/snowflake';
import { checkSources } from '../../doctor/sources';
import { checkTemporal } from '../../doctor/temporal';
import { CommandFailure } from '../failures';
import { colors, plural, visible } from '../print';

/** `mfg doctor`: is everything there that the platform needs, from a user's seat? */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('is everything there, and how to mend what is not')
    .description(
      'Checks what the platform needs, from where you sit: installation, .env, source folder and contracts, the dbt project, Temporal with a worker, the warehouse with its rights. It starts nothing, and removes what it writes to try.',
    )
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Examples:
  npx mfg doctor
  MFG_WAREHOUSE=snowflake npx mfg doctor     as if it were configured
  npx mfg doctor --json | jq '.findings[] | select(.verdict != "ok")'

Exit code 0 when the platform is usable (! is worth a look), 1 when something is missing (✗).`,
    )
    .action(doctor);
}

async function doctor(options: { json?: true }): Promise<void> {
  const findings: Finding[] = [];
  await examine(checks(), (finding) => {
    findings.push(finding);
    if (!options.json) console.log(lineOf(finding));
  });
  const failed = findings.filter(({ verdict }) => verdict === 'failed').length;
  if (options.json) console.log(JSON.stringify({ usable: failed === 0, findings }, null, 2));
  else if (failed === 0) console.log('\nThe platform is usable.');
  if (failed > 0) throw new CommandFailure(options.json ? '' : `\n${plural(failed, 'check')} failed.`);
}

/** Without a valid configuration nothing else can be looked at. */
function checks(): [string, Check][] {
  const environment: [string, Check] = ['environment', checkEnvironment()];
  let config: Config;
  try {
    config = loadConfig();
  } catch (error) {
    return [environment, ['configuration', async (tell) => tell.failed('configuration', ...sentences(error))]];
  }
  return [
    environment,
    ['configuration', async (tell) => tell.ok('configuration', `valid; warehouse ${config.warehouse}`)],
    ['installation', checkInstallation(config.warehouse)],
    ['sources', checkSources(config)],
    ['dbt project', checkDbtProject(config)],
    ['Temporal', checkTemporal(config)],
    ['alerts', checkAlerts(config)],
    ['warehouse', config.warehouse === 'snowflake' ? checkSnowflake() : checkDuckDb(config)],
  ];
}

const MARKS: Record<Verdict, string> = {
  ok: colors.green('✓'),
  warning: colors.yellow('!'),
  failed: colors.red('✗'),
};

function lineOf({ check, verdict, detail, remedy }: Finding): string {
  const advice = remedy === undefined ? '' : `\n  ${colors.dim('→')} ${visible(remedy)}`;
  return `${MARKS[verdict]} ${colors.bold(check)}: ${visible(detail)}${advice}`;
}
